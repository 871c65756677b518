/** What a reader may do with a signed report: amend its text, answers and follow-up, or co-sign it. */
import { part } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { AfterForm } from './after-form.js';
import { FollowUpFields } from './follow-up-fields.js';
import { drawSignedTexts } from './signed-texts.js';

export class AfterSignature {
  /**
   * `model`, `sections`, `editor`: the text on the page, and the answers beside it. `revision()`: the number of the
   * signed one. `changed()`: called when amending begins or ends. `taken(revision)`: the number of the text that now
   * counts. `reviewed(remarks)`: the review speaks against the amendment.
   */
  constructor({ room, say, model, sections, editor, revision, changed, taken, reviewed, post = postJson }) {
    Object.assign(this, { room, say, model, sections, editor, revision, changed, taken, post });
    const shared = { needsPassword: room.needs_password, say };
    this.followUp = new FollowUpFields();
    this.amendment = new AfterForm({
      ...shared,
      name: 'amend',
      ready: async () => ((await editor.settled()) ? '' : say('sign_changed')),
      send: (password, over) => this.#amend(password, over),
      reviewed,
      opened: () => this.#amending(),
      closed: () => this.#notAmending(),
      signed: (answer) => this.#amended(answer),
    });
    this.cosignature = new AfterForm({
      ...shared,
      name: 'cosign',
      send: (password) => this.post(this.room.urls.cosign, { ...this.#seen(), password }),
      opened: () => this.#opened(part('cosign-password')),
      closed: () => this.draw(),
      signed: (answer) => this.#take(answer, { cosign: false }),
    });
    window.addEventListener('beforeunload', (event) => {
      if (this.amending && this.model.version !== this.before.version) event.preventDefault();
    });
  }

  get amending() {
    return this.amendment.isOpen;
  }

  draw() {
    const { can, report } = this.room;
    drawSignedTexts(report.versions ?? [], this.say);
    const open = this.amendment.isOpen || this.cosignature.isOpen || !part('addendum-form').hidden;
    part('amend-begin').hidden = !can.amend || open;
    part('cosign-begin').hidden = !can.cosign || open;
    part('addendum-begin').hidden = !can.add || open;
    part('after-signature').hidden = !(can.amend || can.cosign || can.add) || open;
  }

  /** What was on the screen: the server refuses to sign beside it. */
  #seen() {
    return { revision: this.revision(), after: (this.room.report.addenda ?? []).length };
  }

  #opened(field) {
    this.draw();
    if (!field.parentElement.hidden) field.focus();
  }

  #amending() {
    const { model, editor } = this;
    const answers = structuredClone(model.answers?.toJson() ?? null);
    this.before = { sections: structuredClone(model.toJson()), answers, version: model.version };
    this.sections.editable = true;
    editor.open();
    this.followUp.fill(this.room.recommendation);
    this.sections.draw();
    this.draw();
    this.changed();
    this.sections.enter();
  }

  #notAmending() {
    if (this.before) {
      this.model.take(this.before.sections);
      this.model.answers?.load(this.before.answers);
    }
    this.before = null;
    this.sections.editable = false;
    this.editor.close();
    this.sections.draw();
    this.draw();
    this.changed();
  }

  #amend(password, over) {
    return this.post(this.room.urls.amend, {
      ...this.#seen(),
      ...over,
      sections: this.model.toJson(),
      answers: this.model.answers?.toJson() ?? null,
      recommendation: this.followUp.value(),
      reason: part('amend-reason').value,
      images: this.room.came_late?.images ?? null,
      password,
    });
  }

  #amended(answer) {
    Object.assign(this.before, { sections: this.model.toJson(), answers: this.model.answers?.toJson() ?? null });
    this.room.recommendation = answer.recommendation;
    // Who signed this text does not agree with it as a second reader.
    this.#take(answer, { cosign: false });
  }

  #take(answer, can) {
    Object.assign(this.room.can, can);
    Object.assign(this.room.report, { status: answer.status, versions: answer.versions, revision: answer.revision });
    this.taken(answer.revision);
  }
}
