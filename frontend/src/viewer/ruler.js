/** A ruler at the edge of a pane: a whole number of millimetres that follows the size of the image. */
import { svg } from '../lib/dom.js';

const STEPS = [1, 2, 5];

/**
 * The longest round length that is no longer than `room` screen pixels. `perMm`: screen pixels a millimetre.
 * → {mm, pixels, marks} with `marks` parts of equal length; null where the scale is unknown. Pure.
 */
export function rulerFor(perMm, room) {
  if (!(perMm > 0) || !Number.isFinite(perMm)) return null;
  const longest = room / perMm;
  const power = 10 ** Math.floor(Math.log10(longest));
  const mm = power * STEPS.filter((step) => step * power <= longest * (1 + 1e-9)).at(-1);
  const first = Math.round(mm / 10 ** Math.floor(Math.log10(mm) + 1e-9));
  return { mm, pixels: mm * perMm, marks: first === 2 ? 4 : 5 };
}

const ROOM = 0.3;
const TICK = 6;

/**
 * Draws the ruler upright along the right edge of `layer`, or its left; `perMm` is that of the screen's vertical,
 * `name(length)` says in which plane the length holds.
 */
export function drawRuler(layer, perMm, { width, height, left = false, name = (length) => length }) {
  layer.replaceChildren();
  const ruler = rulerFor(perMm, height * ROOM);
  if (!ruler) return null;
  const x = left ? 14.5 : Math.round(width) - 14.5;
  const top = Math.round((height - ruler.pixels) / 2 + height * 0.2);
  const inward = left ? 1 : -1;
  const parts = [`M${x} ${top}V${(top + ruler.pixels).toFixed(1)}`];
  for (let mark = 0; mark <= ruler.marks; mark += 1) {
    const y = (top + (ruler.pixels * mark) / ruler.marks).toFixed(1);
    parts.push(`M${x} ${y}h${inward * (mark % ruler.marks ? TICK : TICK + 4)}`);
  }
  const d = parts.join('');
  const text = svg('text', { x: x + inward * (TICK + 8), y: top + 4, 'text-anchor': left ? 'start' : 'end' });
  text.textContent = name(ruler.mm >= 10 ? `${ruler.mm / 10} cm` : `${ruler.mm} mm`);
  layer.append(svg('path', { d, class: 'under' }), svg('path', { d, class: 'over' }), text);
  return ruler;
}
