/**
 * Measures that stay: what is drawn is kept by the server as it is drawn, what is kept comes back on its slice.
 * A record is a measurement as the server tells it, {uid, key, number, version, sop_uid, frame, tool, points, text,
 * values, basis, frozen, author}, or the state that is on its way there. One across the slices has `plane`, too.
 */
import { Enums as CoreEnums, eventTarget } from '@cornerstonejs/core';
import { Enums, annotation as annotations, utilities } from '@cornerstonejs/tools';

import { publish } from '../lib/dom.js';
import { pixelToWorld } from './geometry.js';
import { MeasureQueue } from './measure-queue.js';
import { POINTS, rounded, sameState, valueOf } from './measure-shapes.js';
import { scaleOf, worldToPixel } from './measures.js';
import { PlaneMeasures } from './plane-measures.js';
import { MEASURES } from './tools.js';

const TOOL_OF = new Map(Object.entries(MEASURES).map(([name, tool]) => [tool.toolName, name]));
const PAUSE_MS = 300;

export class Measurements {
  records = new Map();
  conflicts = new Map();
  refusals = new Map();
  /** Measures whose image could not be told: they are not kept. */
  unkept = new Set();
  #states = new Map();
  #timers = new Map();
  #listeners = new Set();
  #silent = false;
  #urls = new Map();
  #prior = null;

