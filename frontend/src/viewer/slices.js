/** Brings the slices of a volume, nearest first; each that is decoded is handed on, one that cannot be is counted. */
import { Enums, imageLoader } from '@cornerstonejs/core';

import { outward } from './stacks.js';

const AT_ONCE = 4;

export class Slices {
  #stopped = false;

  /** `arrived(k, pixels)`; `failed(k)`. */
  constructor(ids, { arrived, failed }) {
    Object.assign(this, { ids, arrived, failed });
  }

  /** Resolves when every slice has arrived or failed, or loading was stopped. */
  async load(from) {
    const queue = [from, ...outward(from, this.ids.length)];
    const work = async () => {
      while (queue.length && !this.#stopped) await this.#one(queue.shift());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  stop() {
    this.#stopped = true;
  }

  async #one(k) {
    let image;
    try {
      image = await imageLoader.loadAndCacheImage(this.ids[k], { priority: 0, requestType: Enums.RequestType.Interaction });
    } catch {
      // Why it failed is said where the slice itself is shown.
      image = null;
    }
    if (this.#stopped) return;
    if (!image || image.color) this.failed(k);
    else this.arrived(k, image.voxelManager?.getScalarData() ?? image.getPixelData());
  }
}
