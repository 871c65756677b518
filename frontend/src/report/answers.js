/**
 * The coded answers beside the text, and the sentences they write. Pure: no page, no network.
 *
 * An answer writes its sentence while that sentence stands as it was written; a sentence changed by hand is left
 * alone, and so is the answer: then both "differ", until the reader brings them together. The form (fields, lines,
 * rules) comes from the server: reports/content/fields.py says the same in Python.
 */
import { tidy } from './model.js';

export const isAnswered = (value) => value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && !value.length);

const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** "*": any answer; ">0": any number above nought. */
export function fits(value, allowed) {
  if (!isAnswered(value)) return false;
  if (allowed.includes('>0')) return typeof value === 'number' && value > 0;
  const given = Array.isArray(value) ? value : [value];
  return allowed.includes('*') || given.some((each) => allowed.includes(String(each)));
}

const keyOf = (name, finding) => (finding ? `${name}.${finding}` : name);
const split = (key) => {
  const at = key.indexOf('.');
  return at < 0 ? [key, ''] : [key.slice(0, at), key.slice(at + 1)];
};

export class Answers {
  values = new Map();
  lines = new Map();
  /** What the programme's rules make of it: key → {value, reason}. */
  computed = {};
  #byNormal = new Set();

  /** `findings()` → [{key, number, state}]: of those that count. */
  constructor({ form, answers, model, findings = () => [] }) {
    Object.assign(this, { form, model, findings });
    this.fields = new Map(form.fields.map((field) => [field.id, field]));
    this.load(answers);
  }

  load(answers) {
    this.values = new Map(Object.entries(answers?.values ?? {}));
    this.lines = new Map(Object.entries(answers?.lines ?? {}));
  }

  get computes() {
    return Boolean(this.form.computes);
  }

  fieldOf(key) {
    return this.fields.get(split(key)[0]);
  }

  value(key) {
    return this.values.get(key)?.value ?? null;
  }

  /** Do the answers it depends on hold? `finding`: of a field of a finding, which may depend on others of that finding. */
  isAsked(field, finding = '') {
    return Object.entries(field.when).every(([name, allowed]) => fits(this.#answerOf(name, finding), allowed));
  }

  #answerOf(name, finding) {
    return this.value(keyOf(name, this.fields.get(name).per_finding ? finding : ''));
  }

  /** Keys of what is asked in a section now; of a finding only for the chosen one, or where an answer is given. */
  keysOf(section, chosen = null) {
    const keys = [];
    for (const field of this.form.fields) {
      if (field.section !== section) continue;
      for (const key of field.per_finding ? this.findings().map((each) => each.key) : ['']) {
        const own = keyOf(field.id, key);
        if (this.isAsked(field, key) && (!key || key === chosen || isAnswered(this.value(own)))) keys.push(own);
      }
    }
    return keys;
  }

  said(field, value) {
    if (field.kind === 'number' && typeof value === 'number') return value.toFixed(field.digits);
    if (Array.isArray(value)) {
      const parts = field.options.filter((option) => value.includes(option.value)).map((option) => option.said);
      if (parts.length < 2) return parts.join('');
      return parts.slice(0, -1).join(this.form.list_comma) + this.form.list_and + parts.at(-1);
    }
    return field.options.find((option) => option.value === value)?.said ?? String(value);
  }

  #line(key) {
    return this.form.lines.find((line) => line.id === split(key)[0]);
  }

