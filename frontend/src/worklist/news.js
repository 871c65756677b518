/** What came in since the page was opened. Pure: no page, no network. */
export class News {
  #known = null;

  /** `items`: [{name, words}] of the server. Gives the words of those that were not there before, '' for none. */
  fresh(items) {
    const known = this.#known ?? new Set(items.map((item) => item.name));
    const fresh = items.filter((item) => !known.has(item.name));
    this.#known = new Set([...known, ...items.map((item) => item.name)]);
    return fresh.map((item) => item.words).join(' ');
  }
}
