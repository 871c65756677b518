/** What the AI found, as it lies over the images: on or off, heat maps and their strength. */
import { publish } from '../lib/dom.js';
import { nearness, placeOf } from './stacks.js';

export class Marking {
  on = true;
  heat = false;
  strength = 0.6;

  /** `findings()`, `series()` → what the page holds now. `chosen()` → the key of the chosen finding. */
  constructor({ findings, series, chosen }) {
    Object.assign(this, { findings, series, chosen });
    publish({ marks: 'on', heat: 'off' });
  }

  get hasHeat() {
    return this.findings().some((finding) => finding.heat_map);
  }

  toggle() {
    this.on = !this.on;
    publish({ marks: this.on ? 'on' : 'off' });
  }

  toggleHeat() {
    this.heat = !this.heat;
    publish({ heat: this.heat ? 'on' : 'off' });
  }

  /** What is to be drawn over `image`: [{finding, how, on, drawn}], as marks.js takes it. */
  over(image) {
    if (!image) return [];
    const series = this.series();
    return this.findings().flatMap((finding) => {
      // What a reader added is no mark of the AI's, so it stays when those go.
      const readers = finding.origin === 'human';
      if (!(this.on || this.heat || readers)) return [];
      const place = placeOf(finding, series);
      const own = place ? series[place.series].images[place.index] : null;
      const how = nearness(finding, image, own);
      return how ? [{ finding, how, on: finding.key === this.chosen(), drawn: this.on || readers }] : [];
    });
  }
}
