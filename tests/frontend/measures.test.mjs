import assert from 'node:assert/strict';
import test from 'node:test';

import { pixelToWorld } from '../../frontend/src/viewer/geometry.js';
import { linesFor } from '../../frontend/src/viewer/measure-text.js';
import { angle, distance, ellipse, rectangle, scaleOf, statistics, worldToPixel } from '../../frontend/src/viewer/measures.js';
import { cut, paintColours, paintGreys } from '../../frontend/src/viewer/paint.js';
import { rulerFor } from '../../frontend/src/viewer/ruler.js';
import { turnedLetters, turnOf } from '../../frontend/src/viewer/turning.js';
import { words } from '../../frontend/src/lib/words.js';

const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);
const say = words({
  at_detector: '{length} at the detector',
  roi_mean: 'Mean {mean} · SD {sd}',
  roi_range: '{min} to {max}',
});
const inPatient = scaleOf({ spacing: [0.5, 0.5], spacing_at: 'patient' });

test('pixels become world positions and the same pixels again, with both renderers', () => {
  const data = { origin: [-10, 20, 5], spacing: [2, 4, 1], direction: [0, 1, 0, 0, 0, -1, 1, 0, 0] };
  for (const cpu of [true, false]) assert.deepEqual(worldToPixel(data, pixelToWorld(data, 7.5, 3, cpu), cpu), [7.5, 3]);
});

test('a pixel has a size only where the file gives one, and says in which plane it holds', () => {
  assert.deepEqual(scaleOf({ spacing: null, spacing_at: '' }), { x: 1, y: 1, unit: 'px', at: '' });
  assert.deepEqual(scaleOf({ spacing: [0.1, 0.2], spacing_at: 'detector' }), { x: 0.2, y: 0.1, unit: 'mm', at: 'detector' });
});

test('lengths and angles follow pixels that are not square', () => {
  const scale = scaleOf({ spacing: [2, 1], spacing_at: 'patient' });
  near(distance([0, 0], [3, 2], scale), 5);
  near(angle([[1, 0], [0, 0], [0, 1]], scale), 90);
  near(angle([[2, 0], [0, 0], [2, 1]], scale), 45);
  assert.equal(angle([[0, 0], [0, 0], [0, 1]], scale), null);
});

test('the mean and deviation of a rectangle are those worked out by hand', () => {
  // Of a 4 × 3 image the middle 2 × 2: 5, 6, 9, 10: mean 7.5, squares 6.25 + 2.25 + 2.25 + 6.25, a quarter of it 4.25.
  const pixels = Int16Array.from({ length: 12 }, (_, at) => at);
  const area = rectangle([[1, 1], [3, 1], [1, 3], [3, 3]], inPatient);
  const found = statistics(pixels, 4, 3, area);
  assert.deepEqual([found.count, found.mean, found.min, found.max], [4, 7.5, 5, 10]);
  near(found.sd, Math.sqrt(4.25));
  near(area.area, 1);
});

test('an ellipse holds the pixels whose centres lie in it, turned or not', () => {
  const values = Int16Array.from({ length: 100 }, (_, at) => (at % 10) * 10);
  const upright = ellipse([[5, 8], [5, 2], [1, 5], [9, 5]], inPatient);
  near(upright.area, Math.PI * 2 * 1.5);
  near(statistics(values, 10, 10, upright).mean, 45);
  assert.ok(upright.holds(1.5, 5) && !upright.holds(1.5, 3));
  const turned = ellipse([[9, 5], [1, 5], [5, 2], [5, 8]], inPatient);
  assert.equal(statistics(values, 10, 10, turned).count, statistics(values, 10, 10, upright).count);
});

test('what lies outside the image counts for nothing', () => {
  const area = rectangle([[-5, -5], [1, -5], [-5, 1], [1, 1]], inPatient);
  assert.equal(statistics(Int16Array.from([7, 8, 9, 10]), 2, 2, area).count, 1);
  const beyond = rectangle([[5, 5], [6, 5], [5, 6], [6, 6]], inPatient);
  assert.equal(statistics(Int16Array.from([7, 8, 9, 10]), 2, 2, beyond), null);
});

