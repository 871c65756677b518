/** The panel of tasks: opinions, critical results, follow-up. The server writes it; here it is opened, sent and renewed. */
import { part, publish } from '../lib/dom.js';

const EVERY_MS = 20000;

export class Tasks {
  #busy = false;

  /** `keys`: the page's map. `moved()`: the opinions have changed what the whole page may show. */
  constructor({ say, keys, moved = () => window.location.reload() }) {
    Object.assign(this, { say, keys, moved });
    this.frame = part('tasks-frame');
    this.frame.addEventListener('click', (event) => {
      const opener = event.target.closest('[data-opens]');
      if (opener) this.open(opener.dataset.opens);
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
    // A signature may start a clock: the page says so where it is looked for.
    new MutationObserver(() => this.refresh()).observe(document.documentElement, { attributeFilter: ['data-signed'] });
  }

  /** {act of the keyboard: function}. */
  acts() {
    return {
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
    if (!opens) return;
    form.scrollIntoView({ block: 'nearest' });
    // What is filled in already is only to be looked at.
    const fields = [...form.querySelectorAll('input:not([type=hidden]), select')];
    (fields.find((field) => field.required && !field.value) ?? fields[0])?.focus();
  }

  #close() {
    for (const form of this.#forms()) form.hidden = true;
  }

  #writing() {
    return this.#forms().some((form) => !form.hidden) || this.frame.contains(document.activeElement);
  }

  /** The panel as it stands now; left alone while somebody writes in it. */
  async refresh() {
    if (this.#busy || document.hidden || this.#writing()) return;
    try {
      const response = await fetch(part('tasks').dataset.url, { credentials: 'same-origin' });
      if (response.ok && !this.#writing()) this.#take(await response.text());
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

  /** Puts the server's panel in place; `kept`: the form that was refused, whose words are not lost. */
  #take(html, kept = null) {
    const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('[data-part=tasks]');
    if (!fresh) return false;
    this.frame.replaceChildren(fresh);
    const again = kept && this.#forms().find((form) => form.dataset.form === kept.dataset.form);
    if (again) {
      for (const field of again.elements) {
        if (field.name && field.type !== 'hidden' && field.name in kept.elements) field.value = kept.elements[field.name].value;
      }
      again.hidden = false;
    }
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
