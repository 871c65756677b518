/** The sections on the page: every sentence is edited where it stands. */
import { element } from '../lib/dom.js';
import { aroundCaret, putCaret } from './caret.js';
import { tidy } from './model.js';

export class Sections {
  editable = true;
  #last = null;

  /**
   * `numberOf(key)`: the number of a finding or measurement. `doubt(sentence)` → why it may no longer hold, or ''.
   * `changed()`: called after every change by the reader.
   */
  constructor({ root, model, say, selection, numberOf, doubt = () => '', changed }) {
    Object.assign(this, { root, model, say, selection, numberOf, doubt, changed });
    /** What is asked in a section (fields.js), and a person's own phrases (phrases.js); null where there is none. */
    this.fields = null;
    this.phrases = null;
    root.addEventListener('focusin', ({ target }) => {
      this.#last = target.closest?.('[data-sentence]')?.dataset.sentence ?? this.#last;
    });
    selection.listen(() => this.light());
  }

  draw() {
    this.root.replaceChildren(...this.model.sections.map((section) => this.#section(section)));
    this.light();
  }

  #section(section) {
    const id = `section-${section.name}`;
    const head = element(
      'div',
      { class: 'section-head' },
      element('h3', { id, text: section.title }),
      section.required && !section.sentences.length
        ? element('span', { class: 'required', text: this.say('required') })
        : null,
    );
    const box = element('section', { 'aria-labelledby': id, data: { section: section.name } }, head);
    if (this.fields) box.append(this.fields.box(section.name));
    section.sentences.forEach((sentence) => box.append(this.#sentence(sentence, section)));
    if (this.editable) {
      const add = element('button', { type: 'button', class: 'add', text: this.say('add_sentence') });
      add.setAttribute('aria-label', this.say('add_sentence_to', { section: section.title }));
      add.addEventListener('click', () => this.add(section.name));
      box.append(add);
    }
    return box;
  }

  #sentence(sentence, section) {
    const row = element('div', { class: this.#look(sentence), data: { sentence: sentence.id } });
    const text = element('div', {
      class: 'text',
      text: sentence.text,
      role: this.editable ? 'textbox' : null,
      'aria-label': this.editable ? section.title : null,
      'aria-describedby': `state-${sentence.state}`,
      contenteditable: this.editable ? 'plaintext-only' : null,
      spellcheck: this.editable ? 'true' : null,
      lang: document.documentElement.lang,
    });
    if (this.editable) {
      text.addEventListener('input', () => this.#typed(sentence.id, row, text));
      text.addEventListener('keydown', (event) => this.#key(event, sentence.id, text));
      text.addEventListener('blur', () => this.#left(sentence.id));
    }
    row.append(text, ...this.#chips(sentence), this.#accepted(sentence), element('span', { class: 'doubt', data: { doubt: sentence.id } }));
    if (sentence.evidence.length) {
      text.addEventListener('click', () => this.selection.choose(sentence.evidence[0], 'sentence'));
    }
    return row;
  }

  #look(sentence) {
    return `s ${sentence.state}${sentence.accepted ? ' accepted' : ''}`;
  }

  /** The sign that the reader took the AI's sentence as it is. */
  #accepted(sentence) {
    const sign = element('span', { class: 'taken', role: 'img', 'aria-label': this.say('sentence_accepted'), title: this.say('sentence_accepted'), text: '✓' });
    sign.hidden = !sentence.accepted;
    return sign;
  }

  #chips(sentence) {
    return sentence.evidence.map((key) => {
      const number = this.numberOf(key);
      const chip = element('button', { type: 'button', class: 'e', text: number, data: { evidence: key } });
      chip.setAttribute('aria-label', this.say('show_finding', { n: number }));
      chip.addEventListener('click', () => this.selection.choose(key, 'chip'));
      return chip;
    });
  }

  #typed(id, row, text) {
    this.model.setText(id, text.textContent);
    this.#relook(id, row, text);
    this.phrases?.typed(text);
    this.light();
    this.fields?.redraw();
    this.changed();
  }

  #relook(id, row, text) {
    const { sentence } = this.model.find(id);
    row.className = this.#look(sentence);
    row.querySelector('.taken').hidden = !sentence.accepted;
    text.setAttribute('aria-describedby', `state-${sentence.state}`);
  }

  /** The sentence that has the focus, else the first of the AI's that rests on the chosen finding, else the AI's first unresolved. */
  #meant() {
    const focused = document.activeElement?.closest?.('[data-sentence]')?.dataset.sentence;
    if (focused) return focused;
    const about = this.selection.key ? this.model.sentencesAbout(this.selection.key) : [];
    return (about.find((one) => one.state === 'ai' && !one.accepted) ?? this.model.unresolved()[0])?.id ?? null;
  }

  /** Takes a sentence of the AI as it stands, and goes on to the next one that is open. */
  accept() {
    const id = this.editable ? this.#meant() : null;
    if (!id || !this.model.accept(id)) return;
    const row = this.#row(id);
    this.#relook(id, row, row.querySelector('.text'));
    this.changed();
    const next = this.model.unresolved()[0];
    if (this.model.find(id).sentence.accepted && next) this.focus(next.id);
  }

  /** Takes the sentence that has the focus out of the report; never one that nobody looks at. */
  drop() {
    const id = this.editable ? document.activeElement?.closest?.('[data-sentence]')?.dataset.sentence : null;
    if (id) this.#removed(id);
  }

  /** Into a sentence with all of it chosen: what is typed takes its place. */
  reword() {
    const id = this.editable ? this.#meant() : null;
    if (!id) return;
    this.focus(id);
    document.getSelection().selectAllChildren(this.#row(id).querySelector('.text'));
  }

  /** A sentence left empty goes away. */
  #left(id) {
    const found = this.model.find(id);
    if (!found || tidy(found.sentence.text)) return;
    // The browser is still moving the focus; redrawing now would take it from where it goes.
    setTimeout(() => {
      const still = this.model.find(id);
      const row = this.#row(id);
      if (!still || tidy(still.sentence.text) || row?.contains(document.activeElement)) return;
      this.model.remove(id);
      row?.remove();
      this.changed();
    }, 0);
  }

  #row(id) {
    return this.root.querySelector(`[data-sentence="${CSS.escape(id)}"]`);
  }

  #texts() {
    return [...this.root.querySelectorAll('.text')];
  }

