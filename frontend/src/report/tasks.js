/**
 * The panel of tasks: opinions, critical results, follow-up. The server writes it; here it is unfolded, sent and
 * renewed. Folded it is one line, the most pressing of its entries.
 */
import { part, publish } from '../lib/dom.js';

const EVERY_MS = 20000;

export class Tasks {
  #busy = false;
  #unfolded = false;

  /** `keys`: the page's map. `moved()`: the opinions have changed what the whole page may show. */
  constructor({ say, keys, moved = () => window.location.reload() }) {
    Object.assign(this, { say, keys, moved });
    this.frame = part('tasks-frame');
    this.frame.addEventListener('click', (event) => {
      const opener = event.target.closest('[data-opens]');
      if (opener) this.open(opener.dataset.opens);
      else if (event.target.closest('[data-unfold]')) this.unfold();
    });
    this.frame.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send(event.target, event.submitter);
    });
    this.frame.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && event.target.closest('form')) this.#close();
    });
    this.#told();
    setInterval(() => this.refresh(), EVERY_MS);
    // A signature may start a clock, or another follow-up: the page says so where it is looked for.
    const told = { attributeFilter: ['data-signed', 'data-versions'], attributeOldValue: true };
    const news = ({ attributeName, oldValue }) => document.documentElement.getAttribute(attributeName) !== oldValue;
    new MutationObserver((all) => all.some(news) && this.refresh()).observe(document.documentElement, told);
  }

  /** {act of the keyboard: function}. */
  acts() {
    return {
      tasks: () => this.unfold(),
      tell: () => this.open(this.frame.querySelector('[data-first]')?.dataset.opens ?? 'tell-other'),
      recommend: () => this.open('recommend'),
      opinion: () => this.frame.querySelector('[data-first-opinion]')?.focus(),
    };
  }

  #forms() {
    return [...this.frame.querySelectorAll('form[data-form]:not([data-form=opinion])')];
  }

  /** Opens one form and closes the others; the same once more closes it. */
  open(name) {
    const form = this.#forms().find((each) => each.dataset.form === name);
    if (!form) return;
    const opens = form.hidden;
    this.#close();
    form.hidden = !opens;
    this.#fold();
    if (!opens) return;
    form.scrollIntoView({ block: 'nearest' });
    // What is filled in already is only to be looked at.
    const fields = [...form.querySelectorAll('input:not([type=hidden]), select')];
    (fields.find((field) => field.required && !field.value) ?? fields[0])?.focus();
  }

  #close() {
    for (const form of this.#forms()) form.hidden = true;
    this.#fold();
  }

  /** Shows every entry, or the most pressing alone. */
  unfold() {
    if (!this.frame.querySelector('[data-unfold]')) return;
    this.#unfolded = !this.#unfolded;
    this.#close();
  }

  /** A form that is open is seen, whatever is folded. */
  #fold() {
    const opener = this.frame.querySelector('[data-unfold]');
    if (!opener) return;
    const shown = this.#unfolded || this.#forms().some((form) => !form.hidden);
    this.frame.querySelector('[data-part=tasks-body]').hidden = !shown;
    opener.setAttribute('aria-expanded', String(shown));
  }

  #writing() {
    return this.#forms().some((form) => !form.hidden) || this.frame.contains(document.activeElement);
  }

  /** The panel as it stands now; left alone while somebody writes in it. */
  async refresh() {
    if (this.#busy || document.hidden || this.#writing()) return;
    try {
      const response = await fetch(part('tasks').dataset.url, { credentials: 'same-origin' });
      const html = response.ok ? await response.text() : '';
      if (html && !this.#writing()) this.#take(html, null, true);
    } catch {
      // The next time will tell.
    }
  }

  async #send(form, submitter) {
    if (this.#busy) return;
    this.#busy = true;
    const before = part('tasks').dataset.stage;
    try {
      const body = new URLSearchParams(new FormData(form, submitter));
      const response = await fetch(form.action, { method: 'POST', credentials: 'same-origin', body });
      const taken = this.#take(await response.text(), response.ok ? null : form);
      if (!taken) this.#problem(this.say('task_failed'));
      else if (response.ok && part('tasks').dataset.stage !== before) this.moved();
    } catch {
      this.#problem(this.say('task_offline'));
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Puts the server's panel in place; `kept`: the form that was refused, whose words are not lost. `news`: only where
   * it says something new, so that nothing is read out again and again.
   */
  #take(html, kept = null, news = false) {
    const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('[data-part=tasks]');
    if (!fresh) return false;
    if (news && fresh.textContent === part('tasks').textContent) return true;
    this.frame.replaceChildren(fresh);
    const again = kept && this.#forms().find((form) => form.dataset.form === kept.dataset.form);
    if (again) {
      for (const field of again.elements) {
        if (field.name && field.type !== 'hidden' && field.name in kept.elements) field.value = kept.elements[field.name].value;
      }
      again.hidden = false;
    }
    this.#fold();
    this.#told();
    return true;
  }

  #problem(text) {
    let line = this.frame.querySelector('[data-part=task-problem]');
    if (!line) {
      line = document.createElement('p');
      Object.assign(line, { className: 'answer' });
      line.dataset.part = 'task-problem';
      line.setAttribute('role', 'alert');
      part('tasks').prepend(line);
    }
    line.textContent = text;
  }

  #told() {
    this.keys.write(this.frame);
    const all = [...this.frame.querySelectorAll('[data-communication]')];
    publish({
      untold: this.frame.querySelector('[data-untold]')?.dataset.untold ?? null,
      communications: all.map((each) => each.dataset.status).join(' ') || null,
    });
  }
}
