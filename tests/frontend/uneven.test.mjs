/** Planes across slices that are unevenly far apart, on a drawn ball whose shape is known. */
import assert from 'node:assert/strict';
import test from 'node:test';

import {
  EMPTY,
  cutPlane,
  frameOf,
  heightAt,
  holesIn,
  planeOf,
  planeSize,
  planeToVoxel,
  slabRange,
  sliceAt,
  voxelToPlane,
  voxelToWorld,
  worldToVoxel,
} from '../../frontend/src/viewer/reformat.js';

const near = (a, b, within) => a.forEach((value, at) => assert.ok(Math.abs(value - b[at]) <= within, `${a} is not ${b}`));

const [ROWS, COLUMNS, MM] = [80, 64, 1];
const RADIUS = 20;
// Thin slices below, thick ones above, one step much shorter than all: as an old scanner sends a head.
const THIN_AND_THICK = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 23, 27, 31, 35, 39, 43, 47, 51, 55];

/** A stack of slices `heights` mm along their normal, behind a gantry that leans by `lean`; a ball in its middle. */
function ball({ heights = THIN_AND_THICK, lean = 0, holes = [], fromTop = false } = {}) {
  const [row, column] = [[1, 0, 0], [0, Math.cos(lean), -Math.sin(lean)]];
  const normal = [0, Math.sin(lean), Math.cos(lean)];
  const order = fromTop ? [...heights].reverse() : heights;
  // The table moves straight up, so the slices slide along their columns.
  const places = order.map((height) => [0, -(height - order[0]) * Math.tan(lean), height - order[0]]);
  const origin = [-COLUMNS / 2, -ROWS / 2, 100 + (fromTop ? heights.at(-1) : 0)];
  const geometry = { origin, row, column, spacing: [MM, MM], places, holes, gaps: [1, 4] };
  const world = (place, i, j) =>
    origin.map((at, part) => at + (place[0] + i * MM) * row[part] + (place[1] + j * MM) * column[part] + place[2] * normal[part]);
  const middle = Math.floor(order.length / 2);
  const centre = world([0, places[middle][1], (fromTop ? -1 : 1) * 26], COLUMNS / 2, ROWS / 2);
  const slices = places.map((place) =>
    Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
      const here = world(place, at % COLUMNS, Math.floor(at / COLUMNS));
      return 10 * (RADIUS - Math.hypot(...here.map((part, axis) => part - centre[axis])));
    }),
  );
  const frame = frameOf(geometry, { rows: ROWS, columns: COLUMNS, count: order.length });
  return { frame, slices, rows: ROWS, columns: COLUMNS, centre };
}

/** How wide and high (mm) what is positive stands in a plane through the ball's centre, and where its middle lies. */
function drawn(volume, name) {
  const { frame } = volume;
  const plane = planeOf(frame, name);
  const [width, height] = planeSize(frame, plane);
  const index = Math.round(worldToVoxel(frame, volume.centre)[plane.w]);
  const out = cutPlane(volume, plane, [index, index + 1], new Float32Array(width * height));
  const inside = [];
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) if (out[y * width + x] > 0) inside.push([x, y]);
  const mm = [frame.spacing[plane.u.axis], frame.spacing[plane.v.axis]];
  const ends = [0, 1].map((axis) => inside.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]));
  const size = ends.map(([low, high], axis) => (high - low + 1) * mm[axis]);
  const share = (inside.length * mm[0] * mm[1]) / (Math.PI * RADIUS ** 2);
  const middle = ends.map(([low, high]) => (low + high + 1) / 2);
  // What stands outside the circle around its middle, or is missing inside, as a share of it.
  let wrong = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const far = Math.hypot((x + 0.5 - middle[0]) * mm[0], (y + 0.5 - middle[1]) * mm[1]);
      if (far < RADIUS !== out[y * width + x] > 0) wrong += 1;
    }
  }
  return { wrong: (wrong * mm[0] * mm[1]) / (Math.PI * RADIUS ** 2), size, share, middle, stands: voxelToPlane(frame, plane, worldToVoxel(frame, volume.centre)), mm };
}

for (const [said, asked] of [
  ['thin slices and thick ones', {}],
  ['the same stack from the head down', { fromTop: true }],
  ['a leaning gantry as well', { lean: (18.5 * Math.PI) / 180 }],
  ['a leaning gantry from the head down', { lean: (18.5 * Math.PI) / 180, fromTop: true }],
]) {
  test(`a ball stays a ball, where it is: ${said}`, () => {
    const volume = ball(asked);
    for (const name of ['coronal', 'sagittal']) {
      const { size, share, wrong, middle, stands, mm } = drawn(volume, name);
      near(size, [2 * RADIUS, 2 * RADIUS], 1.5);
      assert.ok(Math.abs(share - 1) < 0.02, `${name}: ${share} of the area`);
      assert.ok(wrong < 0.03, `${name}: ${wrong} beside the circle`);
      near(middle.map((at, axis) => at * mm[axis]), stands.map((at, axis) => at * mm[axis]), 1);
    }
  });
}

