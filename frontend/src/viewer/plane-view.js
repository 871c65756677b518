/** One plane of a volume on the screen: its picture, its corners, the crosshair and the findings it passes. */
import { element, svg } from '../lib/dom.js';
import { signed } from '../lib/words.js';
import { windowOf } from './corner-text.js';
import { paintGreys } from './paint.js';
import { cutPlane, holesIn, planeOf, planeSize, planeToVoxel, slabRange, voxelToPlane, voxelToWorld, worldToVoxel } from './reformat.js';
import { layLabels, leader } from './labels.js';
import { drawRuler } from './ruler.js';

const CORNERS = ['tl', 'tr', 'br', 'left', 'right', 'top', 'bottom'];
const GAP = 14;
const LINE = 15;

export class PlaneView {
  pan = [0, 0];
  #cutAs = '';
  #paintedAs = '';

  /**
   * `host`: {say, volume: {frame, slices, columns, rows, arrived}, crosshair, range, inverted, zoom, slab (mm, 0 for
   * none), crossed, marks(plane) → [{finding, low, high, on}], measures: plane-measures.js or null}.
   */
  constructor(name, host) {
    this.name = name;
    this.host = host;
    this.plane = planeOf(host.volume.frame, name);
    [this.width, this.height] = planeSize(host.volume.frame, this.plane);
    this.values = new Float32Array(this.width * this.height);
    this.picture = new OffscreenCanvas(this.width, this.height);
    this.canvas = element('canvas', { class: 'surface' });
    this.layer = svg('svg', { class: 'marks' });
    this.ruler = svg('svg', { class: 'ruler', 'aria-hidden': 'true' });
    this.parts = Object.fromEntries(CORNERS.map((each) => [each, element('span', { class: `tx ${each}` })]));
    const label = host.say(`plane_${name}`);
    this.root = element('div', { class: 'vp plane', data: { plane: name }, role: 'img', 'aria-label': label });
    this.root.append(this.canvas, this.ruler, this.layer, ...Object.values(this.parts));
  }

  get index() {
    return Math.round(this.host.crosshair[this.plane.w]);
  }

  get count() {
    return this.host.volume.frame.dims[this.plane.w];
  }

