/** Fetches neighbouring slices while nothing more urgent is asked for, as many as the memory may hold. */
import { Enums, cache, imageLoader } from '@cornerstonejs/core';

import { fitting, order } from './ahead-plan.js';

const AT_ONCE = 4;
/** The part of the images' memory that fetching ahead may fill; what is left is for what is asked for. */
const ROOM = 0.8;

let busy = 0;
let waiting = [];

/** Resolves once no slice of the open study is being fetched ahead. */
export function rested() {
  return busy === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
}

/** The last slices on their way are few; none is begun once another page is asked for. */
let leaving = false;
window.addEventListener('beforeunload', () => {
  leaving = true;
});

export class Prefetch {
  #ids = [];
  #at = 0;
  #queue = [];
  #busy = 0;
  #failed = new Set();
  #fetching = new Set();

  /** Starts over around `at`; what is loaded already is skipped. */
  around(ids, at) {
    leaving = false;
    const same = ids === this.#ids;
    if (!same) this.#failed = new Set();
    const towards = same ? Math.sign(at - this.#at) : 0;
    this.#ids = ids;
    this.#at = at;
    const most = fitting(cache.getImage(ids[at])?.sizeInBytes ?? 0, cache.getMaxCacheSize() * ROOM);
    this.#queue = order(at, ids.length, { towards, most }).map((index) => ids[index]);
    while (this.#busy < AT_ONCE && this.#next());
  }

  stop() {
    this.#queue = [];
  }

  #wanted(id) {
    // Asking whether an image is loaded leaves its age alone; asking for the image would not.
    return !this.#failed.has(id) && !this.#fetching.has(id) && !cache.isLoaded(id);
  }

  /** Begins with the next slice; false when there is none. */
  #next() {
    if (leaving) return false;
    while (this.#queue.length && !this.#wanted(this.#queue[0])) this.#queue.shift();
    const id = this.#queue.shift();
    if (id === undefined) return false;
    this.#fetching.add(id);
    this.#busy += 1;
    busy += 1;
    const options = { priority: 5, requestType: Enums.RequestType.Prefetch };
    // A slice that fails here says so when it is asked for; fetching ahead stays silent.
    imageLoader
      .loadAndCacheImage(id, options)
      .catch(() => this.#failed.add(id))
      .then(() => this.#done(id));
    return true;
  }

  #done(id) {
    this.#fetching.delete(id);
    this.#busy -= 1;
    busy -= 1;
    this.#next();
    if (busy > 0) return;
    const told = waiting;
    waiting = [];
    told.forEach((tell) => tell());
  }
}
