/**
 * What is asked, under the title of its section: a choice, a number, a few words. Each writes its sentence; where the
 * text was changed since, a line says so, with one key either way.
 */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';
import { Offline, postJson } from '../lib/http.js';
import { isAnswered } from './answers.js';

/** Units as they are written, where UCUM writes them otherwise; months stand in the label, in the reader's language. */
const UNITS = { ml: 'mL', mo: '' };
const unitOf = (field) => UNITS[field.unit] ?? field.unit;

export class Fields {
  editable = true;
  #asking = null;
  #again = false;
  /** Was the last question to the rules left without an answer? */
  waiting = false;

  /** `drawText()`: the sentences were changed. `changed()`: called after every change by the reader. */
  constructor({ answers, say, selection, url, drawText, changed, post = postJson }) {
    Object.assign(this, { answers, say, selection, url, drawText, changed, post });
    selection.listen(() => this.redraw());
    document.addEventListener('pair-judged', () => this.work());
  }

  /** The box of one section; empty and hidden where it asks nothing. */
  box(name) {
    const box = element('div', { class: 'fields', data: { fields: name } });
    this.#fill(box);
    return box;
  }

  #boxes() {
    return [...document.querySelectorAll('[data-fields]')];
  }

  /** Draws what is asked anew and leaves the focus where it was. */
  redraw() {
    const held = document.activeElement?.closest?.('[data-fields]') ? document.activeElement.dataset.at : null;
    for (const box of this.#boxes()) {
      // A list that is open would close under the reader's hand.
      if (held && box.contains(document.activeElement) && document.activeElement.tagName === 'INPUT') this.#tell(box);
      else this.#fill(box);
    }
    if (held) document.querySelector(`[data-fields] [data-at="${CSS.escape(held)}"]`)?.focus();
  }

  #fill(box) {
    const name = box.dataset.fields;
    const keys = this.answers.keysOf(name, this.selection.key);
    const rows = this.editable ? keys.map((key) => this.#field(key)) : keys.map((key) => this.#told(key)).filter(Boolean);
    box.replaceChildren(...rows, element('div', { class: 'unlike', role: 'status' }));
    this.#tell(box);
    box.hidden = !rows.length && !box.querySelector('.unlike').childElementCount;
  }

  /** A field nobody can change any more. */
  #told(key) {
    const value = this.answers.value(key);
    if (!isAnswered(value)) return null;
    const field = this.answers.fieldOf(key);
    const chosen = Array.isArray(value) ? value : [value];
    const words = chosen.map((one) => field.options.find((option) => option.value === one)?.label ?? String(one)).join(', ');
    const said = [words, unitOf(field)].filter(Boolean).join(' ');
    return element('span', { class: 'field' }, element('span', { class: 'label', text: this.#label(key) }), element('span', { text: said }), this.#from(key));
  }

  #label(key) {
    const field = this.answers.fieldOf(key);
    const finding = field.per_finding ? this.answers.findings().find((each) => key.endsWith(`.${each.key}`)) : null;
    return finding ? `${finding.number} · ${field.label}` : field.label;
  }

  #field(key) {
    const field = this.answers.fieldOf(key);
    const open = field.required && !isAnswered(this.answers.value(key));
    const label = element('span', { class: 'label', id: `label-${key}`, text: this.#label(key) });
    const row = element('span', { class: open ? 'field open' : 'field', data: { answer: key } }, label, this.#input(field, key), this.#from(key));
    const rule = this.#rule(key);
    if (rule) row.append(rule);
    return row;
  }

  /** Whose answer it is, while it is not the reader's. */
  #from(key) {
    const origin = this.answers.values.get(key)?.origin;
    if (origin !== 'ai' && origin !== 'rule') return null;
    const reason = this.answers.computed[key]?.reason;
    return element('span', { class: `from ${origin}`, text: this.say(`answer_${origin}`), title: reason });
  }

  /** What the rule says where a person said something else. */
  #rule(key) {
    const computed = this.answers.computed[key];
    const given = this.answers.values.get(key);
    if (!computed || given?.origin !== 'human' || computed.value === null || computed.value === given.value) return null;
    const label = this.answers.fieldOf(key).options.find((option) => option.value === computed.value)?.label ?? computed.value;
    return element('span', { class: 'from', text: this.say('answer_rule_says', { value: label }), title: computed.reason });
  }

  #input(field, key) {
    if (field.kind === 'multi') return this.#several(field, key);
    if (field.kind === 'number' || field.kind === 'text') return this.#typed(field, key);
    const value = this.answers.value(key) ?? '';
    const select = element('select', { 'aria-labelledby': `label-${key}`, data: { at: key } });
    select.append(element('option', { value: '', text: '–' }));
    for (const option of field.options) {
      select.append(element('option', { value: option.value, text: option.label, selected: option.value === value }));
    }
    select.addEventListener('change', () => this.choose(key, select.value || null));
    select.addEventListener('keydown', (event) => this.#leave(event));
    return select;
  }

  #several(field, key) {
    const chosen = this.answers.value(key) ?? [];
    const group = element('span', { class: 'several', role: 'group', 'aria-labelledby': `label-${key}` });
    for (const option of field.options) {
      const on = chosen.includes(option.value);
      const at = `${key}=${option.value}`;
      const button = element('button', { type: 'button', class: on ? 'on' : '', text: option.label, 'aria-pressed': String(on), data: { at } });
      button.addEventListener('click', () => {
        const now = this.answers.value(key) ?? [];
        const next = now.includes(option.value) ? now.filter((one) => one !== option.value) : [...now, option.value];
        this.choose(key, field.options.map((one) => one.value).filter((one) => next.includes(one)));
      });
      button.addEventListener('keydown', (event) => this.#leave(event));
      group.append(button);
    }
    return group;
  }

  #typed(field, key) {
    const number = field.kind === 'number';
    const value = this.answers.value(key);
    const input = element('input', {
      type: number ? 'number' : 'text',
      min: number ? field.low : null,
      max: number ? field.high : null,
      step: number ? 10 ** -field.digits : null,
      maxlength: number ? null : 300,
      autocomplete: 'off',
      value: value === null ? '' : number ? value.toFixed(field.digits) : value,
      'aria-labelledby': `label-${key}`,
      data: { at: key },
    });
    input.addEventListener('change', () => {
      if (!input.checkValidity()) {
        input.reportValidity();
        return;
      }
      this.choose(key, number ? (input.value === '' ? null : Number(input.value)) : input.value.trim());
    });
    input.addEventListener('keydown', (event) => this.#leave(event));
    return element('span', { class: 'typed' }, input, unitOf(field) ? element('span', { class: 'unit', text: unitOf(field) }) : null);
  }

  #leave(event) {
    if (event.key === 'Escape') event.currentTarget.blur();
    if (event.key === 'Enter' && event.currentTarget.tagName === 'INPUT' && !event.ctrlKey && !event.isComposing) event.currentTarget.blur();
  }

  /** What differs between answers and text, below the fields of the section. */
  #tell(box) {
    const root = box.querySelector('.unlike');
    const lines = this.answers.unlike(box.dataset.fields);
    root.replaceChildren(...lines.map((line) => this.#unlike(line)));
    if (lines.length) box.hidden = false;
  }

  #unlike(line) {
    const absent = this.answers.state(line) === 'absent';
    const text = this.answers.text(line);
    const row = element('div', { class: 'differs', data: { line } }, element('span', { text: this.say(absent ? 'answer_absent' : 'answer_differs') }));
    if (!this.editable) return row;
    if (text) {
      const write = element('button', { type: 'button', class: 'plain', title: text }, this.say('answer_write'), ' ', element('kbd', { text: keyOf('answer-to-text') }));
      write.addEventListener('click', () => this.together(line, 'answer'));
      row.append(write);
    }
    if (!absent) {
      const take = element('button', { type: 'button', class: 'plain' }, this.say('answer_take'), ' ', element('kbd', { text: keyOf('text-to-answer') }));
      take.addEventListener('click', () => this.together(line, 'text'));
      row.append(take);
    }
    return row;
  }

  choose(key, value) {
    if (!this.editable) return;
    this.answers.set(key, value);
    this.#after();
  }

  /** Brings answer and text of a line together: `side` "answer" writes the text, "text" lets it stand. */
  together(line, side) {
    if (!this.editable || !line) return;
    if (side === 'answer') this.answers.write(line);
    else this.answers.takeText(line);
    this.#after();
  }

  /** The line that is meant: of the sentence or field that has the focus, else the first that differs. */
  meant() {
    const at = document.activeElement;
    const sentence = at?.closest?.('[data-sentence]')?.dataset.sentence;
    const own = sentence ? this.answers.lineOfSentence(sentence) : null;
    if (own) return own;
    const key = at?.closest?.('[data-answer]')?.dataset.answer;
    const lines = key ? this.answers.linesOf(key) : [];
    const all = this.#boxes().flatMap((box) => this.answers.unlike(box.dataset.fields));
    return all.find((line) => lines.includes(line)) ?? all[0] ?? null;
  }

  #after() {
    const held = document.activeElement?.dataset?.at;
    this.drawText();
    if (held) document.querySelector(`[data-fields] [data-at="${CSS.escape(held)}"]`)?.focus();
    this.changed();
    this.work();
  }

  /** The first required field without an answer, else the first. */
  enter() {
    if (!this.editable) return;
    const open = document.querySelector('[data-fields] .field.open [data-at]');
    (open ?? document.querySelector('[data-fields] [data-at]'))?.focus();
  }

  /** Into the field of one answer; false where it is not asked on the page. */
  goTo(key) {
    const field = this.editable ? document.querySelector(`[data-answer="${CSS.escape(key)}"] [data-at]`) : null;
    field?.focus();
    return Boolean(field);
  }

  /** Asks what the rules make of the answers and of the findings as they stand. */
  work() {
    if (!this.url || !this.editable || !this.answers.computes) return Promise.resolve();
    this.#again = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** When nothing is being asked any more; asks nothing itself. */
  settled() {
    return this.#asking ?? Promise.resolve();
  }

  async #ask() {
    while (this.#again) {
      this.#again = false;
      let answer;
      try {
        answer = await this.post(this.url, { answers: this.answers.toJson() });
      } catch (error) {
        // Without an answer nothing is changed; it is asked again when the text was saved.
        this.waiting = error instanceof Offline;
        return;
      }
      this.waiting = false;
      if (this.#again || !this.editable) continue;
      if (this.answers.takeComputed(answer.computed)) {
        this.#again = true;
        this.drawText();
        this.changed();
      } else this.redraw();
    }
  }
}
