/**
 * Saves after a pause, every few seconds while somebody writes on, on leaving and on request; while the network is away
 * the text is kept here and sent when it is back; meets conflicts.
 */
import { HttpError, Offline, postJson } from '../lib/http.js';

const PAUSE_MS = 2000;
const LONGEST_MS = 6000;
/** Do both say the same, sentence by sentence? A save that was answered into a page already left is no conflict. */
function sameText(one, other) {
  const told = (sections) => JSON.stringify(Object.entries(sections ?? {}).map(([name, list]) => [name, list.map(({ id, text }) => [id, text])]));
  return told(one) === told(other);
}

const RETRY_MS = [2000, 4000, 8000, 15000, 30000];

export class Saver {
  state = 'saved';
  savedAt = '';
  detail = '';
  conflict = null;
  /** Where to sign in again, once the session has ended. */
  signIn = '';
  #timer = null;
  #running = null;
  #savedVersion;
  #tries = 0;
  #unsavedSince = 0;

  /** `changed()` is called whenever `state` or `savedAt` is new. `kept`: where an unsent text stays. `post` is for tests. */
  constructor({ model, url, revision, savedAt, changed, kept = null, post = postJson }) {
    Object.assign(this, { model, url, revision, changed, kept, post });
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
    this.kept?.drop();
    this.#become('saved');
  }

  /** A text kept here from before the page was loaded: sent if nothing was saved since, else both are shown. */
  restore(kept, theirs) {
    if (sameText(kept.sections, theirs.sections)) {
      this.kept?.drop();
      return false;
    }
    if (kept.parent === this.revision) {
      this.model.take(kept.sections);
      if (kept.answers) this.model.answers?.load(kept.answers);
      this.model.version += 1;
      this.touched();
      return true;
    }
    this.model.take(kept.sections);
    if (kept.answers) this.model.answers?.load(kept.answers);
    this.model.version += 1;
    this.conflict = { yours: kept.sections, theirs };
    this.#become('conflict');
    return true;
  }

  touched() {
    if (!this.dirty || this.conflict) return;
    if (['offline', 'ended'].includes(this.state)) this.#keep();
    else this.#become('unsaved');
    if (this.state === 'ended') return;
    clearTimeout(this.#timer);
    this.#unsavedSince ||= Date.now();
    const left = LONGEST_MS - (Date.now() - this.#unsavedSince);
    this.#timer = setTimeout(() => this.save(), Math.max(0, Math.min(PAUSE_MS, left)));
  }

  #keep() {
    this.kept?.put(this.#body());
  }

  #body() {
    const { answers } = this.model;
    return { parent: this.revision, sections: this.model.toJson(), ...(answers ? { answers: answers.toJson() } : {}) };
  }

  /** Saves what is unsaved. Resolves to true when the server has everything. */
  async save({ keepalive = false } = {}) {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    if (this.conflict || ['refused', 'ended'].includes(this.state)) return false;
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
    const body = this.#body();
    this.#unsavedSince = 0;
    if (this.state !== 'offline') this.#become('saving');
    try {
      const answer = await this.post(this.url, body, { keepalive });
      this.#tries = 0;
      this.revision = answer.revision;
      this.savedAt = answer.saved_at;
      this.#savedVersion = version;
      this.kept?.drop();
      this.#become(this.dirty ? 'unsaved' : 'saved');
      if (this.dirty) this.touched();
      return !this.dirty;
    } catch (error) {
      return this.#failed(error, body);
    }
  }

  #failed(error, body) {
    const status = error instanceof HttpError ? error.status : 0;
    const theirs = status === 409 ? error.body?.theirs : null;
    if (theirs && sameText(body.sections, theirs.sections)) {
      this.revision = theirs.revision;
      if (sameText(body.sections, this.model.toJson())) this.accept(theirs.revision, theirs.saved_at);
      else this.touched();
      return !this.dirty;
    }
    if (status === 409 && error.body?.theirs) {
      this.conflict = error.body;
      this.#become('conflict');
    } else if (status === 401) {
      // Nobody is signed in any more: the text waits here, sealed, for the page that comes after signing in again.
      this.signIn = error.body?.sign_in ?? '/accounts/login/';
      this.#become('ended');
      this.#keep();
    } else if (error instanceof Offline || status >= 500) {
      this.#become('offline');
      this.#keep();
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
    this.model.answers?.load(theirs.answers);
    this.accept(theirs.revision, theirs.saved_at);
  }
}
