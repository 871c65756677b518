/**
 * What a measure drawn on an image says, from pixels and spacing alone, so that both renderers agree. Pure.
 * Points are [x, y] in pixels of the image, where whole numbers are pixel edges.
 */

/** The way back from `pixelToWorld`: pixels of the image from a world position (mm). */
export function worldToPixel({ origin, spacing, direction }, world, cpu) {
  const half = cpu ? 0 : 0.5;
  const along = (first) => [0, 1, 2].reduce((sum, axis) => sum + (world[axis] - origin[axis]) * direction[first + axis], 0);
  return [along(0) / spacing[0] + half, along(3) / spacing[1] + half];
}

/**
 * Millimetres per pixel of an image of the page: {x, y, unit, at}. `unit` is "mm" or "px"; `at` is "detector"
 * where the spacing holds in the plane of the detector only, so the patient's true size is smaller.
 */
export function scaleOf(image) {
  if (!image?.spacing) return { x: 1, y: 1, unit: 'px', at: '' };
  const [row, column] = image.spacing;
  return { x: column, y: row, unit: 'mm', at: image.spacing_at === 'detector' ? 'detector' : '' };
}

const minus = (a, b, scale) => [(a[0] - b[0]) * scale.x, (a[1] - b[1]) * scale.y];

export function distance(a, b, scale) {
  return Math.hypot(...minus(a, b, scale));
}

/** Degrees, 0–180, at the middle one of three points; null where two of them are one. */
export function angle([a, middle, b], scale) {
  const one = minus(a, middle, scale);
  const other = minus(b, middle, scale);
  const size = Math.hypot(...one) * Math.hypot(...other);
  if (!size) return null;
  const cosine = (one[0] * other[0] + one[1] * other[1]) / size;
  return (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}

/** Where a point stands in a frame of two half sides around a centre: -1…1 is inside. */
function inFrame(centre, u, v) {
  const det = u[0] * v[1] - u[1] * v[0];
  return (x, y) => {
    const [dx, dy] = [x - centre[0], y - centre[1]];
    return [(dx * v[1] - dy * v[0]) / det, (u[0] * dy - u[1] * dx) / det];
  };
}

function shape(centre, u, v, holds, share, scale) {
  const place = inFrame(centre, u, v);
  const reach = [0, 1].map((axis) => Math.abs(u[axis]) + Math.abs(v[axis]));
  const cross = Math.abs(u[0] * v[1] - u[1] * v[0]);
  return {
    area: share * cross * scale.x * scale.y,
    bounds: [centre[0] - reach[0], centre[1] - reach[1], centre[0] + reach[0], centre[1] + reach[1]],
    holds: cross > 0 ? (x, y) => holds(...place(x, y)) : () => false,
  };
}

const middleOf = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const halfOf = (from, to) => [(to[0] - from[0]) / 2, (to[1] - from[1]) / 2];

/** An ellipse from the ends of its two axes: bottom, top, left, right. → {area, bounds, holds(x, y)} */
export function ellipse([bottom, top, left, right], scale) {
  const inside = (s, t) => s * s + t * t <= 1;
  return shape(middleOf(bottom, top), halfOf(left, right), halfOf(top, bottom), inside, Math.PI, scale);
}

/** A rectangle, turned or not, from its corners; the first and the last lie opposite. */
export function rectangle([first, second, third, last], scale) {
  const inside = (s, t) => Math.abs(s) <= 1 && Math.abs(t) <= 1;
  return shape(middleOf(first, last), halfOf(first, second), halfOf(first, third), inside, 4, scale);
}

/**
 * {count, mean, sd, min, max} of the pixels whose centres lie in `area` (sd: of the pixels themselves, n in the
 * denominator); null when there are none. `pixels`: row by row, `columns` × `rows`.
 */
export function statistics(pixels, columns, rows, { bounds, holds }) {
  const [x0, y0] = [Math.max(0, Math.floor(bounds[0])), Math.max(0, Math.floor(bounds[1]))];
  const [x1, y1] = [Math.min(columns, Math.ceil(bounds[2])), Math.min(rows, Math.ceil(bounds[3]))];
  let [count, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let y = y0; y < y1; y += 1) {
    for (let x = x0; x < x1; x += 1) {
      if (!holds(x + 0.5, y + 0.5)) continue;
      const value = pixels[y * columns + x];
      count += 1;
      // Welford's step: no large sums whose difference loses the small one.
      const from = value - mean;
      mean += from / count;
      squares += from * (value - mean);
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  return count ? { count, mean, sd: Math.sqrt(squares / count), min, max } : null;
}