  /** The sentence that the answers of a line write; '' where they write none. */
  text(lineKey) {
    const line = this.#line(lineKey);
    const [, finding] = split(lineKey);
    const value = (name) => {
      const field = this.fields.get(name);
      const given = this.#answerOf(name, finding);
      return this.isAsked(field, finding) && isAnswered(given) ? given : null;
    };
    const number = this.findings().find((each) => each.key === finding)?.number;
    const fill = (part) => {
      let missing = false;
      const out = part.replace(/\{(\w+)(:value)?\}/g, (_whole, name, bare) => {
        const given = name === 'n' ? number : value(name);
        if (given === null || given === undefined) missing = true;
        return bare || name === 'n' ? String(given) : this.said(this.fields.get(name), given);
      });
      return missing ? '' : out;
    };
    for (const rule of line.rules) {
      if (!Object.entries(rule.when).every(([name, allowed]) => fits(value(name), allowed))) continue;
      const parts = rule.text.split(/(\[[^\]]*\])/).map((part) => (part.startsWith('[') ? fill(part.slice(1, -1)) : part));
      const text = fill(parts.join(''));
      if (text) return text[0].toUpperCase() + text.slice(1);
    }
    return '';
  }

  #snapshot(lineKey) {
    const [, finding] = split(lineKey);
    const keys = this.#line(lineKey).fields.map((name) => keyOf(name, this.fields.get(name).per_finding ? finding : ''));
    return Object.fromEntries(keys.filter((key) => this.values.has(key)).sort().map((key) => [key, this.value(key)]));
  }

  /** Keys of the lines that an answer takes part in. */
  linesOf(key) {
    const [name, finding] = split(key);
    return this.form.lines
      .filter((line) => line.fields.includes(name))
      .flatMap((line) => {
        if (!line.per_finding) return [line.id];
        return finding ? [keyOf(line.id, finding)] : this.findings().map((each) => keyOf(line.id, each.key));
      });
  }

  /** The line whose sentence this is, or null. */
  lineOfSentence(id) {
    for (const [key, mark] of this.lines) if (mark.sentence === id) return key;
    return null;
  }

  /** "same", "differs" (text or answer changed since), "absent" (an answer of the reader's without its sentence), "none". */
  state(lineKey) {
    const mark = this.lines.get(lineKey);
    const found = mark ? this.model.find(mark.sentence) : null;
    if (found) {
      const kept = found.sentence.text === mark.text && same(mark.values, this.#snapshot(lineKey));
      return kept ? 'same' : 'differs';
    }
    const mine = Object.keys(this.#snapshot(lineKey)).some((key) => this.values.get(key).origin !== 'ai');
    return mine && this.text(lineKey) ? 'absent' : 'none';
  }

  /** Lines of a section that do not agree with their sentences. */
  unlike(section) {
    const keys = this.form.lines
      .filter((line) => line.section === section)
      .flatMap((line) => (line.per_finding ? this.findings().map((each) => keyOf(line.id, each.key)) : [line.id]));
    return keys.filter((key) => ['differs', 'absent'].includes(this.state(key)));
  }

  /** Takes an answer; its sentences follow unless a person has changed them. null takes the answer away. */
  set(key, value, origin = 'human') {
    const before = new Map(this.linesOf(key).map((line) => [line, this.#untouched(line)]));
    if (isAnswered(value)) this.values.set(key, { value, origin });
    else this.values.delete(key);
    for (const name of this.#dropUnasked()) {
      for (const line of this.linesOf(name)) if (!before.has(line)) before.set(line, this.#untouched(line));
    }
    for (const [line, free] of before) if (free) this.write(line);
    this.model.version += 1;
  }

  /** Takes away the answers to what is asked no more, also what only they asked for. Returns their keys. */
  #dropUnasked() {
    const dropped = [];
    const unasked = () => [...this.values.keys()].find((key) => !this.isAsked(this.fieldOf(key), split(key)[1]));
    for (let key = unasked(); key !== undefined; key = unasked()) {
      this.values.delete(key);
      dropped.push(key);
    }
    return dropped;
  }

  /** Takes an answer back that no person gave; its sentence stays, for the reader to see that the two differ. */
  #withdraw(key) {
    this.values.delete(key);
    this.#dropUnasked();
    this.model.version += 1;
  }

  /** May the answers write here: is there no sentence yet, or one that stands as they wrote it? */
  #untouched(lineKey) {
    const mark = this.lines.get(lineKey);
    const found = mark ? this.model.find(mark.sentence) : null;
    return !found || found.sentence.text === mark.text;
  }

  /** Writes the sentence of a line from its answers: anew, or instead of the one there. Returns its id, or null. */
  write(lineKey) {
    const text = this.text(lineKey);
    const mark = this.lines.get(lineKey);
    const found = mark ? this.model.find(mark.sentence) : null;
    this.model.version += 1;
    if (!text) {
      if (found) this.model.remove(mark.sentence);
      this.lines.delete(lineKey);
      return null;
    }
    let id = found ? mark.sentence : this.#drafted(lineKey);
    if (id) this.model.setText(id, text);
    else {
      const [, finding] = split(lineKey);
      id = this.model.add({ section: this.#line(lineKey).section, text, evidence: finding ? [finding] : [] });
    }
    this.#mark(lineKey, id);
    return id;
  }

  /**
   * The id of the draft's own sentence that says what a line says, or null: known by its origin or by the finding it rests
   * on, never by its words, and only while nobody has changed it and no other line has it.
   */
  #drafted(lineKey) {
    const { section, drafted, of_finding: ofFinding } = this.#line(lineKey);
    const free = this.model.section(section).sentences.filter((one) => one.state === 'ai' && !this.lineOfSentence(one.id));
    if (drafted) return free.find((one) => one.origin === drafted)?.id ?? null;
    const about = ofFinding ? free.filter((one) => one.evidence.length) : [];
    return about.length === 1 ? about[0].id : null;
  }

  #mark(lineKey, id) {
    const text = this.model.find(id).sentence.text;
    this.lines.set(lineKey, { sentence: id, text, values: this.#snapshot(lineKey) });
  }

  /** The answer a sentence gives to a field, or null. */
  read(field, text) {
    for (const expression of field.reads) {
      const found = text.match(new RegExp(expression, 'i'));
      if (!found) continue;
      if (field.kind === 'number') return Number(found[1]);
      return field.options.find((option) => option.value.toLowerCase() === found[1].toLowerCase())?.value ?? null;
    }
    if (!['single', 'computed'].includes(field.kind)) return null;
    const low = text.toLowerCase();
    const said = field.options.filter((option) => option.said && low.includes(option.said.toLowerCase()));
    const longest = said.reduce((one, other) => (!one || other.said.length > one.said.length ? other : one), null);
    if (!longest) return null;
    return said.every((one) => longest.said.toLowerCase().includes(one.said.toLowerCase())) ? longest.value : null;
  }

  /**
   * The other way round: the text stands. Answers it clearly gives are taken from it; where it gives none, the reader
   * says that both are right. Returns the keys of the answers that changed.
   */
  takeText(lineKey) {
    const mark = this.lines.get(lineKey);
    const found = mark ? this.model.find(mark.sentence) : null;
    if (!found) return [];
    const [, finding] = split(lineKey);
    const changed = [];
    for (const name of this.#line(lineKey).fields) {
      const field = this.fields.get(name);
      const key = keyOf(name, field.per_finding ? finding : '');
      const read = this.#readRule(lineKey, field, found.sentence.text) ?? this.read(field, found.sentence.text);
      if (read === null || same(read, this.value(key))) continue;
      this.values.set(key, { value: read, origin: 'human' });
      changed.push(key);
    }
    this.#mark(lineKey, mark.sentence);
    this.model.version += 1;
    return changed;
  }

  /** A sentence that is word for word that of another answer: "No intracranial haemorrhage." */
  #readRule(lineKey, field, text) {
    const options = field.kind === 'single' ? field.options : [];
    const kept = this.values.get(field.id);
    const fitting = options.filter((option) => {
      this.values.set(field.id, { value: option.value, origin: 'human' });
      return this.text(lineKey) === tidy(text);
    });
    if (kept) this.values.set(field.id, kept);
    else this.values.delete(field.id);
    return fitting.length === 1 ? fitting[0].value : null;
  }

  /** What the rules now say, taken where no person said otherwise. Returns true when something changed. */
  takeComputed(computed) {
    this.computed = computed;
    let changed = false;
    for (const [key, { value, withdraws }] of Object.entries(computed)) {
      const now = this.values.get(key);
      if (now?.origin === 'human' || same(now?.value, value)) continue;
      if (withdraws) {
        this.#withdraw(key);
        changed = true;
        continue;
      }
      if (value === null && now?.origin !== 'rule') continue;
      this.set(key, value, 'rule');
      changed = true;
    }
    return changed;
  }

  /** The sentence a line writes for the normal answers. */
  #normalText(lineKey) {
    const kept = this.values;
    this.values = new Map(Object.entries(this.form.normal).map(([key, value]) => [key, { value }]));
    const text = this.text(lineKey);
    this.values = kept;
    return text;
  }

  /** The normal text never says otherwise than an answer that is there already: its sentence gives way. */
  #giveWay(filled) {
    for (const { id, section, fields } of this.form.lines.filter((line) => !line.per_finding && filled.includes(line.section))) {
      const normal = fields.some((key) => this.values.has(key)) ? this.#normalText(id) : '';
      const text = this.text(id);
      const there = normal && normal !== text ? this.model.section(section).sentences.find((each) => each.text === normal) : null;
      if (!there) continue;
      this.model.remove(there.id);
      if (text) this.model.noteNormal(this.write(id));
    }
  }

  /** The normal answers: in sections that the normal text has just filled, elsewhere only where `clear`. */
  setNormal(filled, clear) {
    this.#giveWay(filled);
    for (const [key, value] of Object.entries(this.form.normal)) {
      if (this.values.has(key)) continue;
      const lines = this.linesOf(key);
      const section = this.fieldOf(key).section;
      if (!filled.includes(section) && !clear) continue;
      this.values.set(key, { value, origin: 'human' });
      this.#byNormal.add(key);
      for (const line of lines) this.#settle(line);
    }
    this.model.version += 1;
  }

  /** Ties a line to the sentence that already says it, else writes one. */
  #settle(lineKey) {
    const text = this.text(lineKey);
    if (!text) return;
    const known = this.lines.get(lineKey);
    if (known && this.model.find(known.sentence) && !this.#untouched(lineKey)) return;
    const there = this.model.section(this.#line(lineKey).section).sentences.find((each) => each.text === text);
    if (there) this.#mark(lineKey, there.id);
    else this.model.noteNormal(this.write(lineKey));
  }

  /** Takes the normal answers back whose sentences went with the normal text. */
  undoNormal() {
    for (const key of this.#byNormal) {
      if (this.linesOf(key).some((line) => this.model.find(this.lines.get(line)?.sentence))) continue;
      this.values.delete(key);
    }
    for (const [key, mark] of [...this.lines]) if (!this.model.find(mark.sentence)) this.lines.delete(key);
    this.#byNormal.clear();
  }

  /** Keys of required answers that are asked for and missing. */
  missing() {
    return this.form.fields
      .filter((field) => field.required && !field.per_finding && this.isAsked(field) && !isAnswered(this.value(field.id)))
      .map((field) => field.id);
  }

  toJson() {
    return {
      schema: this.form.schema,
      values: Object.fromEntries(this.values),
      lines: Object.fromEntries([...this.lines].filter(([, mark]) => this.model.find(mark.sentence))),
    };
  }
}
