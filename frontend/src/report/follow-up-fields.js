/** What the report recommends, in the form of its amendment: whether there is a follow-up, and what, when and who. */
import { part } from '../lib/dom.js';

const NAMES = ['what', 'number', 'unit', 'kind', 'owner'];

export class FollowUpFields {
  constructor() {
    this.on = part('amend-follows');
    this.fields = part('amend-follow-up');
    this.on.addEventListener('change', () => this.#draw());
  }

  #field(name) {
    return this.fields.querySelector(`[name=${name}]`);
  }

  #draw() {
    // Fields that are not asked for are no part of the form, and stop nothing.
    this.fields.disabled = !this.on.checked;
    this.fields.hidden = !this.on.checked;
  }

  /** recommendation: {what, number, unit, kind, owner}, or null. */
  fill(recommendation) {
    this.on.checked = Boolean(recommendation);
    if (recommendation) for (const name of NAMES) this.#field(name).value = recommendation[name];
    this.#draw();
  }

  value() {
    if (!this.on.checked) return null;
    const given = Object.fromEntries(NAMES.map((name) => [name, this.#field(name).value]));
    return { ...given, number: Number(given.number) };
  }
}