  #key(event, id, text) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.phrases?.key(event, text)) {
      this.#typed(id, this.#row(id), text);
      return;
    }
    if (event.defaultPrevented) return;
    const { before, after } = aroundCaret(text);
    if (event.key === 'Enter') {
      event.preventDefault();
      this.#split(id, before, after);
    } else if (event.key === 'Backspace' && !tidy(text.textContent)) {
      event.preventDefault();
      this.#removed(id);
    } else if (event.key === 'ArrowUp' && before === '') {
      this.#move(event, text, -1);
    } else if (event.key === 'ArrowDown' && after === '') {
      this.#move(event, text, 1);
    } else if (event.key === 'Escape') {
      text.blur();
    }
  }

  #split(id, before, after) {
    if (!tidy(before) && !tidy(after)) return;
    if (tidy(after)) this.model.setText(id, before);
    const fresh = this.model.add({ after: id, text: after });
    this.draw();
    this.focus(fresh, 'start');
    this.changed();
  }

  #removed(id) {
    const neighbour = this.model.remove(id);
    this.draw();
    if (neighbour) this.focus(neighbour);
    this.changed();
  }

  #move(event, text, by) {
    const all = this.#texts();
    const next = all[all.indexOf(text) + by];
    if (!next) return;
    event.preventDefault();
    putCaret(next, by > 0 ? 'start' : 'end');
  }

  add(name) {
    const id = this.model.add({ section: name });
    this.draw();
    this.focus(id);
    this.changed();
  }

  /** A sentence of the reader's where they wrote last, else at the end of section `name`. Returns its id. */
  insert({ text, evidence, name }) {
    const after = this.#last && this.model.find(this.#last) ? this.#last : null;
    const id = this.model.add({ after, section: name, text, evidence });
    this.#last = id;
    this.draw();
    this.#row(id)?.scrollIntoView({ block: 'nearest' });
    this.changed();
    return id;
  }

  /** What speaks against a sentence stands behind it; the sentence itself stays as it is. */
  showDoubts() {
    for (const node of this.root.querySelectorAll('[data-doubt]')) {
      const found = this.model.find(node.dataset.doubt);
      const why = found ? this.doubt(found.sentence) : '';
      const out = why && this.editable ? element('button', { type: 'button', class: 'plain', text: this.say('take_out') }) : null;
      out?.addEventListener('click', () => this.#removed(node.dataset.doubt));
      node.replaceChildren(...(why ? [why, ' '] : []), ...(out ? [out] : []));
      node.parentElement.classList.toggle('doubtful', Boolean(why));
    }
  }

  focus(id, where = 'end') {
    const text = this.#row(id)?.querySelector('.text');
    if (text) putCaret(text, where);
  }

  /** A new sentence where the reader wrote last, begun with "/": the list of phrases opens. */
  beginPhrase(name) {
    if (!this.editable) return;
    const id = this.insert({ text: '/', evidence: [], name });
    this.focus(id);
    this.phrases?.typed(this.#row(id).querySelector('.text'));
  }

  /** Into the report: the sentence of the chosen finding, else the first, else a new one. */
  enter() {
    if (!this.editable) return;
    const about = this.selection.key ? this.model.sentencesAbout(this.selection.key)[0] : null;
    const first = about ?? this.model.sections.flatMap((section) => section.sentences)[0];
    if (first) this.focus(first.id);
    else if (this.model.sections.length) this.add(this.model.sections[0].name);
  }

  /** Into a section: its last sentence, or a new one. */
  enterSection(name) {
    const last = this.model.section(name)?.sentences.at(-1);
    if (last) this.focus(last.id);
    else this.add(name);
  }

  light() {
    this.showDoubts();
    const key = this.selection.key;
    const about = new Set(key ? this.model.sentencesAbout(key).map((sentence) => sentence.id) : []);
    let first = null;
    for (const row of this.root.querySelectorAll('[data-sentence]')) {
      const on = about.has(row.dataset.sentence);
      row.classList.toggle('on', on);
      if (on) first ??= row;
    }
    if (first && !this.root.contains(document.activeElement)) first.scrollIntoView({ block: 'nearest' });
  }
}
