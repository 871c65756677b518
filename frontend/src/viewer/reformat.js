/**
 * Planes out of a stack of slices: where a voxel lies, which voxels a plane holds, and their maximum over a slab.
 * Pure. A voxel is [i, j, k]: along a row, down a column, which slice, in a frame at right angles; a tilted gantry's
 * slices are moved within it, each by whole pixels. Slices may be unevenly far apart: a plane across them has lines
 * at even distances, and each slice stands at its real height among them.
 */
import { letters } from './hanging.js';

export const EMPTY = -32768;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** Where each slice begins along an axis, in whole pixels, from its offsets in mm; none below 0. */
function shifts(offsets, mm) {
  const all = Int32Array.from(offsets, (offset) => Math.round(offset / mm));
  const least = all.reduce((a, b) => Math.min(a, b), 0);
  return { least, all: all.map((shift) => shift - least) };
}

/** [along row, along column, along row × column] in mm of each slice's first pixel from that of the first slice. */
function placesOf({ step, places, row, column }, straight, count, every) {
  if (places) return places.filter((_place, at) => at % every === 0).slice(0, count);
  const one = [dot(step, row), dot(step, column), dot(step, straight)];
  return Array.from({ length: count }, (_, k) => one.map((part) => part * k * every));
}

// The lines of an uneven volume are as far apart as its pixels, so that no slice stands in another's place.
const MOST_LINES = 2048;

/**
 * The frame of a volume. `geometry` as the server tells it (volume_of of screening/dicom/stack.py); of `every` slices
 * one is taken, `count` in all. → {dims, spacing (mm along i, j, from line to line), axes, origin, shift: [of i, of
 * j], heights (mm of each slice along the third axis, rising from 0), lines (how many lines a plane across the slices
 * has), uneven, holes: [[from, to] in mm]}
 */
export function frameOf(geometry, { rows, columns, count, every = 1 }) {
  const { origin, row, column, spacing } = geometry;
  const straight = cross(row, column);
  const places = placesOf(geometry, straight, count, every);
  const back = places.at(-1)[2] < 0;
  const heights = Float64Array.from(places, ([, , height]) => Math.abs(height));
  const [rowMm, columnMm] = spacing;
  const i = shifts(places.map(([along]) => along), columnMm);
  const j = shifts(places.map(([, along]) => along), rowMm);
  const uneven = Boolean(geometry.places);
  const whole = heights[count - 1];
  const apart = uneven ? Math.max(Math.min(rowMm, columnMm), whole / MOST_LINES) : heights[1] ?? 1;
  return {
    dims: [columns + Math.max(...i.all), rows + Math.max(...j.all), count],
    spacing: [columnMm, rowMm, apart],
    axes: [row, column, straight.map((part) => (back ? -part : part))],
    origin: origin.map((at, axis) => at + i.least * columnMm * row[axis] + j.least * rowMm * column[axis]),
    shift: [i.all, j.all],
    heights,
    lines: uneven ? Math.floor(whole / apart + 1e-6) + 1 : count,
    uneven,
    holes: holesOf(geometry),
  };
}

/** The stretches between slices, in mm along the third axis, of which no slice tells anything. */
function holesOf({ places, holes = [] }) {
  const height = (at) => Math.abs(places[at][2]);
  const half = (at) => (at > 0 && at < places.length - 1 ? Math.min(height(at) - height(at - 1), height(at + 1) - height(at)) / 2 : 0);
  return holes.map((at) => [height(at) + half(at), height(at + 1) - half(at + 1)]);
}

/** How high (mm) slice `k` lies, also between slices and beyond the ends. */
export function heightAt({ heights }, k) {
  const low = Math.max(0, Math.min(heights.length - 2, Math.floor(k)));
  if (heights.length < 2) return 0;
  return heights[low] + (k - low) * (heights[low + 1] - heights[low]);
}

/** The slice, not rounded, at a height: the way back. */
export function sliceAt({ heights }, height) {
  if (heights.length < 2) return 0;
  let [low, high] = [0, heights.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (heights[middle] <= height) low = middle;
    else high = middle;
  }
  return low + (height - heights[low]) / (heights[low + 1] - heights[low]);
}

/** The world position (mm, LPS) of the centre of a voxel. */
export function voxelToWorld(frame, [i, j, k]) {
  const { origin, axes, spacing } = frame;
  const along = [i * spacing[0], j * spacing[1], heightAt(frame, k)];
  return origin.map((at, part) => at + along.reduce((sum, mm, axis) => sum + mm * axes[axis][part], 0));
}

