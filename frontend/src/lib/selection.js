/** The finding that is chosen now: its row, its mark and its sentences listen to the same value. */
export class Selection {
  #key = null;
  #listeners = new Set();

  get key() {
    return this.#key;
  }

  /** `from` names who chose, so that e.g. the viewer does not jump because of its own click. */
  choose(key, from = '') {
    this.#key = key;
    for (const listener of this.#listeners) listener(key, from);
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  /** The neighbour of the chosen key in `keys`, wrapping around; the first or last when none is chosen. */
  step(keys, by) {
    if (keys.length === 0) return;
    const at = keys.indexOf(this.#key);
    const next = at < 0 ? (by > 0 ? 0 : keys.length - 1) : (at + by + keys.length) % keys.length;
    this.choose(keys[next], 'keys');
  }
}
