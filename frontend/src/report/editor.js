/** What stands beside the plain text of a report: coded answers, own phrases, and a text that could not be sent yet. */
import { publish } from '../lib/dom.js';
import { Answers } from './answers.js';
import { Fields } from './fields.js';
import { isGone } from './findings.js';
import { Phrases } from './phrases.js';

const SIDES = /\b(right|left)\b|[左右]/iu;

export class Editor {
  /** `panel`: the report panel, with its model, sections, saver and kept text. `changed()`: after a change by the reader. */
  constructor({ room, say, selection, panel, changed }) {
    Object.assign(this, { room, say, selection, panel, changed });
    const { model, sections } = panel;
    const form = room.form?.schema ? room.form : null;
    this.answers = form
      ? new Answers({ form, answers: room.report.answers, model, findings: () => this.room.findings.filter((one) => !isGone(one)) })
      : null;
    this.fields = this.answers
      ? new Fields({ answers: this.answers, say, selection, url: room.urls.answers, drawText: () => sections.draw(), changed })
      : null;
    if (this.fields) this.fields.editable = room.can.edit;
    model.answers = this.answers;
    sections.fields = this.fields;
    sections.phrases = new Phrases({ phrases: room.phrases ?? [], say, values: () => this.#values() });
    window.addEventListener('online', () => {
      if (room.can.edit && panel.saver.dirty) panel.saver.save();
    });
  }

  /** The text that an earlier page of this tab could not send. */
  async restore() {
    const { saver, kept } = this.panel;
    const found = this.room.can.edit ? await kept.get() : null;
    if (!found) {
      publish({ kept: 'none' });
      return;
    }
    const { report } = this.room;
    const sections = Object.fromEntries(report.sections.map((section) => [section.name, section.sentences]));
    const theirs = { revision: report.revision, author: report.author, saved_at: report.saved_at, sections, answers: report.answers };
    const restored = saver.restore(found, theirs);
    this.panel.sections.draw();
    publish({ kept: restored ? 'restored' : 'none' });
  }

  /** What fills the places of a phrase. */
  #values() {
    const finding = this.room.findings.find((one) => one.key === this.selection.key);
    const place = finding?.location ?? '';
    const size = typeof finding?.size_mm === 'number' ? `${finding.size_mm.toFixed(1)} mm` : '';
    const study = this.room.study.study_at;
    return {
      side: SIDES.exec(place)?.[0].toLowerCase() ?? '',
      place,
      size,
      type: finding?.label?.toLowerCase() ?? '',
      n: finding?.number ?? '',
      date: study ? study.slice(0, 10) : '',
      age: this.room.study.patient.age ?? '',
    };
  }

  /** The answers that the normal text gives; where the AI wrote, only if it found nothing and saw everything. */
  setNormal() {
    if (!this.answers) return;
    const { ai, findings } = this.room;
    const clear = ai.state === 'scored' && ai.above_threshold === false && !ai.limitations?.length && !findings.some((one) => !isGone(one));
    this.answers.setNormal(this.panel.model.filled, clear);
    this.work();
  }

  undoNormal() {
    this.answers?.undoNormal();
  }

  work() {
    return this.fields?.work();
  }

  /** Waits for a rule that is being asked. Resolves to false when it changed the text, which nobody has seen yet. */
  async settled() {
    const { version } = this.panel.model;
    await this.fields?.settled();
    return this.panel.model.version === version;
  }

  /** After a save: what the rules could not be asked while the network was away. */
  saved() {
    if (this.fields?.waiting) this.work();
  }

  /** The text as the server has it now, also its answers. */
  load(report) {
    this.answers?.load(report.answers);
  }

  /** The answers may be changed, for an amendment. */
  open() {
    if (this.fields) this.fields.editable = true;
  }

  close() {
    if (this.fields) this.fields.editable = false;
  }

  together(side) {
    this.fields?.together(this.fields.meant(), side);
  }

  /** {act of the keyboard: function}. */
  acts() {
    const { sections } = this.panel;
    return {
      answers: this.fields ? () => this.fields.enter() : null,
      'answer-to-text': this.fields ? () => this.together('answer') : null,
      'text-to-answer': this.fields ? () => this.together('text') : null,
      'sentence-accept': () => sections.accept(),
      'sentence-drop': () => sections.drop(),
      'sentence-reword': () => sections.reword(),
      phrase: () => sections.beginPhrase(this.room.findings_section),
    };
  }
}