/** The voxel, not rounded, at a world position. */
export function worldToVoxel(frame, world) {
  const { origin, axes, spacing } = frame;
  const from = world.map((value, part) => value - origin[part]);
  const [a, b, height] = axes.map((axis) => dot(from, axis));
  return [a / spacing[0], b / spacing[1], sliceAt(frame, height)];
}

const [LEFT, BACK, HEAD, FEET] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]];
const VIEWS = { axial: [LEFT, BACK, HEAD], coronal: [LEFT, FEET, BACK], sagittal: [BACK, FEET, LEFT] };
const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/**
 * How a plane lies on the screen: {name, u, v, w, letters}; `u` runs right and `v` down, each {axis, flip} of the
 * frame, `w` is the axis it is cut across. "stack" is the plane the slices were made in.
 */
export function planeOf(frame, name) {
  const [right, down, through] = name === 'stack' ? frame.axes : VIEWS[name];
  const fits = ([a, b, c]) => [[right, a], [down, b], [through, c]].reduce((sum, [to, axis]) => sum + Math.abs(dot(to, frame.axes[axis])), 0);
  const [u, v, w] = ORDERS.reduce((best, order) => (fits(order) > fits(best) + 1e-9 ? order : best));
  const side = (axis, to) => ({ axis, flip: dot(frame.axes[axis], to) < 0 });
  const plane = { name, u: side(u, right), v: side(v, down), w };
  const towards = ({ axis, flip }, back) => letters(frame.axes[axis].map((part) => (flip === back ? part : -part)));
  plane.letters = {
    left: towards(plane.u, true),
    right: towards(plane.u, false),
    top: towards(plane.v, true),
    bottom: towards(plane.v, false),
  };
  return plane;
}

const sizeOf = ({ dims, lines }, axis) => (axis === 2 ? lines : dims[axis]);

/** Width and height of a plane in pixels: voxels of a slice, lines from slice to slice. */
export function planeSize(frame, { u, v }) {
  return [sizeOf(frame, u.axis), sizeOf(frame, v.axis)];
}

/** Where a voxel's centre stands in a plane, and the way back with the index across it; both in whole-pixel edges. */
export function voxelToPlane(frame, { u, v }, voxel) {
  const along = (axis) => (axis === 2 ? heightAt(frame, voxel[2]) / frame.spacing[2] : voxel[axis]);
  return [u, v].map(({ axis, flip }) => (flip ? sizeOf(frame, axis) - 0.5 - along(axis) : along(axis) + 0.5));
}

export function planeToVoxel(frame, { u, v, w }, [x, y], across) {
  const voxel = [0, 0, 0];
  voxel[w] = across;
  [[u, x], [v, y]].forEach(([{ axis, flip }, at]) => {
    const along = flip ? sizeOf(frame, axis) - 0.5 - at : at - 0.5;
    voxel[axis] = axis === 2 ? sliceAt(frame, along * frame.spacing[2]) : along;
  });
  return voxel;
}

/** Where the holes of a volume lie in a plane: {upright, spans: [[from, to] in whole-pixel edges]}; null where none shows. */
export function holesIn(frame, { u, v, w }) {
  if (w === 2 || !frame.holes.length) return null;
  const side = u.axis === 2 ? u : v;
  const at = (mm) => (side.flip ? frame.lines - 0.5 - mm / frame.spacing[2] : mm / frame.spacing[2] + 0.5);
  return { upright: side === v, spans: frame.holes.map((ends) => ends.map(at).sort((a, b) => a - b)) };
}

/** First and one past the last index of a slab of `mm` around `index`; at least one voxel thick. */
export function slabRange({ dims, spacing, heights, uneven }, w, index, mm) {
  if (w === 2 && uneven) {
    const within = (k) => k === index || Math.abs(heights[k] - heights[index]) <= mm / 2;
    let [first, last] = [index, index];
    while (first > 0 && within(first - 1)) first -= 1;
    while (last < dims[2] - 1 && within(last + 1)) last += 1;
    return [first, last + 1];
  }
  const thick = Math.max(1, Math.round(mm / spacing[w]));
  const first = index - Math.floor((thick - 1) / 2);
  return [Math.max(0, first), Math.min(dims[w], first + thick)];
}

