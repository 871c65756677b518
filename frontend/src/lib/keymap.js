/**
 * The keys of a page: acts by name, with the keys this person gave them, as the server tells them in
 * `<script id="keymap" type="application/json">`. The table itself is accounts/keymap.py.
 */
import { readJson } from './dom.js';
import { bindKeys } from './keys.js';

const SIGNS = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Enter: '⏎', Backspace: '⌫' };

export class Keymap {
  #runs = new Map();

  /** `data`: {acts: [{name, scope, keys, words, repeats}], scopes, words} of the server. */
  constructor(data) {
    this.acts = new Map(data.acts.map((act) => [act.name, act]));
    this.scopes = data.scopes;
    this.words = data.words;
    this.notes = {};
  }

  #act(name) {
    const act = this.acts.get(name);
    if (!act) throw new Error(`The table of keys has no act "${name}".`);
    return act;
  }

  /**
   * Binds acts to this page: `{name: function}`. A function that is null leaves its act out of the page. Throws for
   * a name without a row, and when two acts of the page want one key.
   */
  bind(runs) {
    for (const [name, run] of Object.entries(runs)) {
      this.#act(name);
      if (run) this.#runs.set(name, run);
    }
    this.table();
    return this;
  }

  /** Says what an act does in words of the page, e.g. the name of a window. */
  describe(name, words) {
    this.#act(name).words = words;
  }

  /** Sentences below the keys of a scope, e.g. what Enter does while writing. */
  note(scope, sentences) {
    this.notes[scope] = sentences;
  }

  run(name, event) {
    return this.#runs.get(name)?.(event);
  }

  /** The acts of this page, in the order of the table. */
  get bound() {
    return [...this.acts.values()].filter((act) => this.#runs.has(act.name));
  }

  /** Name of a key as `lib/keys` gives it → {run, repeats}. */
  table() {
    const table = new Map();
    for (const act of this.bound) {
      for (const key of act.keys) {
        const name = key.toLowerCase();
        if (table.has(name)) throw new Error(`Two acts on the key ${key}.`);
        table.set(name, { run: this.#runs.get(act.name), repeats: act.repeats });
      }
    }
    return table;
  }

  /** The keys hold in another document too, e.g. of a second window. `acted()` is called after each act. */
  listenIn(place, acted) {
    return bindKeys(() => this.table(), place, acted);
  }

  /** "Ctrl ⏎", "↑", "I": a key as people read it. */
  shownKey(key) {
    return key
      .split(/\+(?=.)/)
      .map((piece) => SIGNS[piece] ?? this.words[piece] ?? piece)
      .join(' ');
  }

  /** The first key of an act as people read it; empty where it has none. */
  keyOf(name) {
    const [key] = this.#act(name).keys;
    return key ? this.shownKey(key) : '';
  }

  /** Writes this person's keys into every `<kbd data-act="name">` below `root`; one without a key is hidden. */
  write(root) {
    for (const node of root.querySelectorAll('kbd[data-act]')) {
      node.textContent = this.keyOf(node.dataset.act);
      node.hidden = !node.textContent;
    }
  }
}

let shared = null;

/** The one map of this page; it listens from the first time it is asked for. */
export function pageKeymap() {
  if (!shared) {
    shared = new Keymap(readJson('keymap'));
    bindKeys(() => shared.table());
    shared.write(document);
  }
  return shared;
}

/** The key of an act, for the button that does the same. */
export function keyOf(name) {
  return pageKeymap().keyOf(name);
}
