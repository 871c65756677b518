/**
 * The images of one study, as the rest of the page knows them: it opens them and passes acts on.
 * Panes and their places are the stage's (stage.js), marks are marking.js's.
 */
import { drawn, element, publish } from '../lib/dom.js';
import { Cine } from './cine.js';
import { windowOf } from './corner-text.js';
import { Hanging } from './hangings.js';
import { Marking } from './marking.js';
import { bindLoupe } from './loupe.js';
import { Planes } from './planes.js';
import { Prefetch } from './prefetch.js';
import { start } from './setup.js';
import { Stage } from './stage.js';
import { imageId, placeOf, readable } from './stacks.js';
import { chooseTool, makeToolGroup, removeChosen } from './tools.js';
import { fitOrActual, flip, rotate, straighten, zoom } from './turning.js';

export class Viewer {
  tool = 'scroll';
  #rendered = 0;
  #firstDrawn = Promise.withResolvers();
  #listeners = new Set();
  #prefetch = new WeakMap();

  /** `stage`: the element to fill. `room`: the page's data. `say`: its words. */
  constructor({ stage, room, say, selection, renderer }) {
    Object.assign(this, { room, say, selection });
    this.series = readable(room.series);
    this.presets = room.presets;
    const { engine, cpu } = start(renderer);
    Object.assign(this, { engine, cpu });
    this.group = makeToolGroup('reading-room', {
      say,
      cpu,
      imageOf: (viewport) => this.panes.find((pane) => pane.viewport === viewport)?.image ?? null,
      field: () => stage,
    });
    this.marking = new Marking({
      findings: () => [...this.findings, ...this.hanging.priorFindings],
      series: () => this.hanging.allSeries,
      chosen: () => selection.key,
    });
    this.stage = new Stage(stage, this.#paneHost());
    const { series } = this;
    this.hanging = new Hanging({ room, series, findings: () => this.findings, stage: this.stage, say });
    this.stage.listen((pane) => bindLoupe(pane, () => this.tool === 'loupe'));
    this.planes = new Planes(this.#planesHost(stage));
    this.hanging.listen(() => this.planes.follow(this.hanging.plan));
    const scrolls = () => this.tool === 'scroll';
    this.cine = new Cine({ root: stage, front: () => this.front, scrolls, told: () => this.#tell() });
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
      choose: (key) => this.#chooseMark(key),
      changed: (pane) => this.#changed(pane),
      rendered: (pane) => this.#counted(pane),
    };
  }

  #planesHost(root) {
    return {
      root,
      say: this.say,
      pane: () => this.active,
      seriesOf: (pane) => this.hanging.allSeries.find((one) => one.images === pane?.images) ?? null,
      findings: () => this.findings,
      marked: () => this.marking.on,
      chosen: () => this.selection.key,
      choose: (key) => this.selection.choose(key, 'mark'),
      tool: () => this.tool,
      told: () => this.#tell(),
    };
  }

  /** What answers to scrolling and greys now: the planes while they are open, else the active pane. */
  get front() {
    return this.planes.layout ? this.planes : this.active;
  }

  get findings() {
    return this.room.findings;
  }

  get mammography() {
    return this.hanging.mammography;
  }

  /** Images that have no place among the films. */
  get others() {
    return this.hanging.others;
  }

  /** Which series the active stack shows, else the first that stands there. */
  get at() {
    const shown = (pane) => this.series.findIndex((one) => one.images[0].url === pane?.images[0]?.url);
    const active = shown(this.active);
    return active >= 0 ? active : Math.max(0, shown(this.panes[0]));
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
    const [first] = this.findings;
    await this.hanging.open(first);
    const pane = this.stage.paneOf(first);
    if (pane) {
      this.activate(pane);
      this.selection.choose(first.key, 'opening');
    }
    await this.#firstDrawn.promise;
    await drawn();
    publish({ viewer: this.panes.every((pane) => pane.failed || !pane.count) ? 'error' : 'ready' });
    this.#tell();
  }

  /** Another series of this study in the active stack, else in the first that shows this study. */
  async #openSeries(at, index) {
    this.planes.close(false);
    const own = (pane) => pane?.count && !pane.root.classList.contains('prior');
    const pane = own(this.active) ? this.active : this.panes.find(own);
    const series = this.series[at];
    const [preset] = series.modality === 'CT' ? this.presets : [];
    await pane.open({
      images: series.images,
      index,
      title: series.description || series.modality,
      window: preset ? { width: preset.width, level: preset.level } : null,
    });
    this.activate(pane);
    this.#tell();
  }

  /** A mark on an earlier image stands for today's finding of the same lesion, where there is one. */
  #chooseMark(key) {
    const pair = this.hanging.prior?.pairs.find((one) => `prior:${one.prior}` === key && one.state !== 'rejected');
    if (pair) this.selection.choose(pair.finding, 'mark');
    else if (!key.startsWith('prior:')) this.selection.choose(key, 'mark');
  }