test('a measure says Hounsfield units, plain values or none, and true units of length', () => {
  const pixels = Int16Array.from({ length: 16 }, () => -850);
  const points = [[0, 0], [4, 0], [0, 4], [4, 4]];
  const values = { pixels, columns: 4, rows: 4, unit: 'HU' };
  const whole = linesFor('RectangleROI', { points, scale: inPatient, values, say });
  assert.deepEqual(whole, ['Mean −850.0 HU · SD 0.0', '4.0 mm²', '−850 to −850 HU']);
  assert.deepEqual(linesFor('RectangleROI', { points, scale: inPatient, values: null, say }), ['4.0 mm²']);
  assert.deepEqual(linesFor('Probe', { points: [[3.9, 0]], scale: inPatient, values, say }), ['−850 HU']);
  assert.deepEqual(linesFor('Probe', { points: [[4, 0]], scale: inPatient, values, say }), []);
  const film = scaleOf({ spacing: [0.1, 0.1], spacing_at: 'detector' });
  assert.deepEqual(linesFor('Length', { points: [[0, 0], [30, 40]], scale: film, say }), ['5.0 mm at the detector']);
  assert.deepEqual(linesFor('Length', { points: [[0, 0], [30, 40]], scale: scaleOf({}), say }), ['50 px']);
  const axes = [[0, 0], [0, 10], [0, 0], [20, 0]];
  assert.deepEqual(linesFor('Bidirectional', { points: axes, scale: inPatient, say }), ['10.0 × 5.0 mm']);
});

test('letters go where the axes of the image go', () => {
  const stored = { left: 'R', right: 'L', top: 'A', bottom: 'P' };
  const axes = (across, down) => ({ across, down });
  assert.deepEqual(turnedLetters(stored, axes([2, 0], [0, 2])), stored);
  const clockwise = turnedLetters(stored, axes([0, 2], [-2, 0]));
  assert.deepEqual(clockwise, { left: 'P', right: 'A', top: 'R', bottom: 'L' });
  assert.equal(turnedLetters(stored, axes([-2, 0], [0, 2])).left, 'L');
  assert.deepEqual(turnOf(axes([0, 2], [-2, 0])), { degrees: 90, mirrored: false });
  assert.deepEqual(turnOf(axes([-1, 0], [0, 1])), { degrees: 180, mirrored: true });
});

test('the ruler is a round length that fits, whatever the zoom', () => {
  assert.deepEqual(rulerFor(2, 240), { mm: 100, pixels: 200, marks: 5 });
  assert.deepEqual(rulerFor(4, 240), { mm: 50, pixels: 200, marks: 5 });
  assert.deepEqual(rulerFor(10, 240), { mm: 20, pixels: 200, marks: 4 });
  assert.equal(rulerFor(0, 240), null);
  assert.equal(rulerFor(NaN, 240), null);
});

test('greys run from the lower end of the window to the upper, and the other way round when inverted', () => {
  const out = new Uint32Array(4);
  const grey = () => [...out].map((value) => value & 255);
  paintGreys(out, Int16Array.from([-1000, -600, 150, 3000]), { lower: -1350, upper: 150 });
  assert.deepEqual(grey(), [59, 127, 255, 255]);
  paintGreys(out, Int16Array.from([-1350, -2000, 150, 3000]), { lower: -1350, upper: 150, invert: true });
  assert.deepEqual(grey(), [255, 255, 0, 0]);
});

test('a part of an image is cut by rows, colours kept together', () => {
  assert.deepEqual([...cut(Int16Array.from([0, 1, 2, 3, 4, 5]), 3, [1, 0, 3, 2])], [1, 2, 4, 5]);
  const rgb = cut(Uint8Array.from([1, 2, 3, 4, 5, 6]), 2, [1, 0, 2, 1], 3);
  const out = new Uint32Array(1);
  paintColours(out, rgb, 3);
  assert.equal(out[0] >>> 0, 0xff060504);
});
