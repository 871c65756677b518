/** AI marks: an own layer over a pane, drawn in screen pixels at every rendering. */
import { svg } from '../lib/dom.js';
import { layLabels, leader } from './labels.js';

const TAG_HEIGHT = 20;
/** Of a layer: the labels that stand on it. */
const tagsOf = new WeakMap();

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
 * rejected is not drawn. `taken`: boxes on the screen that no label may lie on.
 */
export function drawMarks(layer, items, place, choose, { strength = 0, taken = [] } = {}) {
  layer.replaceChildren();
  tagsOf.delete(layer);
  if (!place) return;
  const standing = items.filter(({ finding }) => finding.state !== 'REJECTED');
  const mapped = standing.filter(({ finding, how }) => how === 'own' && finding.heat_map);
  const shown = mapped.find(({ on }) => on) ?? mapped[0];
  if (strength > 0 && shown) layer.append(heatColours(), heat(shown.finding, place, strength));
  const tags = [];
  for (const { finding, how, on, drawn } of standing) {
    if (!finding.box || !drawn) continue;
    const points = corners(finding.box).map(([x, y]) => place(x, y));
    const box = bounds(points, 3);
    const [shape, attributes] = outline(finding, place, box);
    const mark = svg('g', { class: `mark ${how}${on ? ' on' : ''}${finding.origin === 'human' ? ' own-finding' : ''}`, 'data-mark': finding.key });
    mark.append(svg(shape, { ...attributes, class: 'under' }), svg(shape, { ...attributes, class: 'over' }));
    if (how === 'own') {
      tags.push(tag(finding, box, layer.parentElement.clientWidth, choose));
      mark.append(tags.at(-1).node);
    }
    layer.append(mark);
  }
  tagsOf.set(layer, tags);
  placeTags(layer, taken);
}

/** Puts the labels of a layer where none lies on another, nor on a box of `taken`. */
export function placeTags(layer, taken) {
  const tags = tagsOf.get(layer) ?? [];
  if (!tags.length) return;
  const { clientWidth: width, clientHeight: height } = layer.parentElement;
  layLabels(tags, { width, height }, taken).forEach((box, at) => {
    const { rect, text, line, anchor } = tags[at];
    set(rect, { x: box.x, y: box.y });
    set(text, { x: box.x + 7, y: box.y + 14.5 });
    set(line, box.moved ? leader(box, anchor) : { x1: 0, y1: 0, x2: 0, y2: 0 });
  });
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
}

/** A label that is not placed yet: right of its mark where there is room, else left of it. */
function tag(finding, box, paneWidth, choose) {
  const size = finding.size_mm ? ` · ${finding.size_mm.toFixed(1)} mm` : '';
  const label = `${finding.number}${size}`;
  const width = 14 + label.length * 7;
  const [right, left] = [[box.x + box.width + 6, box.y - 2], [box.x - width - 6, box.y - 2]];
  const sides = right[0] + width < paneWidth ? [right, left] : [left, right];
  const rect = svg('rect', { width, height: TAG_HEIGHT, rx: 4 });
  const line = svg('line', { class: 'leader' });
  const text = svg('text');
  text.textContent = label;
  const node = svg('g', { class: 'tag' }, line, rect, text);
  node.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    choose(finding.key);
  });
  return { want: sides[0], also: [sides[1]], width, height: TAG_HEIGHT, anchor: [box.x + box.width, box.y], node, rect, text, line };
}
