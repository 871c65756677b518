/**
 * Planes out of a stack of slices: where a voxel lies, which voxels a plane holds, and their maximum over a slab.
 * Pure. A voxel is [i, j, k]: along a row, down a column, from slice to slice, in a frame at right angles; a
 * tilted gantry's slices are moved within it, each by whole pixels.
 */
import { letters } from './hanging.js';

export const EMPTY = -32768;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** Where each of `count` slices begins along an axis when every next one is moved by `by` pixels; none below 0. */
function shifts(by, count) {
  const all = Int32Array.from({ length: count }, (_, k) => Math.round(k * by));
  const least = all.reduce((a, b) => Math.min(a, b), 0);
  return { least, all: all.map((shift) => shift - least) };
}

/**
 * The frame of a volume. `geometry` as the server tells it: origin, step (mm, LPS), row, column (unit vectors),
 * spacing (mm between rows, columns). → {dims, spacing (mm along i, j, k), axes, origin, shift: [of i, of j]}
 */
export function frameOf({ origin, step, row, column, spacing }, { rows, columns, count }) {
  const straight = cross(row, column);
  const along = dot(step, straight);
  const normal = straight.map((part) => (along < 0 ? -part : part));
  const [rowMm, columnMm] = spacing;
  const i = shifts(dot(step, row) / columnMm, count);
  const j = shifts(dot(step, column) / rowMm, count);
  return {
    dims: [columns + Math.max(...i.all), rows + Math.max(...j.all), count],
    spacing: [columnMm, rowMm, Math.abs(along)],
    axes: [row, column, normal],
    origin: origin.map((at, axis) => at + i.least * columnMm * row[axis] + j.least * rowMm * column[axis]),
    shift: [i.all, j.all],
  };
}

/** The world position (mm, LPS) of the centre of a voxel. */
export function voxelToWorld({ origin, axes, spacing }, voxel) {
  return origin.map((at, part) => at + voxel.reduce((sum, index, axis) => sum + index * spacing[axis] * axes[axis][part], 0));
}

/** The voxel, not rounded, at a world position. */
export function worldToVoxel({ origin, axes, spacing }, world) {
  const from = world.map((value, part) => value - origin[part]);
  return axes.map((axis, at) => dot(from, axis) / spacing[at]);
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

/** Width and height of a plane in voxels. */
export function planeSize({ dims }, { u, v }) {
  return [dims[u.axis], dims[v.axis]];
}

/** Where a voxel's centre stands in a plane, and the way back with the index across it; both in whole-voxel edges. */
export function voxelToPlane({ dims }, { u, v }, voxel) {
  return [u, v].map(({ axis, flip }) => (flip ? dims[axis] - 0.5 - voxel[axis] : voxel[axis] + 0.5));
}

export function planeToVoxel({ dims }, { u, v, w }, [x, y], across) {
  const voxel = [0, 0, 0];
  voxel[w] = across;
  [[u, x], [v, y]].forEach(([{ axis, flip }, at]) => {
    voxel[axis] = flip ? dims[axis] - 0.5 - at : at - 0.5;
  });
  return voxel;
}

/** First and one past the last index of a slab of `mm` around `index`; at least one voxel thick. */
export function slabRange({ dims, spacing }, w, index, mm) {
  const thick = Math.max(1, Math.round(mm / spacing[w]));
  const first = index - Math.floor((thick - 1) / 2);
  return [Math.max(0, first), Math.min(dims[w], first + thick)];
}

function targets(dims, { u, v, w }, axis) {
  const size = dims[axis];
  if (axis === w) return new Int32Array(size);
  const { flip } = axis === u.axis ? u : v;
  const stride = axis === u.axis ? 1 : dims[u.axis];
  return Int32Array.from({ length: size }, (_, at) => (flip ? size - 1 - at : at) * stride);
}

/**
 * Fills `out` (as many as the plane has voxels) with the greatest value between `from` and `to` across the plane;
 * EMPTY where there is none. `slices`: one array of rows × columns a slice, null where it is not there.
 */
export function cutPlane({ frame, slices, columns, rows }, plane, [from, to], out) {
  const { dims, shift } = frame;
  const [intoI, intoJ, intoK] = [0, 1, 2].map((axis) => targets(dims, plane, axis));
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
