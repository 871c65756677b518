/**
 * Measures across the slices: drawn in a plane, kept as places in the patient, shown wherever their plane is cut again.
 * They are records of the measurements as those on images are (measurements.js), with `plane` {name, points (mm, LPS)}.
 */
import { utilities } from '@cornerstonejs/core';

import { svg } from '../lib/dom.js';
import { valueOf } from './measure-shapes.js';
import { linesFor } from './measure-text.js';
import { ACROSS, begun, distanceTo, moved, segments } from './plane-shapes.js';
import { MEASURES, TOOLS } from './tools.js';

const MM = { x: 1, y: 1, unit: 'mm', at: '' };
/** Screen pixels: a press so near takes hold of a point, or of a line; a drag so short draws nothing. */
const [HOLD, LEAST] = [8, 4];
const LINE_HEIGHT = 15;

const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const thousandths = (place) => place.map((part) => Math.round(part * 1000) / 1000);

export class PlaneMeasures {
  /** The uid of the one that keys mean. */
  chosen = null;
  /** What is being drawn or moved: {uid, view, tool, points (mm in its plane), across, waits: for its third point}. */
  #draft = null;

  /** `planes`: planes.js. `measurements`: measurements.js. */
  constructor({ planes, measurements }) {
    Object.assign(this, { planes, measurements });
    measurements.listen(() => planes.changed());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.giveUp();
    });
  }

  get #series() {
    return this.planes.volume?.series;
  }

  /** Those that stand in a plane as it is cut now: [{record, points (mm), across}]. */
  in(view) {
    const found = [];
    for (const record of this.measurements.records.values()) {
      if (record.plane?.name !== view.name || record.series_uid !== this.#series?.uid) continue;
      if (record.uid === this.#draft?.uid) continue;
      const placed = record.plane.points.map((place) => view.mmOfWorld(place));
      if (placed.some(({ across }) => Math.abs(across - view.index) > 0.5)) continue;
      found.push({ record, points: placed.map(({ mm }) => mm), across: placed[0].across });
    }
    return found;
  }

  /** A press of the left button: {move(at), end(at)} where it means a measure, null where it means something else. */
  press(view, at) {
    const tool = this.planes.tool();
    if (this.#draft?.waits) return this.#third(view, at);
    const drawing = tool in MEASURES;
    if (!this.planes.slab) {
      const held = this.#hold(view, at, drawing);
      if (held) return held;
    }
    if (!drawing) return null;
    const refused = this.planes.slab ? 'planes_measure_slab' : ACROSS.includes(tool) ? '' : 'planes_measure_tool';
    if (refused) {
      this.planes.note(this.planes.say(refused));
      return { move: () => {}, end: () => {} };
    }
    return this.measurements.urlFor(this.#series.images[0]) ? this.#draw(view, tool, at) : null;
  }

  /** A point that is taken hold of, or a line that is chosen. */
  #hold(view, at, drawing) {
    for (const { record, points, across } of this.in(view)) {
      const ends = points.map((point) => view.screenOfMm(point));
      const held = ends.findIndex((end) => far(end, at) <= HOLD);
      const mine = this.measurements.mayChange(record.uid);
      if (held >= 0 && mine) {
        this.choose(record);
        const move = (to) => this.#drafts({ uid: record.uid, view, tool: record.tool, across, points: moved(record.tool, points, held, view.mmAt(to)) });
        return { move, end: () => this.#complete() };
      }
      if (drawing) continue;
      if (segments(record.tool, ends).some((line) => distanceTo(line, at) <= HOLD)) {
        this.choose(record);
        return { move: () => {}, end: () => {} };
      }
    }
    return null;
  }

  #draw(view, tool, at) {
    const from = view.mmAt(at);
    const uid = utilities.uuidv4();
    return {
      move: (to) => this.#drafts({ uid, view, tool, across: view.index, points: begun(tool, from, view.mmAt(to)) }),
      end: (to) => {
        if (!this.#draft || far(at, to) < LEAST) this.giveUp();
        else if (tool === 'angle') this.#draft.waits = true;
        else this.#complete();
      },
    };
  }

  /** The second arm of an angle: it follows the pointer until the next press. */
  #third(view, at) {
    if (view !== this.#draft.view) {
      this.giveUp();
      return null;
    }
    this.hover(view, at);
    const short = far(this.#draft.points[1], this.#draft.points[2]) === 0;
    if (!short) this.#complete();
    return { move: () => {}, end: () => {} };
  }

  hover(view, at) {
    const draft = this.#draft;
    if (!draft?.waits) return;
    if (this.planes.tool() !== 'angle') this.giveUp();
    else if (draft.view === view) this.#drafts({ ...draft, points: moved('angle', draft.points, 2, view.mmAt(at)) });
  }

  giveUp() {
    if (!this.#draft) return;
    this.#draft = null;
    this.planes.changed();
  }

  #drafts(draft) {
    this.#draft = draft;
    this.planes.changed();
  }

  #complete() {
    const draft = this.#draft;
    this.#draft = null;
    if (!draft) return;
    const { uid, view, tool, points, across } = draft;
    const plane = { name: view.name, points: points.map((point) => thousandths(view.worldOfMm(point, across))) };
    const state = { tool, series_uid: this.#series.uid, plane, points: [], text: '', value: valueOf(tool, points, MM) };
    this.chosen = uid;
    this.measurements.keepAcross(uid, state, this.#series.images[0]);
    this.planes.changed();
  }

  choose(record) {
    this.chosen = record.uid;
    // Of an earlier study the same key means another one.
    if (record.key && !record.beside) this.planes.host.choose(record.key);
    this.planes.changed();
  }

  removeChosen() {
    if (this.chosen) this.measurements.remove(this.chosen);
    this.chosen = null;
    this.planes.changed();
  }

  /** What is drawn over a plane: {shapes: nodes, labels: as the plane lays them, {anchor, want, lines, kind}}. */
  over(view) {
    const shown = this.in(view).map(({ record, points }) => ({ uid: record.uid, key: record.key, tool: record.tool, points }));
    if (this.#draft?.view === view) shown.push(this.#draft);
    const drawn = shown.map((one) => this.#shape(view, one));
    return { shapes: drawn.map(({ node }) => node), labels: drawn.flatMap(({ label }) => label ?? []) };
  }

  #shape(view, { uid, key, tool, points }) {
    const on = uid === this.chosen;
    const ends = points.map((point) => view.screenOfMm(point));
    const node = svg('g', { class: `across${on ? ' on' : ''}`, 'data-across': key ?? uid });
    for (const [[x1, y1], [x2, y2]] of segments(tool, ends)) {
      for (const which of ['under', 'over']) node.append(svg('line', { class: which, x1, y1, x2, y2 }));
    }
    for (const [cx, cy] of ends) node.append(svg('circle', { class: 'end', cx, cy, r: on ? 4 : 2.5 }));
    const lines = linesFor(TOOLS[tool], { points, scale: MM, values: null, say: this.planes.say });
    if (!lines.length) return { node };
    const anchor = tool === 'angle' ? ends[1] : ends.reduce((most, end) => (end[0] > most[0] ? end : most));
    const want = [anchor[0] + 10, anchor[1] - LINE_HEIGHT / 2];
    return { node, label: { anchor, want, lines, kind: `across${on ? ' on' : ''}`, name: key ?? uid } };
  }
}
