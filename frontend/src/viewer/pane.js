/** One place on the screen that shows a stack of images, with its corners, its marks and its failures. */
import { Enums, metaData } from '@cornerstonejs/core';
import { Enums as ToolEnums } from '@cornerstonejs/tools';
import dicomImageLoader from '@cornerstonejs/dicom-image-loader';

import { element, svg } from '../lib/dom.js';
import { windowOf, writeCorners } from './corner-text.js';
import { bindDrag } from './drag.js';
import { bringTo, pixelToScreen, pixelToWorld } from './geometry.js';
import { commonZoom, flipsFor } from './hanging.js';
import { drawMarks, placeTags } from './marks.js';
import { clampIndex, imageId } from './stacks.js';

const CORNERS = ['tl', 'tr', 'br', 'left', 'right', 'top', 'bottom', 'caution'];

/** The loader wraps its errors; of a request that failed it hands on the request itself. */
function didNotArrive(error) {
  return (error?.error ?? error) instanceof XMLHttpRequest;
}

export class Pane {
  index = 0;
  images = [];
  imageIds = [];
  title = '';
  failed = false;
  flat = false;
  hanging = null;
  zoom = null;
  #target = 0;
  #busy = false;
  initial = null;
  #range = null;
  #inverted = false;

  /** `host`: {engine, group, cpu, say, scrolls(), marksFor(image) → items, heat() → 0–1, choose(key), changed(pane), rendered(pane)}. */
  constructor(id, host) {
    this.id = id;
    this.host = host;
    this.cpu = host.cpu;
    this.surface = element('div', { class: 'surface' });
    this.layer = svg('svg', { class: 'marks' });
    this.ruler = svg('svg', { class: 'ruler', 'aria-hidden': 'true' });
    this.parts = Object.fromEntries(CORNERS.map((name) => [name, element('span', { class: `tx ${name}` })]));
    this.sentence = element('p', { class: 'no-image', role: 'status', hidden: true });
    this.root = element('div', { class: 'vp', data: { pane: id } }, this.surface, this.ruler, this.layer, this.sentence);
    this.root.append(...Object.values(this.parts));
  }

  get count() {
    return this.imageIds.length;
  }

  get image() {
    return this.images[this.index] ?? null;
  }

