/** Saves after a pause, on leaving and on request; keeps trying while the network is away; meets conflicts. */
import { HttpError, Offline, postJson } from '../lib/http.js';

const PAUSE_MS = 2000;
const RETRY_MS = [2000, 4000, 8000, 15000, 30000];

export class Saver {
  state = 'saved';
  savedAt = '';
  detail = '';
  conflict = null;
  #timer = null;
  #running = null;
  #savedVersion;
  #tries = 0;

  /** `changed()` is called whenever `state` or `savedAt` is new. `post` is for tests. */
  constructor({ model, url, revision, savedAt, changed, post = postJson }) {
    Object.assign(this, { model, url, revision, changed, post });
    this.savedAt = savedAt ?? '';
    this.#savedVersion = model.version;
  }

  get dirty() {
    return this.model.version !== this.#savedVersion;
  }

  #become(state, detail = '') {
    this.state = state;
    this.detail = detail;
    this.changed(this);
  }

  /** The model was replaced by what the server has. */
  accept(revision, savedAt) {
    this.revision = revision;
    this.savedAt = savedAt ?? this.savedAt;
    this.#savedVersion = this.model.version;
    this.conflict = null;
    this.#become('saved');
  }

  touched() {
    if (!this.dirty || this.conflict) return;
    if (this.state !== 'offline') this.#become('unsaved');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  /** Saves what is unsaved. Resolves to true when the server has everything. */
  async save({ keepalive = false } = {}) {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    if (this.conflict || this.state === 'refused') return false;
    if (!this.dirty) return true;
    this.#running = this.#send(keepalive);
    try {
      return await this.#running;
    } finally {
      this.#running = null;
    }
  }

  async #send(keepalive) {
    const version = this.model.version;
    const body = { parent: this.revision, sections: this.model.toJson() };
    if (this.state !== 'offline') this.#become('saving');
    try {
      const answer = await this.post(this.url, body, { keepalive });
      this.#tries = 0;
      this.revision = answer.revision;
      this.savedAt = answer.saved_at;
      this.#savedVersion = version;
      this.#become(this.dirty ? 'unsaved' : 'saved');
      if (this.dirty) this.touched();
      return !this.dirty;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error) {
    const status = error instanceof HttpError ? error.status : 0;
    if (status === 409 && error.body?.theirs) {
      this.conflict = error.body;
      this.#become('conflict');
    } else if (error instanceof Offline || status >= 500) {
      this.#become('offline');
      const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
      this.#tries += 1;
      this.#timer = setTimeout(() => this.save(), wait);
    } else if (error instanceof HttpError) {
      this.#become(status === 400 ? 'invalid' : 'refused', error.body?.detail ?? '');
    } else {
      throw error;
    }
    return false;
  }

  /** The reader's text goes on top of the other's. */
  keepMine() {
    this.revision = this.conflict.theirs.revision;
    this.conflict = null;
    this.model.version += 1;
    this.#become('unsaved');
    return this.save();
  }

  takeTheirs() {
    const { theirs } = this.conflict;
    this.model.take(theirs.sections);
    this.accept(theirs.revision, theirs.saved_at);
  }
}
