/** Playing a stack by itself: never faster than images can be decoded; whoever scrolls takes over. */
import { publish } from '../lib/dom.js';

export const RATES = [5, 30];
const USUAL = 12;

export class Cine {
  rate = USUAL;
  playing = false;
  #pane = null;
  #at = -1;
  #run = 0;

  /**
   * `front()` → what shows images now: {index, count, goTo(index)}. `told()` is called when playing starts or stops.
   * `root`: where the wheel, and a press while `scrolls()`, are a person's own scrolling.
   */
  constructor({ root, front, scrolls, told }) {
    Object.assign(this, { front, told });
    publish({ cine: 'off' });
    root.addEventListener('wheel', () => this.stop(), { capture: true, passive: true });
    root.addEventListener('pointerdown', ({ target }) => scrolls() && !target.closest('.cine') && this.stop(), true);
  }

  toggle() {
    if (this.playing) this.stop();
    else this.#start();
  }

  /** Images a second, 5–30. */
  setRate(rate) {
    this.rate = Math.max(RATES[0], Math.min(RATES[1], rate));
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    publish({ cine: 'off' });
    this.told();
  }

  #start() {
    const pane = this.front();
    if (!pane || pane.count < 2) return;
    Object.assign(this, { playing: true });
    [this.#pane, this.#at] = [pane, pane.index];
    publish({ cine: 'playing' });
    this.told();
    this.#play();
  }

  async #play() {
    this.#run += 1;
    const run = this.#run;
    while (this.playing && run === this.#run) {
      const began = performance.now();
      // Another slice than the last one shown here, or another pane in front: a person scrolled.
      if (this.front() !== this.#pane || this.#pane.index !== this.#at) return this.stop();
      this.#at = (this.#at + 1) % this.#pane.count;
      await this.#pane.goTo(this.#at);
      const rest = 1000 / this.rate - (performance.now() - began);
      await new Promise((go) => setTimeout(go, Math.max(0, rest)));
    }
    return undefined;
  }
}