  async #chosen(key, from) {
    const finding = this.findings.find((one) => one.key === key);
    publish({ finding: finding ? finding.number : null });
    this.cine.stop();
    if (finding && from !== 'opening' && from !== 'mark') await this.#jump(finding);
    if (finding) this.planes.goToFinding(finding);
    this.refresh();
  }

  async #jump(finding) {
    const pane = this.stage.paneOf(finding);
    if (pane) {
      this.activate(pane);
      if (this.enlarged && this.enlarged !== pane) this.enlarge(pane);
    }
    if (this.mammography) return;
    const place = placeOf(finding, this.series);
    if (!place) return;
    if (pane) await pane.goTo(place.index);
    else await this.#openSeries(place.series, place.index);
    await this.hanging.meet(finding.key);
  }

  #changed(pane) {
    publish({ failures: this.panes.filter((one) => one.failed).length });
    if (pane.count > 1 && (pane === this.active || pane.root.classList.contains('prior'))) {
      if (!this.#prefetch.has(pane)) this.#prefetch.set(pane, new Prefetch());
      this.#prefetch.get(pane).around(pane.imageIds, pane.index);
    }
    this.hanging.follow(pane);
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
    if (!pane.failed) this.hanging.drawn(pane);
    publish({ rendered: this.#rendered });
    this.#firstDrawn.resolve();
  }

  activate(pane) {
    this.stage.activate(pane);
  }

  /** One place fills the stage, or all stand again. */
  enlarge(pane = this.active) {
    this.stage.enlarge(pane);
  }

  scroll(by) {
    this.cine.stop();
    return this.front?.scroll(by);
  }

  /** To the first (`-1`) or the last (`1`) image. */
  toEnd(which) {
    this.cine.stop();
    return this.front?.goTo(which < 0 ? 0 : this.front.count - 1);
  }

  preset(preset) {
    this.front?.setWindow(preset.width, preset.level);
  }

  invert() {
    if (this.planes.layout) {
      this.planes.toggleInvert();
      return;
    }
    this.panes.filter((pane) => pane.opened).forEach((pane) => pane.toggleInvert());
  }

  reset() {
    if (this.planes.layout) {
      this.planes.reset();
      return;
    }
    this.panes.forEach((pane) => {
      straighten(pane);
      pane.reset();
    });
    this.stage.resized();
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

  /** To a measure across the slices: its series in three planes, cut where it lies. */
  async showAcross({ uid, series_uid: series, plane }) {
    const shown = this.hanging.allSeries.find((one) => one.uid === series);
    const at = this.series.indexOf(shown);
    const standing = () => this.panes.find((pane) => shown && pane.images === shown.images);
    if (!standing() && at >= 0) await this.openSeries(at);
    const pane = standing();
    if (!pane) return;
    this.activate(pane);
    if (this.planes.layout !== 'three' || this.planes.volume.series !== shown) this.planes.open('three');
    if (this.planes.layout !== 'three') return;
    if (this.planes.thick) this.planes.toggle('slab');
    this.planes.measures.chosen = uid;
    this.planes.goToPlaces(plane.points);
  }

  removeMeasure() {
    if (this.planes.layout) {
      this.planes.measures?.removeChosen();
      return;
    }
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
    if (this.planes.layout) this.planes.zoomBy(larger ? 1.25 : 0.8);
    else zoom(this.active, larger);
  }

  fit() {
    fitOrActual(this.active);
  }

  /** The marks, or what they come from, changed: other findings, the same images. */
  refresh() {
    this.panes.forEach((pane) => pane.drawMarks());
    this.planes.changed();
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
