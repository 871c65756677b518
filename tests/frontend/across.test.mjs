/** Measures across the slices: their shapes, their words, what of them is the same. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { fill } from '../../frontend/src/lib/words.js';
import { rowPlace, sentenceOf } from '../../frontend/src/report/measure-words.js';
import { sameState, valueOf } from '../../frontend/src/viewer/measure-shapes.js';
import { begun, distanceTo, moved, segments } from '../../frontend/src/viewer/plane-shapes.js';

const MM = { x: 1, y: 1, unit: 'mm', at: '' };
const near = (a, b) => a.flat().forEach((value, at) => assert.ok(Math.abs(value - b.flat()[at]) < 1e-9, `${a} is not ${b}`));

function assertAxes([a, b, c, d]) {
  assert.ok(Math.abs((b[0] - a[0]) * (d[0] - c[0]) + (b[1] - a[1]) * (d[1] - c[1])) < 1e-9, 'the axes are at no right angle');
  const side = (p) => Math.sign((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
  assert.notEqual(side(c), side(d));
}

test('two axes begin at right angles in the middle, the short one half as long', () => {
  const points = begun('bidirectional', [10, 10], [30, 10]);
  near(points, [[10, 10], [30, 10], [20, 5], [20, 15]]);
  assertAxes(points);
  assert.equal(valueOf('bidirectional', points, MM), 20);
});

test('whichever end is moved, they stay at right angles', () => {
  const points = begun('bidirectional', [10, 10], [30, 18]);
  for (const [at, to] of [[0, [2, 40]], [1, [55, 3]], [2, [12, 2]], [3, [29, 60]]]) assertAxes(moved('bidirectional', points, at, to));
  const longer = moved('bidirectional', begun('bidirectional', [10, 10], [30, 10]), 1, [50, 10]);
  near(longer, [[10, 10], [50, 10], [30, 0], [30, 20]]);
  const along = moved('bidirectional', begun('bidirectional', [10, 10], [30, 10]), 3, [25, 12]);
  near(along, [[10, 10], [30, 10], [25, 5], [25, 12]]);
});

test('an end of the short axis does not cross the long one', () => {
  const points = moved('bidirectional', begun('bidirectional', [10, 10], [30, 10]), 3, [20, 2]);
  near(points, [[10, 10], [30, 10], [20, 5], [20, 10]]);
});

test('an angle is worth what lies between its arms', () => {
  const points = moved('angle', begun('angle', [10, 0], [0, 0]), 2, [0, 7]);
  assert.equal(Math.round(valueOf('angle', points, MM)), 90);
  assert.equal(segments('angle', points).length, 2);
  assert.equal(distanceTo([[0, 0], [10, 0]], [13, 4]), 5);
});

const say = (key, values) => fill({ measure_length: 'Length', plane_in_coronal: 'coronal', measure_place_plane: '{plane} plane at {at}', measure_sentence_plane: '{said} (series {series}, {plane} plane at {at}).' }[key] ?? key, values);
const record = {
  tool: 'length',
  series_uid: '1.2',
  sop_uid: '1.2.3',
  frame: 1,
  basis: 'patient',
  text: '',
  points: [],
  plane: { name: 'coronal', points: [[0, -12.34, 5], [30, -12.34, 45]] },
  values: [{ name: 'length', value: 50, unit: 'mm' }],
};

test('its row and its sentence name the plane and where it lies in the patient', () => {
  const series = [{ uid: '1', number: 7, images: [] }, { uid: '1.2', number: 3, images: [{ sop_uid: '1.2.3', frame: 1 }] }];
  assert.equal(rowPlace(record, series, say), 'coronal plane at y −12.3 mm');
  assert.equal(sentenceOf(record, series, say), 'Length 50.0 mm (series 3, coronal plane at y −12.3 mm).');
});

test('moved by a hundredth of a millimetre it is another state', () => {
  const elsewhere = { ...record, plane: { ...record.plane, points: [[0.01, -12.34, 5], [30, -12.34, 45]] } };
  assert.equal(sameState(record, structuredClone(record)), true);
  assert.equal(sameState(record, elsewhere), false);
  assert.equal(sameState(record, { ...record, plane: null }), false);
});
