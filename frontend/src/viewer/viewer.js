/** The images of one study: panes, windows, marks, and the finding that is chosen. */
import { publish } from '../lib/dom.js';
import { windowOf } from './corner-text.js';
import { zoomAt } from './geometry.js';
import { commonScale, hang } from './hanging.js';
import { Pane } from './pane.js';
import { Prefetch } from './prefetch.js';
import { start } from './setup.js';
import { imageId, nearness, openingSeries, placeOf, readable } from './stacks.js';
import { chooseTool, makeToolGroup } from './tools.js';

export class Viewer {
  panes = [];
  active = null;
  enlarged = null;
  marks = true;
  heat = false;
  strength = 0.6;
  tool = 'scroll';
  #rendered = 0;
  #firstDrawn = Promise.withResolvers();
  #listeners = new Set();
  #prefetch = new Prefetch();

  /** `stage`: the element to fill. `room`: the page's data. `say`: its words. */
  constructor({ stage, room, say, selection, renderer }) {
    Object.assign(this, { stage, room, say, selection });
    this.series = readable(room.series);
    this.presets = room.presets;
    this.mammography = room.hang === 'mammography' && hang(this.series).slots.some((slot) => slot.image);
    this.others = [];
    const { engine, cpu } = start(renderer);
    this.engine = engine;
    this.cpu = cpu;
    this.group = makeToolGroup('reading-room');
    this.useTool(this.mammography ? 'window' : 'scroll');
    publish({ renderer: cpu ? 'cpu' : 'gpu', marks: 'on', heat: 'off', rendered: 0, slice: '' });
    selection.listen((key, from) => this.#chosen(key, from));
    this.stage.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#resized()).observe(this.stage);
  }

  get findings() {
    return this.room.findings;
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener(this);
  }

  #pane(id) {
    const pane = new Pane(id, {
      engine: this.engine,
      cpu: this.cpu,
      group: this.group,
      scrolls: () => this.tool === 'scroll',
      say: this.say,
      marksFor: (image) => this.#marksFor(image),
      heat: () => (this.heat ? this.strength : 0),
      choose: (key) => this.selection.choose(key, 'mark'),
      changed: (changed) => this.#changed(changed),
      rendered: (drawn) => this.#counted(drawn),
    });
    pane.root.addEventListener('pointerdown', () => this.activate(pane));
    pane.root.addEventListener('dblclick', () => this.enlarge(pane));
    return pane;
  }

  /** Opens the study. Resolves when its first image, or the sentence in its place, is on the screen. */
  async open() {
    if (this.series.length === 0) {
      this.stage.append(this.#emptySentence());
      publish({ viewer: 'error' });
      return;
    }
    await (this.mammography ? this.#openFilms() : this.#openStack());
    await this.#firstDrawn.promise;
    publish({ viewer: this.panes.every((pane) => pane.failed || !pane.count) ? 'error' : 'ready' });
    this.#tell();
  }

  #emptySentence() {
    const node = document.createElement('p');
    node.className = 'no-image';
    node.textContent = this.say('no_images');
    return node;
  }

  async #openStack() {
    this.stage.classList.add('stack');
    const pane = this.#pane('main');
    this.stage.append(pane.root);
    pane.enable();
    this.panes = [pane];
    this.activate(pane);
    const first = this.findings[0];
    const place = placeOf(first, this.series);
    this.at = place ? place.series : openingSeries(this.series, this.findings);
    const middle = Math.floor(this.series[this.at].images.length / 2);
    await this.#openSeries(this.at, place ? place.index : middle);
    if (place) this.selection.choose(first.key, 'opening');
  }