test('drawn as if its slices were even, the ball would be none', () => {
  const volume = ball();
  const step = [0, 0, THIN_AND_THICK.at(-1) / (THIN_AND_THICK.length - 1)];
  const even = frameOf({ origin: volume.frame.origin, step, row: [1, 0, 0], column: [0, 1, 0], spacing: [MM, MM] }, { rows: ROWS, columns: COLUMNS, count: THIN_AND_THICK.length });
  const { wrong } = drawn({ ...volume, frame: even }, 'coronal');
  assert.ok(wrong > 0.06, `${wrong} beside the circle`);
});

test('a slice and its height are one, both ways, also beyond the ends', () => {
  const { frame } = ball();
  assert.deepEqual([0, 12, 20].map((k) => heightAt(frame, k)), [0, 23, 55]);
  for (const k of [-0.5, 0, 3.25, 11.5, 12, 19.9, 20.5]) assert.ok(Math.abs(sliceAt(frame, heightAt(frame, k)) - k) < 1e-9);
  near(worldToVoxel(frame, voxelToWorld(frame, [3, 5, 12.5])), [3, 5, 12.5], 1e-9);
  for (const name of ['axial', 'coronal', 'sagittal']) {
    const plane = planeOf(frame, name);
    near(planeToVoxel(frame, plane, voxelToPlane(frame, plane, [3, 2, 13]), [3, 2, 13][plane.w]), [3, 2, 13], 1e-9);
  }
});

test('a line halfway between two slices has the mean of both; the slice itself is untouched', () => {
  const geometry = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], spacing: [1, 1], places: [[0, 0, 0], [0, 0, 2], [0, 0, 6]], holes: [] };
  const slices = [10, 20, 60].map((value) => new Int16Array(4).fill(value));
  const frame = frameOf(geometry, { rows: 2, columns: 2, count: 3 });
  const plane = planeOf(frame, 'coronal');
  const out = cutPlane({ frame, slices, rows: 2, columns: 2 }, plane, [0, 1], new Float32Array(14));
  // The head is up, so the lines run from 6 mm down to 0.
  assert.deepEqual([...out].filter((_value, at) => at % 2 === 0), [60, 50, 40, 30, 20, 15, 10]);
  assert.deepEqual([...cutPlane({ frame, slices: [slices[0], null, slices[2]], rows: 2, columns: 2 }, plane, [0, 1], new Float32Array(14))].map((value) => value === EMPTY), [
    ...[false, false, ...Array(10).fill(true), false, false],
  ]);
});

test('where slices are missing nothing is drawn between them, and the place is told', () => {
  const heights = [0, 1, 2, 3, 8, 9, 10, 11];
  const volume = ball({ heights, holes: [3] });
  const { frame } = volume;
  assert.deepEqual(frame.holes, [[3.5, 7.5]]);
  const plane = planeOf(frame, 'coronal');
  const [width, height] = planeSize(frame, plane);
  assert.equal(height, 12);
  const out = cutPlane(volume, plane, [30, 31], new Float32Array(width * height));
  const empty = Array.from({ length: height }, (_, line) => out[line * width] === EMPTY);
  // From the head: 11, 10, 9, 8 mm; nothing at 7 to 4; 3, 2, 1, 0.
  assert.deepEqual(empty, [false, false, false, false, true, true, true, true, false, false, false, false]);
  assert.deepEqual(holesIn(frame, plane), { upright: true, spans: [[4, 8]] });
  assert.equal(holesIn(frame, planeOf(frame, 'axial')), null);
});

test('of a long series of which every second slice is taken the hole stays a hole', () => {
  const heights = [0, 1, 2, 3, 8, 9, 10, 11];
  const geometry = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], spacing: [1, 1], places: heights.map((height) => [0, 0, height]), holes: [3] };
  const frame = frameOf(geometry, { rows: 1, columns: 1, count: 4, every: 2 });
  assert.deepEqual([...frame.heights], [0, 2, 8, 10]);
  const out = cutPlane({ frame, slices: [10, 20, 80, 100].map((value) => Int16Array.of(value)), rows: 1, columns: 1 }, planeOf(frame, 'coronal'), [0, 1], new Float32Array(11));
  // From the head: 10 mm down to 0, nothing from 7 to 4.
  assert.deepEqual([...out], [100, 90, 80, EMPTY, EMPTY, EMPTY, EMPTY, 20, 20, 15, 10]);
});

test('a slab across uneven slices takes those that lie within it', () => {
  const { frame } = ball();
  assert.deepEqual(slabRange(frame, 2, 13, 10), [11, 15]);
  assert.deepEqual(slabRange(frame, 2, 5, 10), [3, 8]);
  assert.deepEqual(slabRange(frame, 2, 16, 5), [16, 17]);
});
