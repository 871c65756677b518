/** From pixel values to what a canvas shows. Pure. */

const OPAQUE = 0xff000000;

/** Fills `out` (32 bits a pixel, as an ImageData holds them) with the greys of `values` in a window of `lower` to `upper`. */
export function paintGreys(out, values, { lower, upper, invert = false }) {
  const scale = 255 / Math.max(1e-6, upper - lower);
  const flip = invert ? 255 : 0;
  for (let at = 0; at < values.length; at += 1) {
    const share = (values[at] - lower) * scale;
    const grey = (share <= 0 ? 0 : share >= 255 ? 255 : share | 0) ^ flip;
    out[at] = OPAQUE | (grey << 16) | (grey << 8) | grey;
  }
}

/** The part [x0, y0, x1, y1] of an image of `columns` pixels a row, `samples` values a pixel. */
export function cut(pixels, columns, [x0, y0, x1, y1], samples = 1) {
  const row = (x1 - x0) * samples;
  const part = new pixels.constructor(row * (y1 - y0));
  for (let y = y0; y < y1; y += 1) {
    const from = (y * columns + x0) * samples;
    part.set(pixels.subarray(from, from + row), (y - y0) * row);
  }
  return part;
}

/** The same from colour: three or four values a pixel. */
export function paintColours(out, values, samples, invert = false) {
  const flip = invert ? 0xffffff : 0;
  for (let at = 0, from = 0; at < out.length; at += 1, from += samples) {
    out[at] = (OPAQUE | (values[from + 2] << 16) | (values[from + 1] << 8) | values[from]) ^ flip;
  }
}