  async #openSeries(at, index) {
    this.at = at;
    const series = this.series[at];
    const preset = series.modality === 'CT' ? this.presets[0] : null;
    const named = series.description || series.modality;
    await this.panes[0].open({
      images: series.images,
      index,
      title: named,
      window: preset ? { width: preset.width, level: preset.level } : null,
    });
    this.#tell();
  }

  async #openFilms() {
    this.stage.classList.add('films');
    const { slots, others } = hang(this.series);
    const opening = slots.map(({ side, view, image }) => {
      const pane = this.#pane(`${side}${view}`);
      pane.root.classList.add(side === 'R' ? 'right-breast' : 'left-breast');
      this.stage.append(pane.root);
      this.panes.push(pane);
      if (!image) {
        pane.showMissing(this.say('view_missing', { view: this.say(`view_${side}${view}`) }));
        return null;
      }
      pane.enable();
      return pane.open({ images: [image], title: `${side} ${view}`, hanging: { side, view } });
    });
    this.others = others;
    const first = this.findings[0];
    this.activate(this.#paneOf(first) ?? this.panes.find((pane) => pane.count));
    await Promise.all(opening);
    this.#hangAll();
    if (first && this.#paneOf(first)) this.selection.choose(first.key, 'opening');
  }

  #hangAll() {
    const shown = this.panes.filter((pane) => pane.opened && pane.hanging && !pane.failed && pane.surface.clientHeight > 0);
    const [one] = shown;
    if (!one) return;
    const size = { width: one.surface.clientWidth, height: one.surface.clientHeight };
    const scale = commonScale(shown.map((pane) => pane.extent), size);
    for (const pane of shown) {
      pane.scale = scale;
      pane.hang();
    }
  }

  #paneOf(finding) {
    if (!finding) return null;
    return this.panes.find((pane) => pane.images.some((image) => image.sop_uid === finding.sop_uid)) ?? null;
  }

  async #chosen(key, from) {
    const finding = this.findings.find((one) => one.key === key);
    publish({ finding: finding ? finding.number : null });
    if (finding && from !== 'opening' && from !== 'mark') await this.#jump(finding);
    this.panes.forEach((pane) => pane.drawMarks());
    this.#tell();
  }

  async #jump(finding) {
    if (this.mammography) {
      const pane = this.#paneOf(finding);
      if (!pane) return;
      this.activate(pane);
      if (this.enlarged && this.enlarged !== pane) this.enlarge(pane);
      return;
    }
    const place = placeOf(finding, this.series);
    if (!place) return;
    if (place.series !== this.at) await this.#openSeries(place.series, place.index);
    else await this.panes[0].goTo(place.index);
  }

  #marksFor(image) {
    if (!(this.marks || this.heat) || !image) return [];
    return this.findings.flatMap((finding) => {
      const place = placeOf(finding, this.series);
      const own = place ? this.series[place.series].images[place.index] : null;
      const how = nearness(finding, image, own);
      return how ? [{ finding, how, on: finding.key === this.selection.key, drawn: this.marks }] : [];
    });
  }

  #changed(pane) {
    publish({ failures: this.panes.filter((one) => one.failed).length });
    if (!this.mammography) this.#prefetch.around(pane.imageIds, pane.index);
    this.#tell();
  }

  /** What the page says of its slice is what stands on the screen, marks and all. */
  #counted(pane) {
    this.#rendered += 1;
    if (pane === this.active) publish({ slice: pane.index + 1, slices: pane.count });
    if (pane === this.active && !pane.failed) {
      const { voiRange, invert } = pane.viewport.getProperties();
      const shown = windowOf(voiRange);
      publish({ window: shown ? `${shown.width}/${shown.level}` : '', invert: Boolean(invert) });
    }
    publish({ rendered: this.#rendered });
    this.#firstDrawn.resolve();
  }

  activate(pane) {
    if (!pane?.count && pane !== this.panes[0]) return;
    this.active = pane;
    this.panes.forEach((one) => one.root.classList.toggle('on', one === pane && this.panes.length > 1));
    publish({ activePane: pane.id, slice: pane.index + 1, slices: pane.count });
  }

  /** One film fills the stage, or all four stand again. */
  enlarge(pane = this.active) {
    if (!this.mammography || !pane?.count) return;
    this.enlarged = this.enlarged === pane ? null : pane;
    this.stage.classList.toggle('one', Boolean(this.enlarged));
    this.panes.forEach((one) => one.root.classList.toggle('big', one === this.enlarged));
    this.activate(pane);
    publish({ enlarged: this.enlarged ? pane.id : null });
    this.#resized();
  }

  #resized() {
    if (!this.panes.some((pane) => pane.viewport) || !this.stage.clientHeight) return;
    this.engine.resize(true, true);
    if (!this.mammography) return;
    if (!this.enlarged) this.#hangAll();
    else if (this.enlarged.hanging && this.enlarged.extent) {
      const { clientWidth: width, clientHeight: height } = this.enlarged.surface;
      this.enlarged.scale = commonScale([this.enlarged.extent], { width, height });
      this.enlarged.hang();
    }
  }

  #wheel(event) {
    event.preventDefault();
    const pane = this.panes.find((one) => one.root.contains(event.target));
    if (!pane?.opened) return;
    const down = event.deltaY > 0 ? 1 : -1;
    if (pane.count > 1 && !event.ctrlKey) {
      pane.scroll(down);
      return;
    }
    const frame = pane.surface.getBoundingClientRect();
    zoomAt(pane.viewport, down > 0 ? 1 / 1.12 : 1.12, [event.clientX - frame.left, event.clientY - frame.top]);
    pane.viewport.render();
  }

  scroll(by) {
    return this.active?.scroll(by);
  }

  /** To the first (`-1`) or the last (`1`) image. */
  toEnd(which) {
    return this.active?.goTo(which < 0 ? 0 : this.active.count - 1);
  }

  preset(preset) {
    this.active?.setWindow(preset.width, preset.level);
  }

  invert() {
    this.panes.filter((pane) => pane.opened).forEach((pane) => pane.toggleInvert());
  }

  reset() {
    this.panes.forEach((pane) => pane.reset());
    if (this.mammography) this.#resized();
  }

  toggleMarks() {
    this.marks = !this.marks;
    publish({ marks: this.marks ? 'on' : 'off' });
    this.panes.forEach((pane) => pane.drawMarks());
    this.#tell();
  }

  get hasHeat() {
    return this.findings.some((finding) => finding.heat_map);
  }

  toggleHeat() {
    if (!this.hasHeat) return;
    this.heat = !this.heat;
    publish({ heat: this.heat ? 'on' : 'off' });
    this.panes.forEach((pane) => pane.drawMarks());
    this.#tell();
  }

  /** `strength`: 0–1. */
  setHeat(strength) {
    this.strength = strength;
    this.panes.forEach((pane) => pane.drawMarks());
  }

  stepFinding(by) {
    this.selection.step(this.findings.map((finding) => finding.key), by);
  }

  useTool(name) {
    this.tool = name;
    chooseTool(this.group, name);
    publish({ tool: name });
    this.#tell();
  }

  toggleLength() {
    this.useTool(this.tool === 'length' ? (this.mammography ? 'window' : 'scroll') : 'length');
  }

  /** The study's data changed: other findings, the same images. */
  refresh() {
    this.panes.forEach((pane) => pane.drawMarks());
    this.#tell();
  }

  /** Films that have no place among the four, one after the other, over the whole stage. */
  async showOthers() {
    let pane = this.panes.find((one) => one.id === 'others');
    if (!pane) {
      pane = this.#pane('others');
      pane.images = this.others;
      pane.imageIds = this.others.map(imageId);
      pane.root.classList.add('extra');
      this.stage.append(pane.root);
      this.panes.push(pane);
    }
    if (this.enlarged !== pane) this.enlarge(pane);
    if (!pane.viewport) {
      pane.enable();
      await pane.open({ images: this.others, title: this.say('other_title') });
    }
  }

  async openSeries(at) {
    await this.#openSeries(at, Math.floor(this.series[at].images.length / 2));
  }
}
