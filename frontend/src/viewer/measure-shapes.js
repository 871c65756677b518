/** Between a measure as the tools hold it and as it is kept: points in pixels of its frame. Pure. */
import { angle, distance, ellipse, rectangle } from './measures.js';

/** Tool → how many points it has once it is complete. */
export const POINTS = { length: 2, bidirectional: 4, angle: 3, ellipse: 4, rectangle: 4, arrow: 2, probe: 1 };

const round = (value) => Math.round(value * 1000) / 1000;

export function rounded(points) {
  return points.map(([x, y]) => [round(x), round(y)]);
}

/** The first value of a measure, as this page shows it and the server checks it; null where it has none. */
export function valueOf(tool, points, scale) {
  switch (tool) {
    case 'length':
      return distance(points[0], points[1], scale);
    case 'bidirectional':
      return Math.max(distance(points[0], points[1], scale), distance(points[2], points[3], scale));
    case 'angle':
      return angle(points, scale);
    case 'ellipse':
      return ellipse(points, scale).area;
    case 'rectangle':
      return rectangle(points, scale).area;
    default:
      return null;
  }
}

/** Do two states lie in the same place, to a hundredth of a pixel or 0.005 mm, with the same words? */
export function sameState(one, other) {
  if (!one || !other || one.text !== other.text || one.points.length !== other.points.length) return false;
  const [places, others] = [one.plane?.points ?? [], other.plane?.points ?? []];
  if (places.length !== others.length) return false;
  if (places.some((place, at) => Math.hypot(...place.map((part, axis) => part - others[at][axis])) >= 0.005)) return false;
  return one.points.every(([x, y], at) => Math.hypot(x - other.points[at][0], y - other.points[at][1]) < 0.01);
}

/** The box [x0, y0, x1, y1] around points, at least a pixel wide and high. */
export function boxAround(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x0, y0] = [Math.min(...xs), Math.min(...ys)];
  return [x0, y0, Math.max(...xs, x0 + 1), Math.max(...ys, y0 + 1)];
}