  /** To be called once the root stands in the page with a size. */
  enable() {
    this.host.engine.enableElement({
      viewportId: this.id,
      type: Enums.ViewportType.STACK,
      element: this.surface,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.host.engine.getViewport(this.id);
    this.host.group.addViewport(this.id, this.host.engine.id);
    this.surface.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#rendered());
    // What is measured is drawn after the image, and moves on its own.
    this.surface.addEventListener(ToolEnums.Events.ANNOTATION_RENDERED, () => placeTags(this.layer, this.#measured()));
    this.surface.addEventListener(Enums.Events.VOI_MODIFIED, (event) => {
      if (!this.#busy) this.#range = event.detail.range;
    });
    bindDrag(this.surface, {
      enabled: this.host.scrolls,
      count: () => this.count,
      scroll: (by) => this.scroll(by),
    });
  }

  disable() {
    this.host.group.removeViewports(this.host.engine.id, this.id);
    this.host.engine.disableElement(this.id);
    this.viewport = null;
    this.root.remove();
  }

  /** Takes itself off the stage. */
  remove() {
    if (this.viewport) this.disable();
    else this.root.remove();
  }

  /** `area`: where in the grid of the stage. `classes`: what kind of place it is. */
  place({ area, classes }) {
    this.root.style.gridArea = area;
    for (const name of ['right-breast', 'left-breast', 'prior']) this.root.classList.toggle(name, classes.includes(name));
  }

  /** What is said of the same images from now on. */
  rename({ title, notes }) {
    this.title = title;
    this.#note(notes);
    if (this.opened) this.#rendered();
  }

  #note(notes = []) {
    this.parts.caution.textContent = notes.join(' · ');
  }

  /** Shows an empty, labelled place: nothing is ever put where an image is missing. */
  showMissing(sentence) {
    this.root.classList.add('missing');
    this.sentence.textContent = sentence;
    this.sentence.hidden = false;
  }

  /** Opens `images` at `index`. Resolves when the image, or the sentence in its place, stands there. */
  async open({ images, title, index = 0, window = null, hanging = null, notes = [] }) {
    this.images = images;
    this.#note(notes);
    this.imageIds = images.map(imageId);
    this.title = title;
    this.hanging = hanging;
    this.flat = Boolean(hanging);
    this.initial = window;
    this.opened = false;
    await this.goTo(index);
  }

  /** Goes to an image; while one is on its way only the newest wish is kept. */
  async goTo(index) {
    if (!this.count) return;
    this.#target = clampIndex(index, this.count);
    if (this.#busy) return;
    this.#busy = true;
    try {
      do {
        const wanted = this.#target;
        await this.#show(wanted);
        this.#arrived(wanted);
      } while (this.#target !== this.index);
    } finally {
      this.#busy = false;
    }
  }

  scroll(by) {
    return this.goTo((this.#busy ? this.#target : this.index) + by);
  }

  async #show(wanted) {
    try {
      if (this.opened) {
        await this.viewport.setImageIdIndex(wanted);
        this.#keepGreys();
      } else {
        await this.viewport.setStack(this.imageIds, wanted);
        this.opened = true;
        this.reset();
      }
      this.failed = false;
    } catch (error) {
      this.failed = didNotArrive(error) ? 'cannot_load' : 'cannot_decode';
    }
  }

  /** Whether white is low now: by the file (MONOCHROME1), turned round when the reader asked for it. */
  #invert() {
    const shown = this.images[this.#target];
    return (String(shown?.photometric).trim().toUpperCase() === 'MONOCHROME1') !== this.#inverted;
  }

  /** A new slice comes with its own window; the reader's stays, on the screen and in the corner. */
  #keepGreys() {
    if (this.#range) this.viewport.setProperties({ voiRange: this.#range }, true);
    this.viewport.setProperties({ invert: this.#invert() }, true);
    this.viewport.render();
  }

  #arrived(index) {
    this.index = index;
    this.sentence.hidden = !this.failed;
    this.root.classList.toggle('failed', Boolean(this.failed));
    if (this.failed) {
      this.sentence.textContent = this.host.say(this.failed, { n: index + 1, count: this.count });
      this.#rendered();
    }
    this.host.changed(this);
  }

  #rendered() {
    if (!this.viewport || !this.count) return;
    writeCorners(this, this.host.say);
    this.drawMarks();
    this.host.rendered(this);
  }

  drawMarks() {
    if (!this.viewport || !this.count) return;
    const items = this.failed ? [] : this.host.marksFor(this.image);
    const place = items.length ? pixelToScreen(this.viewport, this.cpu) : null;
    drawMarks(this.layer, items, place, this.host.choose, { strength: this.host.heat(), taken: items.length ? this.#measured() : [] });
  }

  /** Where the figures of measures stand, in CSS pixels of the pane. */
  #measured() {
    const frame = this.surface.getBoundingClientRect();
    return [...this.surface.querySelectorAll('svg.svg-layer text')].map((text) => {
      const { x, y, width, height } = text.getBoundingClientRect();
      return { x: x - frame.x, y: y - frame.y, width, height };
    });
  }

  /** PatientOrientation as the file has it; images on film carry no plane. */
  get orientation() {
    const address = this.image ? this.image.url : '';
    const loader = dicomImageLoader.wadouri.dataSetCacheManager;
    return loader.isLoaded(address) ? loader.get(address).string('x00200020') : undefined;
  }

  /** CSS pixels of the pane. */
  get size() {
    return { width: this.surface.clientWidth, height: this.surface.clientHeight };
  }

  /** Width and height of the image in mm; null where the file does not say how large its pixels are. */
  get extent() {
    const { image } = this;
    if (!image?.spacing || this.failed || !this.viewport?.getImageData()) return null;
    return { width: image.columns * image.spacing[1], height: image.rows * image.spacing[0] };
  }

  setWindow(width, level) {
    if (this.failed || !this.viewport) return;
    this.#range = { lower: level - width / 2, upper: level + width / 2 };
    this.viewport.setProperties({ voiRange: this.#range });
    this.viewport.render();
  }

  toggleInvert() {
    this.#inverted = !this.#inverted;
    this.viewport.setProperties({ invert: this.#invert() });
    this.viewport.render();
  }

  /** Size, place, window and grey scale as they were when the pane opened. */
  reset() {
    if (!this.viewport || !this.opened) return;
    this.#range = null;
    this.#inverted = false;
    this.viewport.resetCamera();
    this.viewport.resetProperties();
    if (!this.cpu) this.viewport.setProperties({ VOILUTFunction: 'LINEAR' });
    if (this.initial) this.setWindow(this.initial.width, this.initial.level);
    else this.#range = this.viewport.getProperties().voiRange;
    this.viewport.setProperties({ invert: this.#invert() });
    if (this.hanging) this.hang();
    this.viewport.render();
  }

  /**
   * Brings the chest wall to the edge where it belongs, at `zoom` CSS pixels a millimetre; without one, as large as
   * the pane allows. Where the side is not known, the image stands in the middle, as the file has it.
   */
  hang(zoom = this.zoom) {
    if (this.failed || !this.viewport || !this.opened) return;
    this.zoom = zoom;
    const { side, view } = this.hanging;
    if (side) this.viewport.setCamera(flipsFor(side, view, this.orientation));
    const data = this.viewport.getImageData();
    const { width, height } = this.size;
    // The renderers measure the image in lengths of their own, which need not be the file's millimetres.
    const unit = this.extent ? data.spacing[1] / this.image.spacing[0] : 1;
    const whole = { width: data.dimensions[0] * data.spacing[0], height: data.dimensions[1] * data.spacing[1] };
    const scale = zoom ? height / 2 / (zoom / unit) : height / 2 / commonZoom([{ extent: whole, size: this.size }]);
    this.viewport.setCamera({ parallelScale: scale });
    const { flipHorizontal } = this.viewport.getCamera();
    const innerIsRight = side === 'R';
    const edge = innerIsRight === Boolean(flipHorizontal) ? 0 : data.dimensions[0];
    const column = side ? edge : data.dimensions[0] / 2;
    const world = pixelToWorld(data, column, data.dimensions[1] / 2, this.cpu);
    const across = innerIsRight ? width : 0;
    bringTo(this.viewport, world, [side ? across : width / 2, height / 2]);
    this.viewport.render();
  }

  /** The window that stands now, of CT, whose values mean the same in every study; else {}. */
  get windowNow() {
    const range = this.modality === 'CT' && this.opened && !this.failed ? this.viewport.getProperties().voiRange : null;
    return range ? windowOf(range) : {};
  }

  get modality() {
    return metaData.get('generalSeriesModule', this.imageIds[this.index])?.modality ?? '';
  }
}
