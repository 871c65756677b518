/** Labels over an image: none lies on another, and each stays as near to its mark as it can. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { layLabels, leader, overlap } from '../../frontend/src/viewer/labels.js';

const PANE = { width: 800, height: 600 };
const label = (x, y, more = {}) => ({ want: [x, y], width: 90, height: 20, ...more });

function none(boxes, taken = []) {
  const all = [...boxes, ...taken];
  boxes.forEach((one, at) => all.forEach((other, each) => assert.ok(at === each || !overlap(one, other), `${at} lies on ${each}`)));
  boxes.forEach(({ x, y, width, height }) => assert.ok(x >= 0 && y >= 0 && x + width <= PANE.width && y + height <= PANE.height));
}

test('a label that is alone stands where it wants to', () => {
  assert.deepEqual(layLabels([label(100, 100)], PANE), [{ x: 100, y: 100, width: 90, height: 20, moved: false }]);
});

test('of two in one place the second takes its other side before it goes anywhere else', () => {
  const [first, second] = layLabels([label(100, 100), label(110, 105, { also: [[300, 105]] })], PANE);
  none([first, second]);
  assert.deepEqual([first.x, second.x, second.moved], [100, 300, false]);
});

test('without another side it gives way by no more than it must, and is tied to its mark', () => {
  const [first, second] = layLabels([label(100, 100), label(100, 102)], PANE);
  none([first, second]);
  assert.ok(second.moved && Math.hypot(second.x - 100, second.y - 102) <= 48);
  const { x1, y1, x2, y2 } = leader(second, [95, 110]);
  assert.deepEqual([x2, y2], [95, 110]);
  assert.ok(x1 >= second.x && x1 <= second.x + 90 && y1 >= second.y && y1 <= second.y + 20);
});

test('the figure of a measure stays where it is, and the label of a finding goes', () => {
  const figure = { x: 90, y: 90, width: 120, height: 34 };
  const boxes = layLabels([label(100, 100)], PANE, [figure]);
  none(boxes, [figure]);
  assert.equal(boxes[0].moved, true);
});

test('thirty findings in a heap, at an edge and in a corner all keep their labels apart', () => {
  for (const [x, y, spread] of [[400, 300, 60], [790, 300, 30], [795, 595, 20], [0, 0, 10]]) {
    const heap = Array.from({ length: 30 }, (_, at) => label(x + ((at * 37) % spread), y + ((at * 53) % spread)));
    none(layLabels(heap, PANE, [{ x: 380, y: 280, width: 60, height: 40 }]));
  }
});

test('where there is no room left a label stands where it wants to', () => {
  const full = [{ x: 0, y: 0, width: 800, height: 600 }];
  assert.deepEqual(layLabels([label(100, 100)], PANE, full)[0], { x: 100, y: 100, width: 90, height: 20, moved: false });
});
