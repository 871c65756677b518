import assert from 'node:assert/strict';
import test from 'node:test';

import {
  EMPTY,
  cutPlane,
  frameOf,
  planeOf,
  planeSize,
  planeToVoxel,
  slabRange,
  voxelToPlane,
  voxelToWorld,
  worldToVoxel,
} from '../../frontend/src/viewer/reformat.js';

const near = (a, b, within = 1e-9) => a.forEach((value, at) => assert.ok(Math.abs(value - b[at]) <= within, `${a} is not ${b}`));

/** An axial stack, head first: 4 columns, 3 rows, 2 slices; a value says where it lies: 100 k + 10 j + i. */
const axial = { origin: [-10, -20, 50], step: [0, 0, -2.5], row: [1, 0, 0], column: [0, 1, 0], spacing: [0.8, 0.5] };
const size = { rows: 3, columns: 4, count: 2 };
const numbered = (k) => Int16Array.from({ length: 12 }, (_, at) => 100 * k + 10 * Math.floor(at / 4) + (at % 4));

function volume(geometry = axial, slices = [numbered(0), numbered(1)]) {
  const count = slices.length;
  return { frame: frameOf(geometry, { ...size, count }), slices, columns: 4, rows: 3 };
}

function plane(name, range, of = volume()) {
  const lies = planeOf(of.frame, name);
  const [width, height] = planeSize(of.frame, lies);
  const out = cutPlane(of, lies, range, new Float32Array(width * height));
  return Array.from({ length: height }, (_, y) => [...out.slice(y * width, (y + 1) * width)]);
}

test('a frame says where its voxels lie, both ways', () => {
  const { frame } = volume();
  assert.deepEqual([frame.dims, frame.spacing], [[4, 3, 2], [0.5, 0.8, 2.5]]);
  near(voxelToWorld(frame, [2, 1, 1]), [-9, -19.2, 47.5]);
  near(worldToVoxel(frame, [-9, -19.2, 47.5]), [2, 1, 1]);
});

test('the axial plane is the slice itself', () => {
  assert.deepEqual(plane('axial', [1, 2]), [[100, 101, 102, 103], [110, 111, 112, 113], [120, 121, 122, 123]]);
});

test("a coronal plane has the head up and the patient's right at the left", () => {
  assert.deepEqual(plane('coronal', [1, 2]), [[10, 11, 12, 13], [110, 111, 112, 113]]);
  assert.deepEqual(planeOf(volume().frame, 'coronal').letters, { left: 'R', right: 'L', top: 'H', bottom: 'F' });
});

test('a sagittal plane has the head up and the face at the left', () => {
  assert.deepEqual(plane('sagittal', [3, 4]), [[3, 13, 23], [103, 113, 123]]);
  assert.deepEqual(planeOf(volume().frame, 'sagittal').letters, { left: 'A', right: 'P', top: 'H', bottom: 'F' });
});

test('a stack read from the feet gives the same coronal plane', () => {
  const fromFeet = { ...axial, origin: [-10, -20, 47.5], step: [0, 0, 2.5] };
  assert.deepEqual(plane('coronal', [1, 2], volume(fromFeet, [numbered(1), numbered(0)])), plane('coronal', [1, 2]));
});

test('a patient who lies on the face is shown as everybody else', () => {
  const prone = { ...axial, origin: [-8.5, -18.4, 50], row: [-1, 0, 0], column: [0, -1, 0] };
  const turned = (k) => numbered(k).reverse();
  const lies = volume(prone, [turned(0), turned(1)]);
  for (const [name, theirs, ours] of [
    ['axial', [1, 2], [1, 2]],
    ['coronal', [1, 2], [1, 2]],
    ['sagittal', [2, 3], [1, 2]],
  ]) {
    assert.deepEqual(plane(name, theirs, lies), plane(name, ours));
  }
});

test('a stack made from the side gives an axial plane too', () => {
  const sagittal = { origin: [5, -20, 50], step: [2, 0, 0], row: [0, 1, 0], column: [0, 0, -1], spacing: [1, 1] };
  const lies = volume(sagittal);
  const { u, v, w, letters } = planeOf(lies.frame, 'axial');
  assert.deepEqual([u, v, w], [{ axis: 2, flip: false }, { axis: 0, flip: false }, 1]);
  assert.deepEqual(letters, { left: 'R', right: 'L', top: 'A', bottom: 'P' });
  assert.deepEqual(plane('axial', [2, 3], lies), [[20, 120], [21, 121], [22, 122], [23, 123]]);
});

test('the greatest value across a slab is taken, voxel by voxel', () => {
  const [low, high] = [Int16Array.from({ length: 12 }, () => -900), Int16Array.from({ length: 12 }, () => -900)];
  low[5] = 40;
  high[6] = 60;
  const of = volume(axial, [low, high, numbered(0).fill(-1000)]);
  assert.deepEqual(plane('axial', [0, 3], of), [[-900, -900, -900, -900], [-900, 40, 60, -900], [-900, -900, -900, -900]]);
  assert.deepEqual(plane('coronal', [0, 3], of), [[-900, 40, -900, -900], [-900, -900, 60, -900], [-1000, -1000, -1000, -1000]]);
});

test('a slab is as thick as asked, in whole slices, and ends at the volume', () => {
  const { frame } = volume(axial, Array.from({ length: 40 }, () => numbered(0)));
  assert.deepEqual(slabRange(frame, 2, 20, 10), [19, 23]);
  assert.deepEqual(slabRange(frame, 2, 20, 0), [20, 21]);
  assert.deepEqual(slabRange(frame, 2, 0, 10), [0, 3]);
  assert.deepEqual(slabRange(frame, 2, 39, 10), [38, 40]);
});

test('a slice that is not there leaves its place empty', () => {
  assert.deepEqual(plane('coronal', [0, 1], volume(axial, [null, numbered(1)])), [Array(4).fill(EMPTY), [100, 101, 102, 103]]);
});

test("a tilted gantry's slices are moved to where they lie", () => {
  // The table moves 2.5 mm straight up while the slices lean: 0.8 mm, one row, from slice to slice.
  const lean = Math.asin(0.8 / 2.5);
  const tilted = { ...axial, column: [0, Math.cos(lean), Math.sin(lean)], step: [0, 0, -2.5] };
  const { frame } = volume(tilted, [numbered(0), numbered(1), numbered(2)]);
  assert.deepEqual(frame.dims, [4, 5, 3]);
  assert.deepEqual([...frame.shift[1]], [2, 1, 0]);
  // The centre of pixel (0, 0) of slice 1 lies one step from that of slice 0.
  near(voxelToWorld(frame, [0, 1, 1]), [-10, -20, 47.5]);
  assert.deepEqual(plane('sagittal', [0, 1], volume(tilted, [numbered(0), numbered(1), numbered(2)])), [
    [EMPTY, EMPTY, 0, 10, 20],
    [EMPTY, 100, 110, 120, EMPTY],
    [200, 210, 220, EMPTY, EMPTY],
  ]);
});

test('a place in a plane is a voxel, and the same place again', () => {
  const { frame } = volume({ ...axial, step: [0, 0, 2.5] });
  for (const name of ['axial', 'coronal', 'sagittal', 'stack']) {
    const lies = planeOf(frame, name);
    near(planeToVoxel(frame, lies, voxelToPlane(frame, lies, [3, 2, 1]), [3, 2, 1][lies.w]), [3, 2, 1]);
  }
  assert.deepEqual(voxelToPlane(frame, planeOf(frame, 'coronal'), [0, 0, 1]), [0.5, 0.5]);
});
