/** The stage: which panes stand where, which of them is active, which fills the whole, at which scale. */
import { publish } from '../lib/dom.js';
import { zoomAt } from './geometry.js';
import { commonZoom } from './hanging.js';
import { Pane } from './pane.js';

function stays(pane, place) {
  const images = place.show?.images;
  return pane.id === place.id && pane.viewport && images?.length === pane.count && images[0].url === pane.images[0]?.url;
}

export class Stage {
  panes = [];
  active = null;
  enlarged = null;
  #listeners = new Set();

  /** `root`: the element to fill. `host`: what a pane asks of its surroundings (see pane.js). */
  constructor(root, host) {
    Object.assign(this, { root, host });
    root.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.resized()).observe(root);
  }

  get films() {
    return this.panes.some((pane) => pane.hanging);
  }

  /**
   * Lays out `rows` × `columns` places: [{id, area, classes, sentence, show}], `show` as Pane.open takes it or, where
   * nothing is to be shown, null and the `sentence` that says so. A pane that goes on showing the same images stays
   * as it is. Resolves when every image, or the sentence in its place, stands there.
   */
  async lay({ rows, columns, places }) {
    const { style } = this.root;
    style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
    style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const wasActive = this.active?.id;
    this.#shrink();
    const kept = new Map(this.panes.filter((pane) => places.some((place) => stays(pane, place))).map((pane) => [pane.id, pane]));
    for (const pane of this.panes) if (!kept.has(pane.id)) pane.remove();
    this.panes = [...kept.values()];
    const laid = places.map((place) => {
      const pane = kept.get(place.id) ?? this.add(place.id);
      pane.place(place);
      return { pane, place };
    });
    this.panes = laid.map(({ pane }) => pane);
    if (kept.size) this.host.engine.resize(true, true);
    const opening = laid.map(({ pane, place }) => {
      if (!place.show) return pane.showMissing(place.sentence);
      if (kept.has(pane.id)) return pane.rename(place.show);
      pane.enable();
      return pane.open(place.show);
    });
    this.active = null;
    this.activate(this.find(wasActive)?.count ? this.find(wasActive) : (this.panes.find((pane) => pane.count) ?? this.panes[0]));
    await Promise.all(opening);
    this.align();
  }

  #shrink() {
    this.enlarged = null;
    this.root.classList.remove('one');
    this.panes.forEach((pane) => pane.root.classList.remove('big'));
    publish({ enlarged: null });
  }

  /** Whatever draws on panes: `listener(pane)` is called for each that comes to stand on the stage. */
  listen(listener) {
    this.#listeners.add(listener);
    this.panes.forEach(listener);
  }

  /** A new pane, in the page but without images; `enable` it before it opens any. */
  add(id, ...classes) {
    const pane = new Pane(id, this.host);
    pane.root.classList.add(...classes);
    pane.root.addEventListener('pointerdown', () => this.activate(pane));
    pane.root.addEventListener('dblclick', () => this.enlarge(pane));
    this.root.append(pane.root);
    this.panes.push(pane);
    for (const listener of this.#listeners) listener(pane);
    return pane;
  }

  find(id) {
    return this.panes.find((pane) => pane.id === id) ?? null;
  }

  /** The pane that holds the image of a finding, null when none does. */
  paneOf(finding) {
    if (!finding) return null;
    return this.panes.find((pane) => pane.images.some((image) => image.sop_uid === finding.sop_uid)) ?? null;
  }

  activate(pane) {
    if (!pane?.count && pane !== this.panes[0]) return;
    this.active = pane;
    this.panes.forEach((one) => one.root.classList.toggle('on', one === pane && this.panes.length > 1));
    publish({ activePane: pane.id, slice: pane.index + 1, slices: pane.count });
  }

  /** One film fills the stage, or all stand again. */
  enlarge(pane = this.active) {
    if (this.panes.length < 2 || !pane?.count) return;
    this.enlarged = this.enlarged === pane ? null : pane;
    this.root.classList.toggle('one', Boolean(this.enlarged));
    this.panes.forEach((one) => one.root.classList.toggle('big', one === this.enlarged));
    this.activate(pane);
    publish({ enlarged: this.enlarged ? pane.id : null });
    this.resized();
  }

  resized() {
    if (!this.panes.some((pane) => pane.viewport) || !this.root.clientHeight) return;
    this.host.engine.resize(true, true);
    if (this.films) this.align();
  }

  /** Films that are seen together hang at one scale, each with its chest wall where it belongs. */
  align() {
    const among = this.enlarged ? [this.enlarged] : this.panes;
    const shown = among.filter((pane) => pane.opened && pane.hanging && !pane.failed && pane.surface.clientHeight > 0);
    const measured = shown.filter((pane) => pane.extent);
    const zoom = commonZoom(measured.map((pane) => ({ extent: pane.extent, size: pane.size })));
    for (const pane of shown) pane.hang(pane.extent ? zoom : null);
  }

  #wheel(event) {
    event.preventDefault();
    const pane = this.panes.find((one) => one.root.contains(event.target));
    if (!pane?.opened) return;
    if (pane !== this.active) this.activate(pane);
    const down = event.deltaY > 0 ? 1 : -1;
    if (pane.count > 1 && !event.ctrlKey) {
      pane.scroll(down);
      return;
    }
    const frame = pane.surface.getBoundingClientRect();
    zoomAt(pane.viewport, down > 0 ? 1 / 1.12 : 1.12, [event.clientX - frame.left, event.clientY - frame.top]);
    pane.viewport.render();
  }
}
