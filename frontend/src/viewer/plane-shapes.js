/** Measures across the slices as shapes in their plane, in millimetres from its corner. Pure. */

/** What can be measured across the slices; the other tools need the pixels of one image. */
export const ACROSS = ['length', 'bidirectional', 'angle'];
/** How long the short axis stands at first, of the long one. */
const SHORT = 0.5;

const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const plus = (a, b, by = 1) => [a[0] + b[0] * by, a[1] + b[1] * by];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];

/** The points of a measure drawn from one place to another; the third of an angle is still to come. */
export function begun(tool, from, to) {
  if (tool === 'length') return [from, to];
  if (tool === 'angle') return [from, to, to];
  const middle = plus(from, minus(to, from), 0.5);
  const [dx, dy] = minus(to, from);
  const aside = [(-dy * SHORT) / 2, (dx * SHORT) / 2];
  return [from, to, plus(middle, aside, -1), plus(middle, aside)];
}

/** The points after the one at `at` was moved to `to`: the axes of two stay at right angles. */
export function moved(tool, points, at, to) {
  const next = points.map((point, each) => (each === at ? to : point));
  if (tool !== 'bidirectional') return next;
  if (at < 2) {
    const still = points[1 - at];
    const [was, is] = [minus(points[at], still), minus(to, still)];
    const size = dot(was, was);
    if (!size) return next;
    const [turn, stretch] = [(was[0] * is[1] - was[1] * is[0]) / size, dot(was, is) / size];
    const follow = (point) => {
      const [x, y] = minus(point, still);
      return plus(still, [x * stretch - y * turn, x * turn + y * stretch]);
    };
    return next.map((point, each) => (each < 2 ? point : follow(points[each])));
  }
  const long = minus(points[1], points[0]);
  const size = dot(long, long);
  if (!size) return points;
  const across = [-long[1] / Math.sqrt(size), long[0] / Math.sqrt(size)];
  const foot = plus(points[0], long, Math.max(0, Math.min(1, dot(minus(to, points[0]), long) / size)));
  const reach = (point) => dot(minus(point, points[0]), across);
  const other = 5 - at;
  const aside = Math.sign(reach(points[other])) || 1;
  // An end does not cross the long axis: it would lie on the other one's side.
  const own = aside > 0 ? Math.min(0, reach(to)) : Math.max(0, reach(to));
  return points.map((point, each) => (each < 2 ? point : plus(foot, across, each === at ? own : reach(points[other]))));
}

/** What of it is drawn: [[from, to], …]. */
export function segments(tool, points) {
  if (tool === 'angle') return [[points[0], points[1]], [points[1], points[2]]];
  return tool === 'bidirectional' ? [[points[0], points[1]], [points[2], points[3]]] : [[points[0], points[1]]];
}

/** How far a point lies from a line between two others. */
export function distanceTo([a, b], point) {
  const along = minus(b, a);
  const size = dot(along, along);
  const share = size ? Math.max(0, Math.min(1, dot(minus(point, a), along) / size)) : 0;
  return Math.hypot(...minus(point, plus(a, along, share)));
}