  /**
   * `viewer`: {stage, cpu, hanging.prior, listen}. `records`: of the page's study. `url`: where they are sent; null
   * where this person may not. Those of an earlier study come and go with it and are sent to that study.
   */
  constructor({ viewer, records, url, post }) {
    Object.assign(this, { viewer, url });
    const host = {
      saved: (uid, answer) => this.#saved(uid, answer),
      conflict: (uid, body) => this.#met(uid, body),
      refused: (uid, detail) => this.refusals.set(uid, detail),
      changed: () => this.#tell(),
    };
    this.queue = new MeasureQueue({ url: (uid) => this.#urls.get(uid), host, ...(post ? { post } : {}) });
    records.forEach((record) => this.#know(record, url));
    const { ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED } = Enums.Events;
    eventTarget.addEventListener(ANNOTATION_COMPLETED, ({ detail }) => this.#completed(detail.annotation));
    eventTarget.addEventListener(ANNOTATION_MODIFIED, ({ detail }) => this.#modified(detail.annotation));
    eventTarget.addEventListener(ANNOTATION_REMOVED, ({ detail }) => this.#removed(detail.annotation));
    viewer.stage.listen((pane) => this.#watch(pane));
    viewer.listen(() => this.#meetPrior());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.flush();
    });
    window.addEventListener('beforeunload', (event) => {
      this.flush();
      if (this.queue.offline && this.queue.waiting) event.preventDefault();
    });
    window.addEventListener('online', () => this.queue.flush());
    viewer.planes.measures = new PlaneMeasures({ planes: viewer.planes, measurements: this });
    this.#tell();
  }

  /**
   * What stands on this study, in the order in which it was measured; what is on its way comes last. Of an earlier
   * study beside it only what needs the reader.
   */
  get list() {
    const told = ({ uid, beside }) => !beside || this.conflicts.has(uid) || this.refusals.has(uid);
    return [...this.records.values()].filter(told).sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity));
  }

  find(key) {
    return this.list.find((record) => record.key === key) ?? null;
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  #tell() {
    publish({
      measures: this.list.length,
      measuring: this.queue.waiting ? (this.queue.offline ? 'offline' : 'saving') : 'saved',
    });
    for (const listener of this.#listeners) listener(this);
  }

  #know(record, url, beside = false) {
    this.records.set(record.uid, { ...record, beside });
    this.#urls.set(record.uid, url);
    this.#states.set(record.uid, record);
    this.queue.knows(record.uid, record.version);
  }

  /**
   * What the server has of this study now. What is on its way there, or in dispute, stays; of the rest `known` are the
   * ones that were kept when the server was asked. Returns what is new here: [{record, what: new, changed, removed}].
   */
  heard(listed, known) {
    const busy = ({ uid }) => this.queue.isWaiting(uid) || this.conflicts.has(uid) || this.#timers.has(uid);
    const told = new Set(listed.map(({ uid }) => uid));
    const gone = [...this.records.values()].filter((one) => known.has(one.uid) && !one.beside && !told.has(one.uid) && !busy(one));
    const fresh = listed.filter((one) => !busy(one) && (this.records.get(one.uid)?.version ?? 0) < one.version);
    const changes = fresh.map((record) => ({ record, what: this.records.has(record.uid) ? 'changed' : 'new' }));
    for (const { uid } of [...gone, ...fresh]) {
      this.#quietly(() => annotations.state.getAnnotation(uid) && annotations.state.removeAnnotation(uid));
      this.records.delete(uid);
      this.#states.delete(uid);
    }
    for (const record of fresh) this.#know(record, this.url);
    if (gone.length || fresh.length) {
      this.#redraw();
      this.#tell();
    }
    return [...changes, ...gone.map((record) => ({ record, what: 'removed' }))];
  }

  /** An earlier study came to stand beside this one: what was measured on it comes with it. */
  #meetPrior() {
    const prior = this.viewer.hanging?.prior ?? null;
    if (!prior || prior.uid === this.#prior) return;
    this.#prior = prior.uid;
    for (const record of prior.measurements ?? []) {
      if (!this.records.has(record.uid)) this.#know(record, prior.measure, true);
    }
    this.#redraw();
  }

  /** {url, beside} of an image: that of the study it belongs to. */
  #homeOf(image) {
    const prior = this.viewer.hanging?.prior ?? null;
    const beside = Boolean(prior?.series.some((one) => one.images.some((each) => each.sop_uid === image.sop_uid)));
    return { url: beside ? prior.measure : this.url, beside };
  }

  /** Where a measure of an image's series is sent; null where this person may not. */
  urlFor(image) {
    return this.#homeOf(image).url;
  }

  /** Would the server let this person change or remove it? It says so of what it keeps; what is new is one's own. */
  mayChange(uid) {
    const record = this.records.get(uid);
    return Boolean(this.#urls.get(uid)) && !record?.frozen && record?.changeable !== false;
  }

  /** Sends what waits for its pause or its turn; resolves to whether all is kept. */
  flush() {
    for (const uid of [...this.#timers.keys()]) this.#settle(uid);
    return this.queue.flush();
  }

  #watch(pane) {
    pane.surface.addEventListener(CoreEnums.Events.IMAGE_RENDERED, () => this.#restore(pane));
  }

  /** The image of the page that stands in a pane now; the pane's own index follows only when all is drawn. */
  #imageIn(pane) {
    const id = pane.viewport?.getCurrentImageId?.();
    return id ? (pane.images[pane.imageIds.indexOf(id)] ?? null) : null;
  }

  #paneOf(annotation) {
    const id = annotation.metadata.referencedImageId;
    return this.viewer.stage.panes.find((pane) => id && pane.viewport?.getCurrentImageId?.() === id) ?? null;
  }

  #restore(pane) {
    const image = this.#imageIn(pane);
    if (!image || pane.failed) return;
    const missing = [...this.records.values()].filter(
      (one) => !one.plane && one.sop_uid === image.sop_uid && one.frame === image.frame && !annotations.state.getAnnotation(one.uid),
    );
    missing.forEach((record) => this.#draw(pane, record));
    if (missing.length) utilities.triggerAnnotationRenderForViewportIds([pane.id]);
  }

  #draw(pane, record) {
    const tool = MEASURES[record.tool];
    const place = pane.viewport.getImageData();
    if (!tool || !place) return;
    const points = record.points.map(([x, y]) => pixelToWorld(place, x, y, this.viewer.cpu));
    const empty = { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: corners() };
    const made = tool.createAnnotationForViewport(pane.viewport, {
      data: {
        handles: { points, activeHandleIndex: null, arrowFirst: true, textBox: empty },
        label: record.text,
        cachedStats: {},
      },
    });
    made.annotationUID = record.uid;
    annotations.state.addAnnotation(made, pane.surface);
    if (!this.mayChange(record.uid)) annotations.locking.setAnnotationLocked(record.uid, true);
  }

  /** An annotation as a state to be sent; null where it lies on no image of a pane, or is not complete. */
  #stateOf(annotation) {
    const tool = TOOL_OF.get(annotation.metadata.toolName);
    const pane = this.#paneOf(annotation);
    const image = pane ? this.#imageIn(pane) : null;
    const place = image ? pane.viewport.getImageData() : null;
    const drawn = annotation.data.handles?.points ?? [];
    if (!place || drawn.length !== POINTS[tool]) return null;
    const points = rounded(drawn.map((point) => worldToPixel(place, point, this.viewer.cpu)));
    const text = tool === 'arrow' ? String(annotation.data.label ?? annotation.data.text ?? '') : '';
    const value = valueOf(tool, points, scaleOf(image));
    return { tool, sop_uid: image.sop_uid, frame: image.frame, points, text, value };
  }

  #completed(annotation) {
    if (!TOOL_OF.has(annotation.metadata.toolName)) return;
    const { annotationUID: uid } = annotation;
    const state = this.#stateOf(annotation);
    const home = state ? this.#homeOf(state) : { url: this.url };
    if (!home.url) return;
    if (!state) {
      this.unkept.add(uid);
      this.#tell();
      return;
    }
    if (!this.records.has(uid)) {
      this.records.set(uid, { uid, key: null, number: null, values: [], beside: home.beside, ...state });
      this.#urls.set(uid, home.url);
    }
    this.#keep(uid, state);
  }

  /** A new or changed measure across the slices of the series that `image` is of. */
  keepAcross(uid, state, image) {
    const home = this.#homeOf(image);
    if (!this.records.has(uid)) {
      this.records.set(uid, { uid, key: null, number: null, values: [], beside: home.beside, ...state });
      this.#urls.set(uid, home.url);
    }
    this.#keep(uid, state);
  }

  #modified(annotation) {
    const { annotationUID: uid } = annotation;
    if (this.#silent || !this.records.has(uid) || this.conflicts.has(uid)) return;
    clearTimeout(this.#timers.get(uid));
    this.#timers.set(uid, setTimeout(() => this.#settle(uid), PAUSE_MS));
  }

  /** After a change has come to rest: is it one? */
  #settle(uid) {
    clearTimeout(this.#timers.get(uid));
    this.#timers.delete(uid);
    const annotation = annotations.state.getAnnotation(uid);
    const state = annotation ? this.#stateOf(annotation) : null;
    if (state) this.#keep(uid, state);
  }

  #keep(uid, state) {
    if (sameState(this.#states.get(uid), state)) return;
    this.#states.set(uid, state);
    this.refusals.delete(uid);
    Object.assign(this.records.get(uid), placed(state));
    this.queue.put(uid, state);
  }

  #removed(annotation) {
    const { annotationUID: uid } = annotation;
    this.unkept.delete(uid);
    if (this.#silent || !this.records.has(uid)) return;
    this.records.delete(uid);
    this.#states.delete(uid);
    clearTimeout(this.#timers.get(uid));
    this.#timers.delete(uid);
    this.queue.put(uid, { removed: true });
  }

  remove(uid) {
    if (!this.mayChange(uid)) return;
    const drawn = annotations.state.getAnnotation(uid);
    if (drawn) annotations.state.removeAnnotation(uid);
    else this.#removed({ annotationUID: uid });
    this.#redraw();
  }

  #saved(uid, { measurement, corrected }) {
    if (measurement.removed || !this.records.has(uid)) return;
    // What was drawn since the answer set out goes on counting until its own answer.
    const own = this.queue.isWaiting(uid) ? this.#states.get(uid) : null;
    const newer = own && !sameState(own, measurement) ? placed(own) : {};
    this.records.set(uid, { ...measurement, corrected, beside: this.records.get(uid).beside, ...newer });
  }

  /** Somebody else changed or removed it, or a signed report rests on it: both are shown, and this person chooses. */
  #met(uid, { theirs, detail }) {
    const mine = this.#states.get(uid) ?? null;
    if (theirs) this.queue.knows(uid, theirs.version);
    this.conflicts.set(uid, { mine, theirs: theirs?.removed ? null : theirs, frozen: Boolean(theirs?.frozen), detail });
    // What this person took away while somebody else changed it comes back, to be seen before it goes.
    if (!this.records.has(uid)) this.takeTheirs(uid);
  }

  keepMine(uid) {
    const { mine } = this.conflicts.get(uid);
    this.conflicts.delete(uid);
    if (mine) this.queue.put(uid, mine);
    else this.queue.put(uid, { removed: true });
  }

  takeTheirs(uid) {
    const { theirs } = this.conflicts.get(uid);
    const beside = this.records.get(uid)?.beside ?? false;
    this.conflicts.delete(uid);
    this.#quietly(() => annotations.state.removeAnnotation(uid));
    this.records.delete(uid);
    this.#states.delete(uid);
    if (theirs) this.#know(theirs, this.#urls.get(uid), beside);
    this.#redraw();
    this.#tell();
  }

  #quietly(act) {
    this.#silent = true;
    try {
      act();
    } finally {
      this.#silent = false;
    }
  }

  #redraw() {
    for (const pane of this.viewer.stage.panes) {
      if (!pane.viewport) continue;
      this.#restore(pane);
      utilities.triggerAnnotationRenderForViewportIds([pane.id]);
    }
  }
}

const placed = ({ points, text, plane = null }) => ({ points, text, plane });

function corners() {
  return { topLeft: [0, 0, 0], topRight: [0, 0, 0], bottomLeft: [0, 0, 0], bottomRight: [0, 0, 0] };
}
