/** What comes after a signature: addenda below the report, and the note of images that came late. */
import { element, part, publish } from '../lib/dom.js';
import { Offline, postJson } from '../lib/http.js';

export class Addenda {
  #busy = false;
  #over = {};

  /**
   * `changed()`: called when the form opens or closes, `typed()` when its text changes, `reviewed(remarks)` when the
   * review speaks against it.
   */
  constructor({ room, say, changed, typed = () => {}, reviewed = () => {}, post = postJson }) {
    Object.assign(this, { room, say, changed, reviewed, post });
    this.late = room.came_late;
    this.needsPassword = room.needs_password;
    this.form = part('addendum-form');
    this.text = part('addendum-text');
    this.text.addEventListener('input', () => typed());
    part('addendum-begin').addEventListener('click', () => this.begin());
    part('addendum-cancel').addEventListener('click', () => this.#close());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sign();
    });
    this.form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        event.stopPropagation();
        this.form.requestSubmit();
      }
    });
    window.addEventListener('beforeunload', (event) => {
      if (!this.form.hidden && this.text.value.trim()) event.preventDefault();
    });
  }

  /** What stands after the signature as the room now says it. */
  draw() {
    const { report } = this.room;
    const added = report.addenda ?? [];
    const root = part('addenda');
    root.hidden = added.length === 0;
    root.replaceChildren(...added.map((each) => this.#addendum(each)));
    this.#drawLate();
    publish({ addenda: added.length });
    this.changed();
  }

  #addendum(each) {
    const words = [this.say('addendum_reason', { reason: each.reason }), `${each.signer} · ${each.meaning_label} · ${each.signed_words}`];
    return element(
      'article',
      { class: 'addendum' },
      element('h4', { text: this.say('addendum_number', { n: each.number }) }),
      element('p', { class: 'said', text: each.text }),
      ...words.map((text) => element('p', { class: 'second', text })),
    );
  }

  #drawLate() {
    const root = part('came-late');
    root.hidden = !this.late?.count;
    root.replaceChildren();
    if (root.hidden) return;
    root.append(element('span', { text: this.late.text }));
    if (!this.room.can.add) return;
    const seen = element('button', { type: 'button', text: this.say('late_seen') });
    seen.addEventListener('click', () => this.#seen(seen));
    root.append(seen);
  }

  /** Only the images that this page was opened with are said to be seen. */
  async #seen(button) {
    button.disabled = true;
    try {
      this.late = (await this.post(this.room.urls.late_seen, { images: this.room.came_late.images })).came_late;
    } catch {
      button.disabled = false;
      return;
    }
    this.#drawLate();
  }

  get isOpen() {
    return !this.form.hidden;
  }

  /** The words a remark of the review is about. */
  go(remark) {
    this.text.focus();
    this.text.setSelectionRange(remark.start, remark.end);
  }

  /** Signs though the review stands against it: keys of its remarks, and why. */
  signOver(keys, reason) {
    this.#over = { signed_over: keys, signed_over_reason: reason };
    this.form.requestSubmit();
  }

  begin() {
    this.form.hidden = false;
    this.changed();
    part('addendum-password').parentElement.hidden = !this.needsPassword;
    part('addendum-reason').focus();
    this.form.scrollIntoView({ block: 'nearest' });
  }

  #close() {
    this.form.reset();
    this.form.hidden = true;
    this.#over = {};
    this.tell('');
    this.draw();
  }

  tell(text) {
    part('addendum-answer').textContent = text;
    part('addendum-answer').hidden = !text;
  }

  async #sign() {
    if (this.#busy) return;
    this.#busy = true;
    this.tell('');
    try {
      const answer = await this.post(this.room.urls.addendum, {
        after: (this.room.report.addenda ?? []).length,
        reason: part('addendum-reason').value,
        text: this.text.value,
        password: part('addendum-password').value,
        images: this.room.came_late?.images ?? null,
        ...this.#over,
      });
      this.room.report.addenda = answer.addenda;
      this.late = answer.came_late;
      this.#close();
      part('addenda').lastElementChild.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#busy = false;
    }
  }

  #refused(error) {
    if (error instanceof Offline) this.tell(this.say('sign_offline'));
    else this.tell(error.body?.detail ?? this.say('sign_failed'));
    if (error.body?.remarks) this.reviewed(error.body.remarks);
    if (!error.body?.needs_password) return;
    this.needsPassword = true;
    const password = part('addendum-password');
    password.parentElement.hidden = false;
    password.select();
    password.focus();
  }
}
