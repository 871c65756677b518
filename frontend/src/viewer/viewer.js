/**
 * The images of one study, as the rest of the page knows them: it opens them and passes acts on.
 * Panes and their places are the stage's (stage.js), marks are marking.js's.
 */
import { element, publish } from '../lib/dom.js';
import { windowOf } from './corner-text.js';
import { hang } from './hanging.js';
import { Marking } from './marking.js';
import { bindLoupe } from './loupe.js';
import { Prefetch } from './prefetch.js';
import { start } from './setup.js';
import { Stage } from './stage.js';
import { imageId, openingSeries, placeOf, readable } from './stacks.js';
import { chooseTool, makeToolGroup, removeChosen } from './tools.js';
import { fitOrActual, flip, rotate, straighten, zoom } from './turning.js';

export class Viewer {
  tool = 'scroll';
  #rendered = 0;
  #firstDrawn = Promise.withResolvers();
  #listeners = new Set();
  #prefetch = new Prefetch();

  /** `stage`: the element to fill. `room`: the page's data. `say`: its words. */
  constructor({ stage, room, say, selection, renderer }) {
    Object.assign(this, { room, say, selection });
    this.series = readable(room.series);
    this.presets = room.presets;
    this.mammography = room.hang === 'mammography' && hang(this.series).slots.some((slot) => slot.image);
    this.others = [];
    const { engine, cpu } = start(renderer);
    Object.assign(this, { engine, cpu });
    this.group = makeToolGroup('reading-room', {
      say,
      cpu,
      imageOf: (viewport) => this.panes.find((pane) => pane.viewport === viewport)?.image ?? null,
      field: () => stage,
    });
    this.marking = new Marking({
      findings: () => this.findings,
      series: () => this.series,
      chosen: () => selection.key,
    });
    this.stage = new Stage(stage, this.#paneHost());
    this.stage.listen((pane) => bindLoupe(pane, () => this.tool === 'loupe'));
    this.useTool(this.mammography ? 'window' : 'scroll');
    publish({ renderer: cpu ? 'cpu' : 'gpu', rendered: 0, slice: '' });
    selection.listen((key, from) => this.#chosen(key, from));
  }

  #paneHost() {
    return {
      engine: this.engine,
      cpu: this.cpu,
      group: this.group,
      scrolls: () => this.tool === 'scroll',
      say: this.say,
      marksFor: (image) => this.marking.over(image),
      heat: () => (this.marking.heat ? this.marking.strength : 0),
      choose: (key) => this.selection.choose(key, 'mark'),
      changed: (pane) => this.#changed(pane),
      rendered: (pane) => this.#counted(pane),
    };
  }

  get findings() {
    return this.room.findings;
  }

  get panes() {
    return this.stage.panes;
  }

  get active() {
    return this.stage.active;
  }

  get enlarged() {
    return this.stage.enlarged;
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener(this);
  }

  /** Opens the study. Resolves when its first image, or the sentence in its place, is on the screen. */
  async open() {
    if (this.series.length === 0) {
      this.stage.root.append(element('p', { class: 'no-image', text: this.say('no_images') }));
      publish({ viewer: 'error' });
      return;
    }
    await (this.mammography ? this.#openFilms() : this.#openStack());
    await this.#firstDrawn.promise;
    publish({ viewer: this.panes.every((pane) => pane.failed || !pane.count) ? 'error' : 'ready' });
    this.#tell();
  }

  async #openStack() {
    this.stage.root.classList.add('stack');
    const pane = this.stage.add('main');
    pane.enable();
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
    this.stage.root.classList.add('films');
    const { slots, others } = hang(this.series);
    const opening = slots.map(({ side, view, image }) => {
      const pane = this.stage.add(`${side}${view}`, side === 'R' ? 'right-breast' : 'left-breast');
      if (!image) {
        pane.showMissing(this.say('view_missing', { view: this.say(`view_${side}${view}`) }));
        return null;
      }
      pane.enable();
      return pane.open({ images: [image], title: `${side} ${view}`, hanging: { side, view } });
    });
    this.others = others;
    const first = this.findings[0];
    this.activate(this.stage.paneOf(first) ?? this.panes.find((pane) => pane.count));
    await Promise.all(opening);
    this.stage.align();
    if (first && this.stage.paneOf(first)) this.selection.choose(first.key, 'opening');
  }

  async #chosen(key, from) {
    const finding = this.findings.find((one) => one.key === key);
    publish({ finding: finding ? finding.number : null });
    if (finding && from !== 'opening' && from !== 'mark') await this.#jump(finding);
    this.refresh();
  }

  async #jump(finding) {
    if (this.mammography) {
      const pane = this.stage.paneOf(finding);
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
    this.stage.activate(pane);
  }

  /** One film fills the stage, or all stand again. */
  enlarge(pane = this.active) {
    if (this.mammography) this.stage.enlarge(pane);
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
    this.panes.forEach((pane) => {
      straighten(pane);
      pane.reset();
    });
    if (this.mammography) this.stage.resized();
  }

  get marks() {
    return this.marking.on;
  }

  get heat() {
    return this.marking.heat;
  }

  get strength() {
    return this.marking.strength;
  }

  get hasHeat() {
    return this.marking.hasHeat;
  }

  toggleMarks() {
    this.marking.toggle();
    this.refresh();
  }

  toggleHeat() {
    if (!this.hasHeat) return;
    this.marking.toggleHeat();
    this.refresh();
  }

  /** `strength`: 0–1. */
  setHeat(strength) {
    this.marking.strength = strength;
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

  toggleTool(name) {
    this.useTool(this.tool === name ? (this.mammography ? 'window' : 'scroll') : name);
  }

  removeMeasure() {
    removeChosen(this.panes.flatMap((pane) => pane.viewport ?? []));
  }

  rotate() {
    rotate(this.active);
  }

  /** `axis` 0: left to right, 1: top to bottom, on the screen. */
  flip(axis) {
    flip(this.active, axis);
  }

  zoom(larger) {
    zoom(this.active, larger);
  }

  fit() {
    fitOrActual(this.active);
  }

  /** The marks, or what they come from, changed: other findings, the same images. */
  refresh() {
    this.panes.forEach((pane) => pane.drawMarks());
    this.#tell();
  }

  /** Films that have no place among the four, one after the other, over the whole stage. */
  async showOthers() {
    let pane = this.stage.find('others');
    if (!pane) {
      pane = this.stage.add('others', 'extra');
      pane.images = this.others;
      pane.imageIds = this.others.map(imageId);
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
