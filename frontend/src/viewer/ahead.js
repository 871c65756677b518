/**
 * The next study on the list, fetched before it is opened: into the browser's own cache, where the viewer will
 * find it. Bounded, after everything the open study wants, and given up when the page is left.
 */
import { filesAhead } from './ahead-plan.js';

/** A 300-slice CT of 512 × 512, or four large films. */
export const BUDGET = 192 * 1024 ** 2;
const AT_ONCE = 2;
const AGAIN_MS = 60_000;

export class Ahead {
  #url;
  #rested;
  #get;
  #budget;
  #left = new AbortController();
  #fetched = new Set();

  /** `url`: what comes next. `rested`: () → a promise that the open study wants nothing now. `get`: as fetch. */
  constructor({ url, rested = () => Promise.resolve(), get = (...given) => fetch(...given), budget = BUDGET }) {
    this.#url = url;
    this.#rested = rested;
    this.#get = get;
    this.#budget = budget;
  }

  get fetched() {
    return this.#fetched.size;
  }

  /** Nothing more is asked for, and what is on its way is dropped. */
  stop() {
    this.#left.abort();
  }

  /** One look at the list: resolves when what comes next is here, or when there is nothing to fetch. */
  async look() {
    const { signal } = this.#left;
    try {
      await this.#rested();
      if (signal.aborted) return;
      const answer = await this.#get(this.#url, { signal, priority: 'low', headers: { Accept: 'application/json' } });
      if (!answer.ok) return;
      const { study } = await answer.json();
      const files = study ? filesAhead(study, this.#budget) : [];
      await this.#fetchAll(files.filter((url) => !this.#fetched.has(url)));
    } catch (error) {
      // The study opens without it all the same, only later: the page was left, the network is away, or the
      // session has ended and a page to sign in came in place of an answer.
      if (!['AbortError', 'TypeError', 'SyntaxError'].includes(error.name)) throw error;
    }
  }

  /** Looks now and again every minute, as others read too and the list moves on. */
  async watch() {
    while (!this.#left.signal.aborted) {
      await this.look();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #fetchAll(files) {
    const { signal } = this.#left;
    const lane = async () => {
      while (files.length && !signal.aborted) {
        await this.#rested();
        const url = files.shift();
        if (url === undefined) return;
        // The cache keys by address: the header only tells the audit trail that nobody has looked yet.
        const answer = await this.#get(url, { signal, priority: 'low', headers: { Accept: '*/*', 'X-Purpose': 'ahead' } });
        await answer.arrayBuffer();
        if (answer.ok) this.#fetched.add(url);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }
}

/** Fetches ahead while the page is open. */
export function fetchAhead(options) {
  const ahead = new Ahead(options);
  // As soon as another page is asked for, so that its answer does not wait behind images.
  window.addEventListener('beforeunload', () => ahead.stop());
  ahead.watch();
  return ahead;
}
