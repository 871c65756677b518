/** The report as the reader edits it: sections of sentences. Pure: no page, no network. */

let counter = 0;

/** Ids of sentences a person adds; the server keeps them as they are. */
function freshId() {
  counter += 1;
  const random = globalThis.crypto.getRandomValues(new Uint32Array(2));
  return `h${random[0].toString(36)}${random[1].toString(36)}${counter}`;
}

export const tidy = (text) => String(text).replace(/\s+/g, ' ').trim();

export function humanSentence(text = '', evidence = []) {
  return { id: freshId(), text, origin: 'human', evidence: [...evidence], state: 'human' };
}

const copy = (sentence) => ({ ...sentence, evidence: [...(sentence.evidence ?? [])] });

export class ReportModel {
  sections = [];
  /** Grows with every change a person makes. */
  version = 0;
  #machine = new Map();
  /** Sentences of the normal text as they went in: id → text. */
  #normal = new Map();
  /** The sections that `insertNormal` filled last. */
  filled = [];
  /** The coded answers beside the text (answers.js), where the report has any. */
  answers = null;

  constructor(sections) {
    this.load(sections);
  }

  /** Takes sections as the server has them; remembers the machine's words to notice a change undone. */
  load(sections) {
    this.sections = sections.map((section) => ({ ...section, sentences: section.sentences.map(copy) }));
    for (const sentence of this.#all()) {
      if (sentence.state === 'ai') this.#machine.set(sentence.id, sentence.text);
    }
  }

  /** Takes only the sentences out of {name: [sentences]} or a list of sections. */
  take(sections) {
    const byName = Array.isArray(sections)
      ? Object.fromEntries(sections.map((section) => [section.name, section.sentences]))
      : sections;
    this.load(this.sections.map((section) => ({ ...section, sentences: byName[section.name] ?? [] })));
  }

  #all() {
    return this.sections.flatMap((section) => section.sentences);
  }

  section(name) {
    return this.sections.find((section) => section.name === name) ?? null;
  }

  /** {section, at, sentence} of an id, or null. */
  find(id) {
    for (const section of this.sections) {
      const at = section.sentences.findIndex((sentence) => sentence.id === id);
      if (at >= 0) return { section, at, sentence: section.sentences[at] };
    }
    return null;
  }

  /** The machine's sentence becomes "edited" when its words change, and "ai" again when they return. */
  setText(id, text) {
    const found = this.find(id);
    const clean = tidy(text);
    if (!found || found.sentence.text === clean) return;
    found.sentence.text = clean;
    if (found.sentence.state !== 'human') {
      delete found.sentence.accepted;
      found.sentence.state = this.#machine.get(id) === clean ? 'ai' : 'edited';
    }
    this.version += 1;
  }

  /** A new sentence of the reader behind `id`, or at the end of section `name`. Returns its id. */
  add({ after = null, section = null, text = '', evidence = [] }) {
    const found = after ? this.find(after) : null;
    const target = found ? found.section : this.section(section);
    const sentence = humanSentence(tidy(text), evidence);
    target.sentences.splice(found ? found.at + 1 : target.sentences.length, 0, sentence);
    this.version += 1;
    return sentence.id;
  }

  /** A sentence of an offered AI draft, taken over as it is. */
  adopt(section, sentence) {
    if (this.find(sentence.id)) return;
    const own = copy(sentence);
    this.section(section)?.sentences.push(own);
    if (own.state === 'ai') this.#machine.set(own.id, own.text);
    this.version += 1;
  }

  /** The reader's word that a sentence of the AI is right as it stands; once more takes it back. */
  accept(id) {
    const found = this.find(id);
    if (found?.sentence.state !== 'ai') return false;
    if (found.sentence.accepted) delete found.sentence.accepted;
    else found.sentence.accepted = true;
    this.version += 1;
    return true;
  }

  /** Sentences of the AI that nobody has accepted, changed or dropped. */
  unresolved() {
    return this.#all().filter((sentence) => sentence.state === 'ai' && !sentence.accepted);
  }

  /** Removes a sentence; returns the id of its neighbour, for the caret. */
  remove(id) {
    const found = this.find(id);
    if (!found) return null;
    const { sentences } = found.section;
    sentences.splice(found.at, 1);
    this.version += 1;
    return (sentences[found.at - 1] ?? sentences[found.at])?.id ?? null;
  }

  /** Puts the normal text into sections that have none. Nothing that is there is touched. Returns how many it filled. */
  insertNormal(normal) {
    this.filled = [];
    for (const section of this.sections) {
      const texts = normal[section.name] ?? [];
      if (texts.length === 0 || section.sentences.some((sentence) => tidy(sentence.text))) continue;
      section.sentences = texts.map((text) => humanSentence(tidy(text)));
      for (const sentence of section.sentences) this.#normal.set(sentence.id, sentence.text);
      this.filled.push(section.name);
    }
    if (this.filled.length) this.version += 1;
    return this.filled.length;
  }

  /** This sentence came with the normal text, and goes with it. */
  noteNormal(id) {
    const found = id ? this.find(id) : null;
    if (found) this.#normal.set(id, found.sentence.text);
  }

  /** Takes out again what `insertNormal` put in, but for what was changed since. Returns how many sentences went. */
  undoNormal() {
    const went = (sentence) => this.#normal.get(sentence.id) === sentence.text;
    const before = this.#all().length;
    for (const section of this.sections) section.sentences = section.sentences.filter((sentence) => !went(sentence));
    this.#normal.clear();
    const removed = before - this.#all().length;
    if (removed) this.version += 1;
    return removed;
  }

  /** Titles of required sections without a word. */
  emptyRequired() {
    return this.sections.filter(
      (section) => section.required && !section.sentences.some((sentence) => tidy(sentence.text)),
    );
  }

  sentencesAbout(key) {
    return this.#all().filter((sentence) => sentence.evidence.includes(key));
  }

  /** Sentences that stand as the AI drafted them and rest on one of `keys`. */
  draftedOn(keys) {
    return this.#all().filter((sentence) => sentence.state === 'ai' && sentence.evidence.some((key) => keys.has(key)));
  }

  /** What is sent: every section, its sentences without empty ones. */
  toJson() {
    return Object.fromEntries(
      this.sections.map((section) => [
        section.name,
        section.sentences
          .filter((sentence) => tidy(sentence.text))
          .map(({ id, text, origin, evidence, state, accepted }) => ({
            id,
            text,
            origin,
            evidence,
            state,
            ...(accepted ? { accepted } : {}),
          })),
      ]),
    );
  }
}
