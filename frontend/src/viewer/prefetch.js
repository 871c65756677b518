/** Fetches neighbouring slices while nothing more urgent is asked for. */
import { Enums, cache, imageLoader } from '@cornerstonejs/core';

import { outward } from './stacks.js';

const AT_ONCE = 3;
const ROOM = 0.8;

export class Prefetch {
  #ids = [];
  #queue = [];
  #busy = 0;
  #tried = new Set();

  /** Starts over around `at`; what is loaded already is skipped. */
  around(ids, at) {
    if (ids !== this.#ids) this.#tried = new Set();
    this.#ids = ids;
    this.#queue = outward(at, ids.length).map((index) => ids[index]);
    while (this.#busy < AT_ONCE && this.#queue.length) this.#next();
  }

  stop() {
    this.#queue = [];
  }

  #next() {
    const id = this.#queue.find((one) => !this.#tried.has(one) && !cache.getImageLoadObject(one));
    const full = cache.getCacheSize() > cache.getMaxCacheSize() * ROOM;
    if (!id || full) {
      this.#queue = [];
      return;
    }
    this.#queue.splice(0, this.#queue.indexOf(id) + 1);
    this.#tried.add(id);
    this.#busy += 1;
    const done = () => {
      this.#busy -= 1;
      if (this.#queue.length) this.#next();
    };
    const options = { priority: 5, requestType: Enums.RequestType.Prefetch };
    // A slice that fails here says so when it is asked for; fetching ahead stays silent.
    imageLoader.loadAndCacheImage(id, options).then(done, done);
  }
}
