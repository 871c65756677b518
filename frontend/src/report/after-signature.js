/** What a reader may do with a signed report: amend its text, or co-sign it. */
import { part } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { AfterForm } from './after-form.js';
import { drawSignedTexts } from './signed-texts.js';

export class AfterSignature {
  /**
   * `model`, `sections`: the text on the page. `revision()`: the number of the signed one. `changed()`: called when
   * amending begins or ends. `taken(revision)`: the number of the text that now counts.
   */
  constructor({ room, say, model, sections, revision, changed, taken, post = postJson }) {
    Object.assign(this, { room, say, model, sections, revision, changed, taken, post });
    const shared = { needsPassword: room.needs_password, say };
    this.amendment = new AfterForm({
      ...shared,
      name: 'amend',
      send: (password) => this.#amend(password),
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
    this.before = { sections: structuredClone(this.model.toJson()), version: this.model.version };
    this.sections.editable = true;
    this.sections.draw();
    this.draw();
    this.changed();
    this.sections.enter();
  }

  #notAmending() {
    if (this.before) this.model.take(this.before.sections);
    this.before = null;
    this.sections.editable = false;
    this.sections.draw();
    this.draw();
    this.changed();
  }

  #amend(password) {
    return this.post(this.room.urls.amend, {
      ...this.#seen(),
      sections: this.model.toJson(),
      reason: part('amend-reason').value,
      images: this.room.came_late?.images ?? null,
      password,
    });
  }

  #amended(answer) {
    this.before.sections = this.model.toJson();
    // Who signed this text does not agree with it as a second reader.
    this.#take(answer, { cosign: false });
  }

  #take(answer, can) {
    Object.assign(this.room.can, can);
    Object.assign(this.room.report, { status: answer.status, versions: answer.versions, revision: answer.revision });
    this.taken(answer.revision);
  }
}
