/** One of the forms below a signed report: opened, filled, signed with a password where one is needed, closed. */
import { part } from '../lib/dom.js';
import { HttpError, Offline } from '../lib/http.js';

export class AfterForm {
  #busy = false;
  #over = {};

  /**
   * `name`: of the form's parts ("amend" → amend-form, amend-password …). `ready()` → Promise of why it may not be
   * sent, '' when it may. `send(password, over)` → Promise of the server's answer; over: what is signed over.
   * `opened()`, `closed()`, `signed(answer)`: what the page does then. `reviewed(remarks)`: the review speaks against it.
   */
  constructor({ name, needsPassword, say, send, opened, closed, signed, ready = async () => '', reviewed = () => {} }) {
    Object.assign(this, { name, needsPassword, say, send, opened, closed, signed, ready, reviewed });
    this.form = part(`${name}-form`);
    this.password = part(`${name}-password`);
    part(`${name}-begin`).addEventListener('click', () => this.open());
    part(`${name}-cancel`).addEventListener('click', () => this.close());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sign();
    });
    this.form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        event.stopPropagation();
        this.submit();
      } else if (event.key === 'Escape' && !event.isComposing) {
        event.stopPropagation();
        this.close();
      }
    });
  }

  get isOpen() {
    return !this.form.hidden;
  }

  /** The browser asks for what is required and missing. */
  submit() {
    this.form.requestSubmit();
  }

  /** Signs though the review stands against it: keys of its remarks, and why. */
  signOver(keys, reason) {
    this.#over = { signed_over: keys, signed_over_reason: reason };
    this.submit();
  }

  open() {
    this.form.hidden = false;
    this.password.parentElement.hidden = !this.needsPassword;
    this.form.scrollIntoView({ block: 'nearest' });
    // What is focused then may stand elsewhere, and comes into view.
    this.opened();
  }

  close() {
    this.form.reset();
    this.form.hidden = true;
    this.#over = {};
    this.tell('');
    this.closed();
    const begin = part(`${this.name}-begin`);
    if (!begin.hidden) begin.focus();
  }

  tell(text) {
    const answer = part(`${this.name}-answer`);
    answer.textContent = text;
    answer.hidden = !text;
  }

  async #sign() {
    if (this.#busy) return;
    if (this.needsPassword && !this.password.value) {
      this.password.parentElement.hidden = false;
      this.password.focus();
      return;
    }
    this.#busy = true;
    this.tell('');
    try {
      const against = await this.ready();
      if (against) {
        this.tell(against);
        return;
      }
      const answer = await this.send(this.password.value, this.#over);
      this.signed(answer);
      this.close();
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#busy = false;
    }
  }

  #refused(error) {
    if (error instanceof Offline) this.tell(this.say('sign_offline'));
    else if (error instanceof HttpError) this.tell(error.body?.detail ?? this.say('sign_failed'));
    else throw error;
    if (error.body?.remarks) this.reviewed(error.body.remarks);
    if (!error.body?.needs_password) return;
    this.needsPassword = true;
    this.password.parentElement.hidden = false;
    this.password.select();
    this.password.focus();
  }
}