  #spacing() {
    const { spacing } = this.host.volume.frame;
    return [spacing[this.plane.u.axis], spacing[this.plane.v.axis]];
  }

  /** {scale: screen pixels a millimetre, x, y: where the plane's corner stands} */
  #placed() {
    const { clientWidth: wide, clientHeight: high } = this.root;
    const [across, down] = this.#spacing();
    const size = [this.width * across, this.height * down];
    const scale = Math.min(wide / size[0], high / size[1]) * this.host.zoom;
    return { scale, x: (wide - size[0] * scale) / 2 + this.pan[0], y: (high - size[1] * scale) / 2 + this.pan[1] };
  }

  /** The place in the plane, in voxel edges, under a point of the pane; and the way back. */
  #toPlane([x, y]) {
    const at = this.#placed();
    const [across, down] = this.#spacing();
    return [(x - at.x) / (at.scale * across), (y - at.y) / (at.scale * down)];
  }

  #toScreen([u, v]) {
    const at = this.#placed();
    const [across, down] = this.#spacing();
    return [at.x + u * across * at.scale, at.y + v * down * at.scale];
  }

  /** The voxel under a point of the pane, kept inside the volume. */
  voxelAt(point) {
    const { frame } = this.host.volume;
    const voxel = planeToVoxel(frame, this.plane, this.#toPlane(point), this.index);
    return voxel.map((at, axis) => Math.max(0, Math.min(frame.dims[axis] - 1, Math.round(at))));
  }

  /** Where a voxel's centre stands in the pane. */
  screenOf(voxel) {
    return this.#toScreen(voxelToPlane(this.host.volume.frame, this.plane, voxel));
  }

  // Millimetres from the plane's corner, for what is measured in it

  mmAt(point) {
    const [across, down] = this.#spacing();
    const [u, v] = this.#toPlane(point);
    return [u * across, v * down];
  }

  screenOfMm([x, y]) {
    const [across, down] = this.#spacing();
    return this.#toScreen([x / across, y / down]);
  }

  /** The place in the patient (mm, LPS), in the plane that is cut at the index `across`. */
  worldOfMm([x, y], across) {
    const { frame } = this.host.volume;
    const [wide, high] = this.#spacing();
    return voxelToWorld(frame, planeToVoxel(frame, this.plane, [x / wide, y / high], across));
  }

  /** The way back: {mm, across}. */
  mmOfWorld(place) {
    const { frame } = this.host.volume;
    const voxel = worldToVoxel(frame, place);
    const [wide, high] = this.#spacing();
    const [u, v] = voxelToPlane(frame, this.plane, voxel);
    return { mm: [u * wide, v * high], across: voxel[this.plane.w] };
  }

  draw() {
    const { clientWidth: wide, clientHeight: high } = this.root;
    if (!wide || !high) return;
    this.#cut();
    this.#paint();
    const ratio = globalThis.devicePixelRatio || 1;
    const [pixelsWide, pixelsHigh] = [Math.round(wide * ratio), Math.round(high * ratio)];
    if (this.canvas.width !== pixelsWide) this.canvas.width = pixelsWide;
    if (this.canvas.height !== pixelsHigh) this.canvas.height = pixelsHigh;
    const context = this.canvas.getContext('2d', { alpha: false });
    context.resetTransform();
    context.fillStyle = '#000';
    context.fillRect(0, 0, pixelsWide, pixelsHigh);
    const at = this.#placed();
    const [across, down] = this.#spacing();
    const size = at.scale * ratio;
    context.imageSmoothingQuality = 'high';
    context.setTransform(size * across, 0, 0, size * down, at.x * ratio, at.y * ratio);
    context.drawImage(this.picture, 0, 0);
    this.#overlay(at.scale, wide, high);
  }

  #cut() {
    const { volume, slab } = this.host;
    const wanted = `${this.index}/${slab}/${volume.arrived}`;
    if (wanted === this.#cutAs) return;
    this.#cutAs = wanted;
    cutPlane(volume, this.plane, slabRange(volume.frame, this.plane.w, this.index, slab), this.values);
  }

  #paint() {
    const { range, inverted } = this.host;
    const wanted = `${this.#cutAs}/${range.lower}/${range.upper}/${inverted}`;
    if (wanted === this.#paintedAs) return;
    this.#paintedAs = wanted;
    const data = new ImageData(this.width, this.height);
    paintGreys(new Uint32Array(data.data.buffer), this.values, { ...range, invert: inverted });
    this.picture.getContext('2d').putImageData(data, 0, 0);
  }

  #overlay(scale, wide, high) {
    const { host, parts, plane } = this;
    for (const edge of ['left', 'right', 'top', 'bottom']) parts[edge].textContent = plane.letters[edge];
    const shown = windowOf(host.range);
    const said = [host.say(`plane_${this.name}`), `W ${shown.width}  L ${signed(shown.level)}`];
    parts.tl.textContent = said.join('\n');
    const here = voxelToWorld(host.volume.frame, host.crosshair);
    const main = host.volume.frame.axes[plane.w].map(Math.abs);
    const axis = main.indexOf(Math.max(...main));
    const place = [host.say('slice_of', { n: this.index + 1, count: this.count }), `${'xyz'[axis]} ${signed(here[axis], 1)} mm`];
    parts.tr.textContent = place.join('\n');
    const factor = scale * this.#spacing()[0];
    const thick = host.slab ? [host.say('slab_of', { mm: host.slab })] : [];
    parts.br.textContent = [...thick, host.say('zoom_at', { factor: factor.toFixed(factor < 1 ? 2 : 1) })].join(' · ');
    drawRuler(this.ruler, scale, { width: wide, height: high });
    this.layer.replaceChildren(...this.#holes());
    if (host.crossed) this.layer.append(...this.#cross(wide, high));
    const labels = [];
    for (const mark of host.marks(plane)) {
      const { node, label } = this.#mark(mark);
      this.layer.append(node);
      labels.push(label);
    }
    const measured = host.measures?.over(this) ?? { shapes: [], labels: [] };
    this.layer.append(...measured.shapes);
    this.#label([...measured.labels, ...labels], { width: wide, height: high });
  }

  /** Labels so that none lies on another; one that had to give way is tied to its own by a line. */
  #label(labels, within) {
    const sized = labels.map((label) => ({
      ...label,
      width: 10 + 7 * Math.max(...label.lines.map((line) => line.length)),
      height: 4 + LINE * label.lines.length,
    }));
    layLabels(sized, within).forEach((box, at) => {
      const { lines, kind, anchor, name } = sized[at];
      const node = svg('g', { class: `plane-label ${kind}`, 'data-label': name });
      if (box.moved) node.append(svg('line', { class: 'leader', ...leader(box, anchor) }));
      lines.forEach((line, row) => {
        const text = svg('text', { x: box.x + 5, y: box.y + 13 + row * LINE });
        text.textContent = line;
        node.append(text);
      });
      this.layer.append(node);
    });
  }

  /** Where slices are missing it is hatched: black alone might be taken for air. */
  #holes() {
    const found = holesIn(this.host.volume.frame, this.plane);
    if (!found) return [];
    const stripes = svg('pattern', { id: `hatch-${this.name}`, width: 8, height: 8, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' });
    stripes.append(svg('line', { class: 'hatch', x1: 0, y1: 0, x2: 0, y2: 8 }));
    const boxes = found.spans.map(([from, to]) => {
      const [a, b] = found.upright ? [[0, from], [this.width, to]] : [[from, 0], [to, this.height]];
      const [[x, y], [right, bottom]] = [this.#toScreen(a), this.#toScreen(b)];
      return svg('rect', { class: 'hole', x, y, width: right - x, height: bottom - y, fill: `url(#hatch-${this.name})` });
    });
    return [svg('defs', {}, stripes), ...boxes];
  }

  /** Two lines that leave the place itself open. */
  #cross(wide, high) {
    const [x, y] = this.screenOf(this.host.crosshair).map((at) => Math.round(at) + 0.5);
    const line = (x1, y1, x2, y2) => svg('line', { class: 'cross', x1, y1, x2, y2 });
    return [line(0, y, x - GAP, y), line(x + GAP, y, wide, y), line(x, 0, x, y - GAP), line(x, y + GAP, x, high)];
  }

  #mark({ finding, low, high, on }) {
    const ends = [low, high].map((voxel) => this.#toScreen(voxelToPlane(this.host.volume.frame, this.plane, voxel)));
    const [x, y] = [0, 1].map((axis) => Math.min(ends[0][axis], ends[1][axis]) - 3);
    const [width, height] = [0, 1].map((axis) => Math.abs(ends[0][axis] - ends[1][axis]) + 6);
    const box = { x, y, width, height, rx: 4 };
    const node = svg('g', { class: `mark own${on ? ' on' : ''}${finding.origin === 'human' ? ' own-finding' : ''}`, 'data-plane-mark': finding.key });
    node.append(svg('rect', { ...box, class: 'under' }), svg('rect', { ...box, class: 'over' }));
    const label = { anchor: [x + width, y], want: [x + width, y - 4], lines: [String(finding.number)], kind: 'of-finding', name: finding.key };
    return { node, label };
  }
}