function targets(dims, { u, v, w }, axis, wide) {
  const size = dims[axis];
  if (axis === w) return new Int32Array(size);
  const { flip } = axis === u.axis ? u : v;
  const stride = axis === u.axis ? 1 : wide;
  return Int32Array.from({ length: size }, (_, at) => (flip ? size - 1 - at : at) * stride);
}

/** Fills `out` with the greatest value between `from` and `to` across the plane, a pixel a voxel. */
function cutVoxels({ frame, slices, columns, rows }, plane, [from, to], out) {
  const { dims, shift } = frame;
  const [intoI, intoJ, intoK] = [0, 1, 2].map((axis) => targets(dims, plane, axis, dims[plane.u.axis]));
  const range = (axis) => (axis === plane.w ? [from, to] : [0, dims[axis]]);
  const [[i0, i1], [j0, j1], [k0, k1]] = [0, 1, 2].map(range);
  out.fill(EMPTY);
  for (let k = k0; k < k1; k += 1) {
    const slice = slices[k];
    if (!slice) continue;
    const [a, b] = [shift[0][k], shift[1][k]];
    const [first, last] = [Math.max(i0, a), Math.min(i1, a + columns)];
    const bottom = Math.min(j1, b + rows);
    for (let j = Math.max(j0, b); j < bottom; j += 1) {
      const row = (j - b) * columns - a;
      const line = intoK[k] + intoJ[j];
      for (let i = first; i < last; i += 1) {
        const at = line + intoI[i];
        const value = slice[row + i];
        if (value > out[at]) out[at] = value;
      }
    }
  }
  return out;
}

/** For each line of a plane across uneven slices: [the slice below it, the share of the next one]; null in a hole. */
function linesOf(frame) {
  const inHole = (mm) => frame.holes.find(([from, to]) => mm > from - 1e-6 && mm < to + 1e-6);
  const nearHole = (k) => frame.holes.find(([from, to]) => frame.heights[k] < from + 1e-6 && frame.heights[k + 1] > to - 1e-6);
  return Array.from({ length: frame.lines }, (_, line) => {
    const mm = line * frame.spacing[2];
    if (inHole(mm)) return null;
    const at = Math.max(0, Math.min(frame.dims[2] - 1, sliceAt(frame, mm)));
    const k = Math.min(Math.floor(at + 1e-9), frame.dims[2] - 1);
    const share = k < frame.dims[2] - 1 ? at - k : 0;
    // Beside a hole each slice reaches half a distance of its own; nothing is drawn out of both sides of it.
    if (share > 1e-6 && nearHole(k)) return [share < 0.5 ? k : k + 1, 0];
    return [k, share > 1e-6 ? share : 0];
  });
}

/** The slices of `cut`, each `wide` pixels at `from(k)` by `step`, drawn out to the lines of the plane. */
function drawOut(frame, plane, cut, out) {
  const upright = plane.v.axis === 2;
  const { flip } = upright ? plane.v : plane.u;
  const [wide] = [frame.dims[plane.u.axis]];
  const width = sizeOf(frame, plane.u.axis);
  const other = frame.dims[upright ? plane.u.axis : plane.v.axis];
  const place = (at, size) => (flip ? size - 1 - at : at);
  linesOf(frame).forEach((from, line) => {
    const into = place(line, frame.lines);
    for (let x = 0; x < other; x += 1) {
      const target = upright ? into * width + x : x * width + into;
      if (!from) {
        out[target] = EMPTY;
        continue;
      }
      const [k, share] = from;
      const value = (slice) => cut[upright ? place(slice, frame.dims[2]) * wide + x : x * wide + place(slice, frame.dims[2])];
      const low = value(k);
      const high = share ? value(k + 1) : low;
      // Between a slice and a place that is not filled there is nothing to go by.
      out[target] = low === EMPTY || high === EMPTY ? EMPTY : low + share * (high - low);
    }
  });
  return out;
}

/**
 * Fills `out` (as many as the plane has pixels) with the greatest value between `from` and `to` across the plane;
 * EMPTY where there is none. `slices`: one array of rows × columns a slice, null where it is not there. Between
 * uneven slices a line has the mean of its two neighbours, each by how near it lies.
 */
export function cutPlane(volume, plane, range, out) {
  const { frame } = volume;
  if (!frame.uneven || plane.w === 2) return cutVoxels(volume, plane, range, out);
  const cut = new Float32Array(frame.dims[plane.u.axis] * frame.dims[plane.v.axis]);
  return drawOut(frame, plane, cutVoxels(volume, plane, range, cut), out);
}
