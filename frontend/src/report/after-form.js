/** One of the forms below a signed report: opened, filled, signed with a password where one is needed, closed. */
import { part } from '../lib/dom.js';
import { HttpError, Offline } from '../lib/http.js';

export class AfterForm {
  #busy = false;

  /**
   * `name`: of the form's parts ("amend" → amend-form, amend-password …). `send(password)` → Promise of the server's
   * answer. `opened()`, `closed()`, `signed(answer)`: what the page does then.
   */
  constructor({ name, needsPassword, say, send, opened, closed, signed }) {
    Object.assign(this, { name, needsPassword, say, send, opened, closed, signed });
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
    this.#tell('');
    this.closed();
    const begin = part(`${this.name}-begin`);
    if (!begin.hidden) begin.focus();
  }

  #tell(text) {
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
    this.#tell('');
    try {
      const answer = await this.send(this.password.value);
      this.signed(answer);
      this.close();
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#busy = false;
    }
  }

  #refused(error) {
    if (error instanceof Offline) this.#tell(this.say('sign_offline'));
    else if (error instanceof HttpError) this.#tell(error.body?.detail ?? this.say('sign_failed'));
    else throw error;
    if (!error.body?.needs_password) return;
    this.needsPassword = true;
    this.password.parentElement.hidden = false;
    this.password.select();
    this.password.focus();
  }
}
