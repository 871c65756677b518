/** The right third: AI state, findings, text, what is unresolved, saving and signing. */
import { element, part, publish } from '../lib/dom.js';
import { postForm } from '../lib/http.js';
import { beforeLeaving } from '../lib/leaving.js';
import { lockedOut } from '../lib/lockout.js';
import { clock } from '../lib/words.js';
import { Addenda } from './addenda.js';
import { AfterSignature } from './after-signature.js';
import { aiWords, modelName } from './ai-words.js';
import { drawConflict } from './conflict.js';
import { Editor } from './editor.js';
import { Findings, isGone } from './findings.js';
import { issuesOf } from './issues.js';
import { Kept } from './kept.js';
import { ReportModel } from './model.js';
import { drawOffered } from './offered.js';
import { freshRoom, poll } from './polling.js';
import { Review } from './review.js';
import { drawSaveState } from './save-state.js';
import { Saver } from './saving.js';
import { Sections } from './sections.js';
import { Signing } from './signing.js';
import { written } from './written.js';

export class ReportPanel {
  /** `fresh(room)` is called when newer data of the study was taken in. */
  constructor({ room, say, selection, fresh }) {
    Object.assign(this, { room, say, selection, fresh });
    room.report ??= { status: '', revision: null, saved_at: null, sections: [], normal: {}, offered: null, hidden: true };
    const { report } = room;
    this.late = room.late_images;
    this.model = new ReportModel(report.sections);
    this.findings = new Findings({ root: part('findings'), findings: room.findings, say, selection });
    this.kept = new Kept({ keep: room.can.edit ? room.keep : null });
    this.saver = new Saver({
      model: this.model,
      kept: this.kept,
      url: room.urls.save,
      revision: report.revision,
      savedAt: report.saved_at,
      changed: () => this.#saverChanged(),
    });
    this.sections = new Sections({
      root: part('sections'),
      model: this.model,
      say,
      selection,
      numberOf: (key) => room.findings.find((finding) => finding.key === key)?.number ?? '·',
      changed: () => this.#edited(),
    });
    this.sections.editable = room.can.edit;
    this.editor = new Editor({ room, say, selection, panel: this, changed: () => this.#edited() });
    const reviewed = (remarks) => this.review.refused(remarks);
    this.after = new AfterSignature({
      room,
      say,
      model: this.model,
      sections: this.sections,
      editor: this.editor,
      revision: () => this.saver.revision,
      changed: () => this.#otherText(),
      taken: (revision) => this.saver.accept(revision),
      reviewed,
    });
    this.addenda = new Addenda({ room, say, changed: () => this.#otherText(), typed: () => this.review.touched(), reviewed });
    this.signing = new Signing({
      parts: {
        button: part('sign'),
        preliminary: part('preliminary'),
        password: part('password'),
        answer: part('answer'),
      },
      url: room.urls.sign,
      needsPassword: room.needs_password,
      say,
      revision: () => this.saver.revision,
      before: () => this.#readyToSign(),
      sending: () => this.review.rest(),
      done: (answer) => this.#signed(answer),
      refused: () => this.review.touched(),
      reviewed,
    });
    this.review = new Review({ room, say, selection, root: this.sections.root, written: () => written(this) });
    this.#bind();
    this.#drawAll();
    this.editor.restore();
    this.#watch();
    this.review.touched();
  }

  #bind() {
    part('normal').addEventListener('click', () => this.insertNormal());
    part('claim').addEventListener('click', () => this.claim());
    part('next').addEventListener('click', () => this.next());
    part('release').addEventListener('click', () => this.release());
    beforeLeaving(() => this.#savedToLeave());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden && this.room.can.edit && this.saver.dirty) this.saver.save({ keepalive: true });
    });
    window.addEventListener('beforeunload', (event) => {
      if (!this.room.can.edit || !this.saver.dirty) return;
      this.saver.save({ keepalive: true });
      const lost = this.saver.state === 'ended' && !this.saver.kept?.usable;
      if (this.saver.state === 'offline' || this.saver.conflict || lost) event.preventDefault();
    });
  }

  #drawAll() {
    this.#drawAi();
    this.findings.draw();
    this.sections.draw();
    this.#drawOffered();
    this.#drawRights();
    this.addenda.draw();
    this.#saverChanged();
  }

  #drawAi() {
    const { ai } = this.room;
    const words = aiWords(ai, this.say);
    const root = part('ai');
    root.className = `pad ai ${words.tone}`;
    root.replaceChildren(
      element(
        'div',
        { class: 'ai-head' },
        element('b', { text: words.head }),
        words.text ? element('span', { class: 'ai-text', text: words.text }) : null,
        element('span', { class: 'spacer' }),
        ai.model ? element('span', { class: 'muted small', text: modelName(ai.model) }) : null,
      ),
      ...words.details.map((line) => element('div', { class: 'second', text: line })),
    );
    publish({ ai: ai.state, aiTone: words.tone });
  }

