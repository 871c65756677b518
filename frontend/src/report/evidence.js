/** What the report rests on, wired together: findings and their decisions, measurements, the first opinion. */
import { element, part } from '../lib/dom.js';
import { boxAround } from '../viewer/measure-shapes.js';
import { drawBox } from '../viewer/draw-box.js';
import { placeOf } from '../viewer/stacks.js';
import { Decisions } from './decisions.js';
import { isGone } from './findings.js';
import { MeasureList } from './measure-list.js';
import { measuredText, sentenceOf, tellsOtherwise } from './measure-words.js';
import { Opinion } from './opinion.js';

export class Evidence {
  #drawing = false;

  constructor({ room, say, selection, viewer, measurements, report }) {
    Object.assign(this, { room, say, selection, viewer, measurements, report });
    this.decisions = new Decisions({
      room,
      say,
      selection,
      draw: () => this.#draw(),
      changed: (findings) => this.#decided(findings),
      tell: (sentence) => report.signing.tell(sentence),
    });
    this.list = new MeasureList({
      root: part('measures'),
      measurements,
      series: () => viewer.series,
      say,
      selection,
      insert: (record) => this.insert(record),
      addFinding: (record) => this.#findingFrom(record),
      can: () => room.can.edit,
    });
    this.opinion = new Opinion({ root: part('opinion'), room, say, before: () => measurements.flush() });
    report.findings.decisions = this.decisions;
    report.sections.numberOf = (key) => this.#numberOf(key);
    report.sections.doubt = (sentence) => this.#doubt(sentence);
    measurements.listen(() => report.sections.showDoubts());
    selection.listen((key, from) => this.#goTo(key, from));
    this.opinion.draw();
    this.list.draw();
    report.findings.draw();
    report.sections.draw();
  }

  /** Is this person's first opinion waited for? */
  get asked() {
    return this.room.opinion.needed;
  }

  #numberOf(key) {
    const finding = this.room.findings.find((one) => one.key === key);
    return finding ? finding.number : /^[mr]\d+$/.test(key) ? key.toUpperCase() : '·';
  }

  /** Why a sentence may no longer hold; nothing is ever changed for the reader. */
  #doubt({ evidence, text }) {
    for (const key of evidence) {
      const finding = this.room.findings.find((one) => one.key === key);
      if (finding && isGone(finding)) return this.say('finding_doubt', { n: finding.number });
      if (!/^m\d+$/.test(key)) continue;
      const record = this.measurements.find(key);
      if (!record) return this.say('measure_doubt_gone', { key: key.toUpperCase() });
      const told = { key: key.toUpperCase(), value: measuredText(record, this.say) };
      if (tellsOtherwise(text, record, this.say)) return this.say('measure_doubt', told);
    }
    return '';
  }

  async #goTo(key, from) {
    const record = /^m\d+$/.test(key ?? '') ? this.measurements.find(key) : null;
    if (!record || from === 'mark') return;
    const { viewer } = this;
    if (record.plane) {
      await viewer.showAcross(record);
      return;
    }
    viewer.planes.close(false);
    const known = placeOf(record, viewer.series);
    let pane = viewer.stage.paneOf(record);
    if (!pane && known) {
      await viewer.openSeries(known.series);
      pane = viewer.stage.paneOf(record);
    }
    if (!pane) return;
    viewer.activate(pane);
    const place = placeOf(record, [{ images: pane.images }]);
    if (place) await pane.goTo(place.index);
  }

  async #draw() {
    if (this.#drawing) return null;
    this.#drawing = true;
    const hint = element('p', { class: 'draw-hint', role: 'status', text: this.say('draw_finding') });
    this.viewer.stage.root.append(hint);
    try {
      return await drawBox(this.viewer.stage);
    } finally {
      hint.remove();
      this.#drawing = false;
    }
  }

  #decided(findings) {
    this.report.takeFindings(findings);
    this.viewer.refresh();
  }

  /** A measurement as a finding of one's own: its box, and of a length its size. */
  #findingFrom(record) {
    const [first] = record.values ?? [];
    const size = first?.unit === 'mm' ? { size_mm: Math.round(first.value * 10) / 10 } : {};
    const { sop_uid, frame } = record;
    return this.decisions.add({ sop_uid, frame, box: boxAround(record.points), ...size });
  }

  /** A sentence about a measurement, where the reader wrote last. */
  insert(record = this.list.meant) {
    if (!this.room.can.edit) return;
    if (!record) {
      this.report.signing.tell(this.say('measure_none'));
      return;
    }
    const text = sentenceOf(record, this.viewer.series, this.say);
    this.report.sections.insert({ text, evidence: [record.key], name: this.room.findings_section });
  }
}
