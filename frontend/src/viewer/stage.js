/** The stage: which panes stand where, which of them is active, which fills the whole, at which scale. */
import { publish } from '../lib/dom.js';
import { zoomAt } from './geometry.js';
import { commonScale } from './hanging.js';
import { Pane } from './pane.js';

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
    const [one] = shown;
    if (!one) return;
    const size = { width: one.surface.clientWidth, height: one.surface.clientHeight };
    const scale = commonScale(shown.map((pane) => pane.extent), size);
    for (const pane of shown) {
      pane.scale = scale;
      pane.hang();
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
}
