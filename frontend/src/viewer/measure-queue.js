/** Sends what was measured, one request a measurement at a time; keeps all of it while the network is away. No page. */
import { HttpError, Offline, postJson } from '../lib/http.js';

const RETRY_MS = [1000, 2000, 4000, 8000, 15000, 30000];

export class MeasureQueue {
  #wanted = new Map();
  #versions = new Map();
  #running = new Map();
  /** States that set out and were never answered: the server may have them or not. */
  #unheard = new Map();
  #tries = 0;
  #timer = null;
  offline = false;

  /**
   * `host`: {saved(uid, answer), conflict(uid, {yours, theirs, detail}), refused(uid, detail), changed()}.
   * `url(uid)` → where a measurement is sent. `post`, `later` are for tests.
   */
  constructor({ url, host, post = postJson, later = (run, wait) => setTimeout(run, wait) }) {
    Object.assign(this, { url, host, post, later });
  }

  /** What the server has of a measurement. */
  knows(uid, version) {
    this.#versions.set(uid, version);
  }

  /** Is anything of this one not on the server yet? */
  isWaiting(uid) {
    return this.#wanted.has(uid) || this.#running.has(uid);
  }

  get waiting() {
    return new Set([...this.#wanted.keys(), ...this.#running.keys()]).size;
  }

  /** The newest state of a measurement; what was waiting of it before is superseded. */
  put(uid, state) {
    if (state.removed && !this.#versions.has(uid) && !this.#running.has(uid) && !this.#unheard.has(uid)) {
      this.#wanted.delete(uid);
      this.host.changed();
      return Promise.resolve(true);
    }
    this.#wanted.set(uid, state);
    this.host.changed();
    return this.#send(uid);
  }

  /** Sends what waits, now. Resolves to whether the server has everything. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([...this.#wanted.keys()].map((uid) => this.#send(uid)));
    return this.waiting === 0;
  }

  #send(uid) {
    const running = this.#running.get(uid);
    if (running) return running;
    const sending = this.#sendAll(uid).finally(() => {
      this.#running.delete(uid);
      this.host.changed();
    });
    this.#running.set(uid, sending);
    return sending;
  }

  /** One state after the other, until none newer is waiting. */
  async #sendAll(uid) {
    while (this.#wanted.has(uid)) {
      // What was never answered goes first: the server knows it again and tells the version that the next one needs.
      const state = this.#unheard.get(uid) ?? this.#wanted.get(uid);
      const body = { uid, version: this.#versions.get(uid) ?? 0, ...state };
      try {
        // What was drawn just before leaving outlives the page.
        this.#unheard.set(uid, state);
        const answer = await this.post(this.url(uid), body, { keepalive: true });
        this.#unheard.delete(uid);
        this.#tries = 0;
        this.offline = false;
        this.#versions.set(uid, answer.measurement.version);
        if (this.#wanted.get(uid) === state) this.#wanted.delete(uid);
        this.host.saved(uid, answer);
      } catch (error) {
        if (!this.#failed(uid, error)) return false;
      }
    }
    return true;
  }

  /** Whether to go on with this one. */
  #failed(uid, error) {
    const status = error instanceof HttpError ? error.status : 0;
    // No JSON is no answer of ours: the sign-in page, or a proxy.
    if (error instanceof Offline || status >= 500 || (status && !error.body)) {
      this.offline = true;
      const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
      this.#tries += 1;
      if (this.#timer === null) {
        this.#timer = this.later(() => {
          this.#timer = null;
          this.flush();
        }, wait);
      }
      return false;
    }
    if (!(error instanceof HttpError)) throw error;
    this.#wanted.delete(uid);
    this.#unheard.delete(uid);
    if (status === 409) this.host.conflict(uid, error.body);
    else this.host.refused(uid, error.body.detail ?? '');
    return true;
  }
}