  #drawOffered() {
    const titles = new Map(this.model.sections.map((section) => [section.name, section.title]));
    drawOffered(part('offered'), this.room.report.offered, {
      say: this.say,
      titles,
      editable: this.room.can.edit,
      use: (name, sentence) => {
        this.model.adopt(name, sentence);
        this.sections.draw();
        this.#edited();
      },
    });
  }

  #drawRights() {
    const { can, study, report } = this.room;
    part('normal').hidden = !can.edit;
    part('sign').hidden = !can.sign;
    part('preliminary').hidden = !can.sign_preliminary || can.sign;
    part('release').hidden = !can.release;
    part('claim').hidden = !can.claim;
    part('printed').hidden = !['SIGNED', 'AMENDED'].includes(report.status);
    const note = part('readonly');
    note.hidden = can.edit;
    if (can.edit) return;
    if (this.room.opinion.held) note.textContent = this.say('readonly_held');
    else if (report.hidden) note.textContent = this.say('readonly_images');
    else if (this.after.amending) note.textContent = this.say('amending');
    else if (report.status === 'AMENDED') note.textContent = this.say('readonly_amended');
    else if (report.status === 'ERASED') note.textContent = this.say('readonly_erased');
    else if (report.status === 'SIGNED') note.textContent = this.say('readonly_signed');
    else if (can.claim) note.textContent = this.say('readonly_unclaimed');
    else if (this.room.awaits_opinion) note.textContent = this.say('readonly_opinion');
    else if (study.status === 'READING') note.textContent = this.say('readonly_other', { who: this.room.reader ?? this.say('another_reader') });
    else note.textContent = this.say('readonly_role');
  }

  /** An amendment or an addendum is begun, or no longer written. */
  #otherText() {
    this.after.draw();
    this.#drawRights();
    this.review.touched();
  }

  #edited() {
    this.review.touched();
    if (this.room.can.edit) this.saver.touched();
    this.#drawIssues();
  }

  #saverChanged() {
    const { state } = this.saver;
    drawSaveState(part('save-state'), this.saver, this.say);
    if (state === 'saved') this.editor?.saved();
    publish({ save: state, revision: this.saver.revision });
    drawConflict(part('conflict'), this.saver, {
      say: this.say,
      taken: () => this.sections.draw(),
    });
    this.#drawIssues();
  }

  #issues() {
    return issuesOf({
      model: this.model,
      late: this.late,
      conflict: Boolean(this.saver.conflict),
      rejected: new Set(this.room.findings.filter(isGone).map((finding) => finding.key)),
      say: this.say,
    });
  }

  #drawIssues() {
    const root = part('issues');
    const issues = this.room.can.edit || this.late ? this.#issues() : [];
    root.hidden = issues.length === 0;
    root.replaceChildren(...issues.map((issue) => this.#issue(issue)));
    publish({ issues: issues.map((issue) => issue.kind).join(' ') });
  }

  #issue(issue) {
    const row = element('div', { class: 'issue' }, element('span', { text: '▲', 'aria-hidden': 'true' }));
    row.append(element('span', { text: issue.text }));
    if (issue.kind === 'empty') {
      const go = element('button', { type: 'button', class: 'plain', text: this.say('go_there') });
      go.addEventListener('click', () => this.sections.enterSection(issue.section));
      row.append(go);
    }
    if (issue.kind === 'rejected') {
      const go = element('button', { type: 'button', class: 'plain', text: this.say('go_there') });
      go.addEventListener('click', () => this.sections.focus(issue.sentence));
      row.append(go);
    }
    if (issue.kind === 'late') {
      const see = element('button', { type: 'button', class: 'plain', text: this.say('show_late') });
      see.addEventListener('click', () => this.#reload());
      row.append(see);
    }
    return row;
  }

  async #reload() {
    if (await this.saver.save()) window.location.reload();
  }

  insertNormal() {
    if (!this.room.can.edit || this.signing.signed) return;
    const { version } = this.model;
    this.model.insertNormal(this.room.report.normal ?? {});
    this.editor.setNormal();
    const filled = this.model.version !== version;
    this.signing.tell(filled ? '' : this.say('normal_nothing'));
    if (!filled) return;
    this.sections.draw();
    this.#edited();
  }

  undoNormal() {
    if (!this.room.can.edit || this.signing.signed || !this.model.undoNormal()) return;
    this.editor.undoNormal();
    this.sections.draw();
    this.#edited();
  }

  save() {
    if (this.room.can.edit) this.saver.save();
  }

  async #readyToSign() {
    const blocking = this.#issues().find((issue) => issue.blocking);
    if (blocking) {
      this.signing.tell(this.say('sign_blocked', { reason: blocking.text }));
      return false;
    }
    if (!(await this.editor.settled())) {
      this.signing.tell(this.say('sign_changed'));
      return false;
    }
    if (await this.saver.save()) return true;
    this.signing.tell(this.say('sign_unsaved'));
    return false;
  }

  sign() {
    if (this.after.amending) this.after.amendment.submit();
    else if (this.room.can.sign) this.signing.sign();
  }

  #signed(answer) {
    if (answer.meaning === 'preliminary') {
      part('preliminary').disabled = true;
      this.signing.signed = null;
      this.signing.tell(this.say('signed_preliminary', { time: clock(answer.signed_at) }));
      return;
    }
    this.stopWatching?.();
    Object.assign(this.room.can, { edit: false, sign: false, sign_preliminary: false, claim: false, release: false, add: true, amend: true });
    this.room.recommendation = answer.recommendation ?? null;
    this.room.report.status = 'SIGNED';
    this.room.report.versions = answer.versions ?? [];
    this.sections.editable = false;
    this.review.touched();
    this.editor.close();
    this.sections.draw();
    this.findings.draw();
    this.#drawRights();
    this.#drawIssues();
    this.addenda.draw();
    part('readonly').textContent = this.say('signed_by', { who: answer.signer, time: clock(answer.signed_at) });
    part('pdf').href = answer.pdf ?? this.room.urls.pdf;
    part('next').classList.add('primary');
    if (document.activeElement === document.body || part('actions').contains(document.activeElement)) {
      part('next').focus();
    }
  }

  async release() {
    if (await this.saver.save()) postForm(this.room.urls.release);
  }

  claim() {
    if (this.room.can.claim) postForm(this.room.urls.claim);
  }

  async next() {
    if (lockedOut()) return;
    if (await this.#savedToLeave()) postForm(this.room.urls.next);
  }

  async #savedToLeave() {
    if (!this.room.can.edit || (await this.saver.save())) return true;
    this.signing.tell(this.say('leave_unsaved'));
    return false;
  }

  #waiting() {
    return this.room.ai.state === 'pending' || this.room.report.status === 'DRAFTING';
  }

  #watch() {
    this.stopWatching = poll({
      url: this.room.urls.state,
      waiting: () => this.#waiting(),
      news: (state) => this.#news(state),
    });
  }

  #news(state) {
    const arrived = state.ai.state !== this.room.ai.state || (state.draft_ready && this.#draftIsNews(state));
    if (state.late_images !== this.late) {
      this.late = state.late_images;
      this.#drawIssues();
    }
    if (!arrived) {
      this.room.ai = { ...this.room.ai, ...state.ai };
      this.#drawAi();
    } else if (this.late === 0) {
      this.#takeIn();
    }
  }

  #draftIsNews(state) {
    if (this.room.report.status === 'DRAFTING') return state.report_status !== 'DRAFTING';
    return false;
  }

  /** The findings as they stand after a decision. */
  takeFindings(findings) {
    this.room.findings = findings;
    this.findings.findings = findings;
    this.findings.draw();
    this.sections.showDoubts();
    this.review.touched();
    this.editor.work();
    this.#drawIssues();
  }

  /** Newer data of the study: into an untouched text in place, beside a touched one. */
  async #takeIn() {
    const room = await freshRoom(window.location.href);
    const { report } = room;
    Object.assign(this.room, { ai: room.ai, findings: room.findings });
    this.room.report.status = report.status;
    this.room.report.offered = report.offered;
    this.findings.findings = room.findings;
    if (this.model.version === 0 && !this.saver.dirty) {
      this.model.load(report.sections);
      this.editor.load(report);
      this.saver.accept(report.revision, report.saved_at);
    } else if (!report.offered && report.revision !== this.saver.revision) {
      this.room.report.offered = { sections: report.sections, revision: report.revision };
    }
    this.fresh(room);
    this.#drawAll();
    this.review.touched();
  }
}
