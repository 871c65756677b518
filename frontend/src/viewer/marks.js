/** AI marks: an own layer over a pane, drawn in screen pixels at every rendering. */
import { svg } from '../lib/dom.js';

const TAG_HEIGHT = 20;

function corners([x0, y0, x1, y1]) {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** A little room around the finding, so that the mark does not lie on its edge. */
function bounds(points, room) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x = Math.min(...xs) - room;
  const y = Math.min(...ys) - room;
  return { x, y, width: Math.max(...xs) + room - x, height: Math.max(...ys) + room - y };
}

function outline(finding, place, box) {
  if (finding.contour?.length > 2) {
    const points = finding.contour.map(([x, y]) => place(x, y).map((n) => n.toFixed(1)).join(',')).join(' ');
    return ['polygon', { points }];
  }
  return ['rect', { ...box, rx: 4 }];
}

const UNIT = 100;
const HEAT_COLOURS = '0 0 0 0 1  0 0 0 0 .55  0 0 0 0 .1  1 0 0 0 0';

/** Grey becomes one colour, the stronger the less transparent: the image stays visible under it. */
function heatColours() {
  const filter = { id: 'heat-colours', 'color-interpolation-filters': 'sRGB', x: 0, y: 0, width: 1, height: 1 };
  return svg('filter', filter, svg('feColorMatrix', { type: 'matrix', values: HEAT_COLOURS }));
}

/** The map goes wherever three corners of its box go, so it turns and flips with the image. */
function heat(finding, place, strength) {
  const { box, png } = finding.heat_map;
  const [x, y] = place(box[0], box[1]);
  const across = place(box[2], box[1]);
  const down = place(box[0], box[3]);
  const sides = [across[0] - x, across[1] - y, down[0] - x, down[1] - y].map((side) => side / UNIT);
  return svg('image', {
    class: 'heat',
    'data-heat': finding.key,
    href: `data:image/png;base64,${png}`,
    width: UNIT,
    height: UNIT,
    preserveAspectRatio: 'none',
    opacity: strength,
    filter: 'url(#heat-colours)',
    transform: `matrix(${[...sides, x, y].map((n) => n.toFixed(4)).join(' ')})`,
  });
}

/**
 * Redraws `layer` with `items`: [{finding, how, on, drawn}], `how` "own" or "near", `place` from image
 * pixels to screen pixels. `choose(key)` is called when a tag is pressed. `strength`, 0–1, is that of the
 * heat maps; of several on one image only the chosen finding's is shown, else the first. A finding that the reader
 * rejected is not drawn.
 */
export function drawMarks(layer, items, place, choose, strength = 0) {
  layer.replaceChildren();
  if (!place) return;
  const standing = items.filter(({ finding }) => finding.state !== 'REJECTED');
  const mapped = standing.filter(({ finding, how }) => how === 'own' && finding.heat_map);
  const shown = mapped.find(({ on }) => on) ?? mapped[0];
  if (strength > 0 && shown) layer.append(heatColours(), heat(shown.finding, place, strength));
  const { clientWidth: width, clientHeight: height } = layer.parentElement;
  for (const { finding, how, on, drawn } of standing) {
    if (!finding.box || !drawn) continue;
    const points = corners(finding.box).map(([x, y]) => place(x, y));
    const box = bounds(points, 3);
    const [shape, attributes] = outline(finding, place, box);
    const mark = svg('g', { class: `mark ${how}${on ? ' on' : ''}${finding.origin === 'human' ? ' own-finding' : ''}`, 'data-mark': finding.key });
    mark.append(svg(shape, { ...attributes, class: 'under' }), svg(shape, { ...attributes, class: 'over' }));
    if (how === 'own') mark.append(tag(finding, box, width, height, choose));
    layer.append(mark);
  }
}

function tag(finding, box, width, height, choose) {
  const size = finding.size_mm ? ` · ${finding.size_mm.toFixed(1)} mm` : '';
  const label = `${finding.number}${size}`;
  const wide = 14 + label.length * 7;
  const right = box.x + box.width + 6;
  const x = right + wide < width ? right : Math.max(2, box.x - wide - 6);
  const y = Math.max(2, Math.min(height - TAG_HEIGHT - 2, box.y - 2));
  const text = svg('text', { x: x + 7, y: y + 14.5 });
  text.textContent = label;
  const node = svg('g', { class: 'tag' }, svg('rect', { x, y, width: wide, height: TAG_HEIGHT, rx: 4 }), text);
  node.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    choose(finding.key);
  });
  return node;
}
