import assert from 'node:assert/strict';
import test from 'node:test';

import { lutTable, prepare, sigmoidTable } from '../../frontend/src/viewer/display.js';
import { pixelToWorld } from '../../frontend/src/viewer/geometry.js';
import { commonZoom, edgeLetters, flipsFor, letters } from '../../frontend/src/viewer/hanging.js';
import { imageId, nearness, openingSeries, outward, placeOf } from '../../frontend/src/viewer/stacks.js';

test('chest walls meet in the middle: the right breast has its back at its right edge', () => {
  assert.equal(flipsFor('R', 'MLO', ['P', 'FL']).flipHorizontal, false);
  assert.equal(flipsFor('R', 'MLO', ['A', 'FL']).flipHorizontal, true);
  assert.equal(flipsFor('L', 'CC', 'A\\R').flipHorizontal, false);
  assert.equal(flipsFor('L', 'CC', 'P\\R').flipHorizontal, true);
});

test('the head is up in an MLO view, the outer side in a CC view', () => {
  assert.equal(flipsFor('R', 'MLO', ['P', 'HR']).flipVertical, true);
  assert.equal(flipsFor('R', 'CC', ['P', 'R']).flipVertical, true);
  assert.equal(flipsFor('R', 'CC', ['P', 'L']).flipVertical, false);
  assert.equal(flipsFor('L', 'CC', ['A', 'L']).flipVertical, true);
});

test('nothing is flipped where the file gives no orientation', () => {
  assert.deepEqual(flipsFor('R', 'CC', undefined), { flipHorizontal: false, flipVertical: false });
});

test('the one scale is that at which every film still fits its pane, by height or by width', () => {
  const size = { width: 100, height: 100 };
  const shown = (...extents) => extents.map(([width, height]) => ({ extent: { width, height }, size }));
  assert.equal(commonZoom(shown([100, 200], [50, 180])), 0.5);
  assert.equal(commonZoom(shown([400, 200])), 0.25);
  assert.equal(commonZoom([]), null);
});

test('edge letters follow the cosines, and turn round with a flip', () => {
  const plane = { rowCosines: [1, 0, 0], columnCosines: [0, 1, 0] };
  assert.deepEqual(edgeLetters(plane), { left: 'R', right: 'L', top: 'A', bottom: 'P' });
  assert.equal(edgeLetters({ ...plane, flipHorizontal: true }).left, 'L');
  assert.equal(letters([0, 0.948, -0.317]), 'PF');
});

test('an image without any orientation has no letters rather than guessed ones', () => {
  assert.deepEqual(edgeLetters({}), { left: '', right: '', top: '', bottom: '' });
});

test('frames are addressed from 1 and only where there are several', () => {
  assert.equal(imageId({ url: '/a/', frames: 1, frame: 1 }), 'wadouri:/a/');
  assert.equal(imageId({ url: '/a/', frames: 3, frame: 2 }), 'wadouri:/a/?frame=2');
  assert.equal(imageId({ url: '/a/?site=n', frames: 3, frame: 2 }), 'wadouri:/a/?site=n&frame=2');
});

const series = [
  { uid: '1', images: [{ sop_uid: 'x', frame: 1 }] },
  { uid: '2', images: [{ sop_uid: 'a', frame: 1 }, { sop_uid: 'a', frame: 2 }] },
];

test('a finding is found by image and frame, and one without its image nowhere', () => {
  assert.deepEqual(placeOf({ sop_uid: 'a', frame: 2 }, series), { series: 1, index: 1 });
  assert.equal(placeOf({ sop_uid: 'gone', frame: 1 }, series), null);
  assert.equal(placeOf(undefined, series), null);
});

test('the study opens at the series of its first finding, else at the longest', () => {
  assert.equal(openingSeries(series, [{ series_uid: '1' }]), 0);
  assert.equal(openingSeries(series, []), 1);
});

test('a mark reaches the neighbouring slices its size reaches, no further', () => {
  const finding = { sop_uid: 'a', frame: 1, size_mm: 8 };
  const own = { sop_uid: 'a', frame: 1, position_z: 100 };
  assert.equal(nearness(finding, own, own), 'own');
  assert.equal(nearness(finding, { sop_uid: 'b', frame: 1, position_z: 104 }, own), 'near');
  assert.equal(nearness(finding, { sop_uid: 'c', frame: 1, position_z: 105 }, own), null);
  assert.equal(nearness(finding, { sop_uid: 'd', frame: 1, position_z: null }, own), null);
});

test('slices are fetched ahead nearest first and each once', () => {
  assert.deepEqual(outward(1, 5), [2, 0, 3, 4]);
});

test('the corner of the first pixel lies half a pixel outside its centre on the GPU', () => {
  const data = { origin: [10, 20, 5], spacing: [2, 4, 1], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  assert.deepEqual(pixelToWorld(data, 0, 0, false), [9, 18, 5]);
  assert.deepEqual(pixelToWorld(data, 0, 0, true), [10, 20, 5]);
});

const picture = (values, more) => ({
  minPixelValue: Math.min(...values),
  maxPixelValue: Math.max(...values),
  getPixelData() {
    return this.values;
  },
  values: Uint16Array.from(values),
  ...more,
});

test('a sigmoid is half grey at its centre and never falls', () => {
  const table = sigmoidTable(0, 4095, 2000, 800);
  assert.ok(Math.abs(table[2000] - 4095 / 2) <= 1);
  assert.ok(table.every((value, at) => at === 0 || value >= table[at - 1]));
});

test("a file that asks for the sigmoid gets it in its pixels, by the function's first letter too", () => {
  const image = picture([0, 2000, 4000], { voiLUTFunction: 'S', windowCenter: [2000, 1], windowWidth: [800, 1] });
  assert.equal(prepare(image), true);
  assert.deepEqual([...image.values].map((v) => Math.round(v / 1000)), [0, 2, 4]);
  assert.deepEqual([image.windowWidth, image.windowCenter, image.voiLUTFunction], [4096, 2048, 'LINEAR']);
});

test('a plain window is left alone, and a hostile one replaced by the range of the pixels', () => {
  const plain = picture([0, 100], { windowCenter: 40, windowWidth: 80 });
  assert.equal(prepare(plain), false);
  assert.deepEqual([plain.windowCenter, plain.windowWidth], [40, 80]);
  const hostile = picture([0, 100], { windowCenter: NaN, windowWidth: 0 });
  prepare(hostile);
  assert.deepEqual([hostile.windowCenter, hostile.windowWidth], [50.5, 101]);
});

test('a table without a window is applied to the pixels; beside a window it is left out', () => {
  const voiLUT = { firstValueMapped: 10, lut: [0, 50, 255] };
  const image = picture([5, 11, 99], { voiLUT });
  assert.equal(prepare(image), true);
  assert.deepEqual([...image.values], [0, 50, 255]);
  const both = picture([5, 11], { voiLUT, windowCenter: 8, windowWidth: 6 });
  assert.equal(prepare(both), false);
  assert.equal(both.voiLUT, undefined);
  assert.deepEqual([...lutTable(9, 13, voiLUT)], [0, 0, 50, 255, 255]);
});
