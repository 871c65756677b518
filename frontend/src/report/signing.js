/** Signing from the action bar: a password beside the button when one is needed, no dialog. */
import { Offline, postJson } from '../lib/http.js';
import { publish } from '../lib/dom.js';
import { lockedOut } from '../lib/lockout.js';

export class Signing {
  busy = false;
  meaning = 'final';
  signed = null;
  /** What the reader signs over, and why: {signed_over, reason}. */
  over = {};

  /**
   * `parts`: {button, preliminary, password, answer}. `before()` → true when nothing stands in the way and the
   * text is saved. `sending()` is called as the signature goes out, `done(answer)` once signed, `refused()` when it was
   * not, `reviewed(remarks)` when the review speaks against it.
   */
  constructor({ parts, url, needsPassword, say, revision, before, done, ...more }) {
    const { sending = () => {}, refused = () => {}, reviewed = () => {}, post = postJson } = more;
    Object.assign(this, { parts, url, needsPassword, say, revision, before, done, sending, refused, reviewed, post });
    parts.button.addEventListener('click', () => this.sign('final'));
    parts.preliminary.addEventListener('click', () => this.sign('preliminary'));
    parts.password.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) {
        event.preventDefault();
        this.sign(this.meaning);
      } else if (event.key === 'Escape') {
        this.#hidePassword();
      }
    });
  }

  #hidePassword() {
    this.parts.password.value = '';
    this.parts.password.parentElement.hidden = true;
    this.parts.button.focus();
  }

  tell(text) {
    this.parts.answer.textContent = text;
    this.parts.answer.hidden = !text;
  }

  /** `meaning`: "final" or "preliminary". */
  async sign(meaning = 'final', over = this.over) {
    if (this.busy || this.signed || lockedOut()) return;
    this.meaning = meaning;
    this.over = over;
    this.tell('');
    this.busy = true;
    try {
      if (!(await this.before())) return;
      if (this.needsPassword && !this.parts.password.value) {
        this.parts.password.parentElement.hidden = false;
        this.parts.password.focus();
        return;
      }
      await this.#send();
    } finally {
      this.busy = false;
    }
  }

  async #send() {
    const body = { password: this.parts.password.value, meaning: this.meaning, revision: this.revision(), ...this.over };
    this.sending();
    try {
      this.signed = await this.post(this.url, body);
    } catch (error) {
      this.#refused(error);
      return;
    }
    this.parts.password.value = '';
    this.parts.password.parentElement.hidden = true;
    if (this.meaning === 'final') publish({ signed: 'yes' });
    this.done({ meaning: this.meaning, ...this.signed });
  }

  #refused(error) {
    if (error instanceof Offline) this.tell(this.say('sign_offline'));
    else if (error.body?.detail) this.tell(error.body.detail);
    else this.tell(this.say('sign_failed'));
    if (error.body?.needs_password) this.needsPassword = true;
    if (this.needsPassword) {
      this.parts.password.parentElement.hidden = false;
      this.parts.password.select();
      this.parts.password.focus();
    }
    if (error.body?.remarks) this.reviewed(error.body.remarks);
    else this.refused();
  }
}
