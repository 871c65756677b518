/**
 * Three planes with one crosshair, or one plane as a thick slab, cut from the slices the browser holds. It lies
 * over the stage and answers to the same acts as a pane, so it works with either renderer and without WebGL.
 */
import { element, publish } from '../lib/dom.js';
import { PlaneView } from './plane-view.js';
import { bindPlane } from './plane-input.js';
import { frameOf, heightAt, sliceAt, worldToVoxel } from './reformat.js';
import { Slices } from './slices.js';

const LAYOUTS = { three: ['axial', 'coronal', 'sagittal'], slab: ['stack'] };
export const SLABS = [5, 10, 15, 20];
// Half a gigabyte of 16-bit voxels; of a longer series every second slice is taken, and that is said.
const MAX_VOXELS = 256 * 1024 ** 2;

export class Planes {
  layout = null;
  /** What is measured in the planes (plane-measures.js), once the page has measurements. */
  measures = null;
  slabMm = 10;
  thick = false;
  zoom = 1;
  #views = [];
  #active = null;
  #loading = null;
  #frame = 0;
  #laid = null;

  /** `host`: {root, say, pane(), seriesOf(pane), findings(), marked(), chosen(), choose(key), tool(), told()}. */
  constructor(host) {
    Object.assign(this, { host, say: host.say });
    publish({ planes: 'off', slab: 'off' });
    new ResizeObserver(() => this.#draw()).observe(host.root);
  }

  /** Whether the images in front were meant to make a volume; a reason against it is said when one is asked for. */
  get offered() {
    return Boolean(this.host.seriesOf(this.host.pane())?.volume);
  }

  toggle(layout) {
    if (this.layout === 'three' && layout === 'slab') this.#setThick(!this.thick);
    else if (this.layout === layout) this.close();
    else this.open(layout);
  }

  open(layout) {
    const pane = this.host.pane();
    const series = this.host.seriesOf(pane);
    if (!series?.volume || series.volume.refused) {
      this.#refuse(series?.volume ?? { refused: 'kind' });
      return;
    }
    const kept = this.volume?.series === series ? this.crosshair : null;
    this.#leave();
    Object.assign(this, { layout, pane, zoom: 1 });
    if (!kept) this.#fill(series);
    this.crosshair = kept ?? this.#start(series, pane);
    if (!kept) this.#takeGreys(pane);
    this.thick = layout === 'slab';
    this.#views = LAYOUTS[layout].map((name) => new PlaneView(name, this));
    this.activate(this.#views[0]);
    this.status = element('p', { class: 'planes-status', role: 'status' });
    this.root = element('div', { class: `planes ${layout}` }, ...this.#views.map((view) => view.root), this.status);
    this.#views.forEach((view) => bindPlane(view, this));
    this.host.root.append(this.root);
    this.#tellLoaded();
    this.changed();
    publish({ planes: layout });
    this.host.told();
  }

  /** Back to the stack, at the slice and in the greys of the planes; `back` false: another series takes its place. */
  close(back = true) {
    if (!this.layout) return;
    const { pane } = this;
    const wanted = Math.min(pane.count - 1, Math.round(this.crosshair[2]) * this.volume.every);
    const { lower, upper } = this.range;
    this.#leave();
    this.#loading?.stop();
    this.volume = null;
    publish({ planes: 'off', slab: 'off', crosshair: null });
    if (back && pane.viewport) {
      pane.setWindow(upper - lower, (upper + lower) / 2);
      pane.goTo(wanted);
    }
    this.host.told();
  }

  /** Another plan of the stage (`laid`) puts the planes away: what they came from may hang there no longer. */
  follow(laid) {
    if (laid !== this.#laid) this.close(false);
    this.#laid = laid;
  }

  #leave() {
    this.root?.remove();
    this.layout = null;
    this.#views = [];
  }

  #refuse({ refused, after }) {
    this.note(this.say(`planes_${refused}`, { n: after, next: after + 1 }));
    publish({ planes: 'refused' });
  }

  /** Says something over the images until the next press of a key or a button. */
  note(text) {
    const note = element('p', { class: 'stage-note', role: 'status', text });
    this.host.root.querySelector('.stage-note')?.remove();
    this.host.root.append(note);
    const away = () => {
      note.remove();
      if (!this.layout) publish({ planes: 'off' });
    };
    const page = this.host.root.ownerDocument;
    for (const kind of ['keydown', 'pointerdown']) page.addEventListener(kind, away, { once: true, capture: true });
  }

  #fill(series) {
    const [{ rows, columns }] = series.images;
    const every = Math.max(1, Math.ceil((rows * columns * series.images.length) / MAX_VOXELS));
    const ids = this.pane.imageIds.filter((_id, index) => index % every === 0);
    const frame = frameOf(series.volume, { rows, columns, count: ids.length, every });
    this.volume = { series, frame, rows, columns, every, slices: ids.map(() => null), arrived: 0, failed: 0 };
    const { volume } = this;
    this.#loading?.stop();
    this.#loading = new Slices(ids, {
      arrived: (k, pixels) => {
        volume.slices[k] = pixels;
        volume.arrived += 1;
        this.#tellLoaded();
        this.changed();
      },
      failed: () => {
        volume.failed += 1;
        this.#tellLoaded();
      },
    });
    this.#loading.load(Math.round(this.pane.index / every) % ids.length);
  }

  #tellLoaded() {
    const { slices, arrived, failed, every, series } = this.volume;
    const { gaps, tilt } = series.volume;
    const words = [];
    if (arrived + failed < slices.length) words.push(this.say('planes_loading', { n: arrived, count: slices.length }));
    if (failed) words.push(this.say('planes_failed', { count: failed }));
    if (every > 1) words.push(this.say('planes_every', { n: every }));
    if (gaps) words.push(this.say('planes_uneven', { least: gaps[0].toFixed(1), most: gaps[1].toFixed(1) }));
    if (this.volume.frame.holes.length) words.push(this.say('planes_holes', { count: this.volume.frame.holes.length }));
    if (tilt) words.push(this.say('planes_tilted', { degrees: tilt.toFixed(1) }));
    if (this.status) this.status.textContent = words.join(' · ');
    publish({ planeSlices: `${arrived}/${slices.length}` });
  }

  #start(series, pane) {
    const { frame, every } = this.volume;
    const finding = this.host.findings().find((one) => one.key === this.host.chosen());
    const box = finding ? this.#extent(finding) : null;
    const k = Math.round(pane.index / every);
    if (box && Math.abs(box.centre[2] - k) < 1) return box.centre;
    return [Math.floor(frame.dims[0] / 2), Math.floor(frame.dims[1] / 2), Math.min(k, frame.dims[2] - 1)];
  }

  #takeGreys(pane) {
    const { voiRange, invert } = pane.viewport.getProperties();
    this.opened = { range: { ...voiRange }, inverted: Boolean(invert) };
    Object.assign(this, { range: { ...voiRange }, inverted: Boolean(invert) });
  }

  /** What a finding covers, in voxels; its depth is as its size, for a box says nothing of that. */
  #extent(finding) {
    const { series, frame, every } = this.volume;
    const at = series.images.findIndex((image) => image.sop_uid === finding.sop_uid && image.frame === finding.frame);
    if (at < 0 || !finding.box) return null;
    const [x0, y0, x1, y1] = finding.box;
    const k = Math.min(frame.dims[2] - 1, Math.round(at / every));
    const [a, b] = [frame.shift[0][k], frame.shift[1][k]];
    const size = finding.size_mm ?? ((x1 - x0) * frame.spacing[0] + (y1 - y0) * frame.spacing[1]) / 2;
    const [bottom, top] = [-size / 2, size / 2].map((by) => sliceAt(frame, heightAt(frame, k) + by));
    const low = [x0 - 0.5 + a, y0 - 0.5 + b, Math.min(k - 0.5, bottom)];
    const high = [x1 - 0.5 + a, y1 - 0.5 + b, Math.max(k + 0.5, top)];
    return { finding, low, high, centre: [0, 1, 2].map((axis) => Math.round((low[axis] + high[axis]) / 2)) };
  }

  // What a plane asks of its surroundings

  get slab() {
    return this.thick ? this.slabMm : 0;
  }

  get crossed() {
    return this.layout === 'three';
  }

  tool() {
    return this.host.tool();
  }

  marks(plane) {
    const at = this.crosshair[plane.w];
    // What a reader added is no mark of the AI's, so it stays when those go.
    const standing = this.host.findings().filter((finding) => finding.state !== 'REJECTED');
    const drawn = standing.filter((finding) => this.host.marked() || finding.origin === 'human');
    const found = drawn.flatMap((finding) => this.#extent(finding) ?? []);
    const passed = found.filter(({ low, high }) => at >= low[plane.w] - 0.5 && at <= high[plane.w] + 0.5);
    return passed.map((extent) => ({ ...extent, on: extent.finding.key === this.host.chosen() }));
  }

  activate(view) {
    this.#active = view;
    this.#views.forEach((one) => one.root.classList.toggle('on', one === view && this.crossed));
  }

  /** The next plane answers to the keys. */
  nextPlane() {
    if (!this.crossed) return;
    const at = this.#views.indexOf(this.#active);
    this.activate(this.#views[(at + 1) % this.#views.length]);
    publish({ plane: this.#active.name });
  }

  /** The plane that answers to the keys fills the stage, or all three stand again. */
  enlarge() {
    if (!this.crossed) return;
    const big = this.root.classList.toggle('one');
    this.#views.forEach((view) => view.root.classList.toggle('big', big && view === this.#active));
    this.changed();
  }

  crossAt(voxel) {
    this.crosshair = voxel;
    this.changed();
  }

  pan(view, [x, y]) {
    view.pan = [view.pan[0] + x, view.pan[1] + y];
    this.changed();
  }

  zoomBy(factor) {
    const zoom = Math.max(0.5, Math.min(20, this.zoom * factor));
    this.#views.forEach((view) => {
      view.pan = view.pan.map((part) => (part * zoom) / this.zoom);
    });
    this.zoom = zoom;
    this.changed();
  }

  /** By a drag of so many screen pixels: finer in a narrow window. */
  windowBy(across, down) {
    const { lower, upper } = this.range;
    const step = Math.max(0.25, (upper - lower) / 300);
    this.setWindow(Math.max(1, upper - lower + across * step), (upper + lower) / 2 + down * step);
  }

  // What the page asks, as of a pane

  get index() {
    return this.#active?.index ?? 0;
  }

  get count() {
    return this.#active?.count ?? 0;
  }

  async goTo(index) {
    const axis = this.#active.plane.w;
    this.crosshair = this.crosshair.map((at, each) => (each === axis ? Math.max(0, Math.min(this.count - 1, index)) : at));
    this.changed();
  }

  scroll(by) {
    return this.goTo(this.index + by);
  }

  setWindow(width, level) {
    this.range = { lower: level - width / 2, upper: level + width / 2 };
    this.changed();
  }

  toggleInvert() {
    this.inverted = !this.inverted;
    this.changed();
  }

  reset() {
    Object.assign(this, { zoom: 1, inverted: this.opened.inverted, range: { ...this.opened.range } });
    this.#views.forEach((view) => {
      view.pan = [0, 0];
    });
    this.changed();
  }

  #setThick(thick) {
    this.thick = thick;
    this.changed();
    this.host.told();
  }

  setSlab(mm) {
    this.slabMm = mm;
    if (this.layout) this.changed();
    this.host.told();
  }

  /** To the place of a finding that was chosen. */
  goToFinding(finding) {
    const extent = this.layout ? this.#extent(finding) : null;
    if (extent) this.crosshair = extent.centre;
    if (this.layout) this.changed();
  }

  /** To the plane in which a measure lies. */
  goToPlaces(places) {
    if (!this.layout) return;
    const { frame } = this.volume;
    const voxels = places.map((place) => worldToVoxel(frame, place));
    this.crosshair = frame.dims.map((size, axis) => {
      const middle = voxels.reduce((sum, voxel) => sum + voxel[axis], 0) / voxels.length;
      return Math.max(0, Math.min(size - 1, Math.round(middle)));
    });
    this.changed();
  }

  changed() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    if (!this.layout) return;
    this.#views.forEach((view) => view.draw());
    const { lower, upper } = this.range;
    publish({
      crosshair: this.crosshair.join(' '),
      slab: this.thick ? this.slabMm : 'off',
      window: `${Math.round(upper - lower)}/${Math.round((upper + lower) / 2)}`,
      invert: this.inverted,
    });
  }
}
