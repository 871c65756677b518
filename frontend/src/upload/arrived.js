/** What became of the studies that were sent: asked again until the last of them is complete. */
import { element } from '../lib/dom.js';
import { getJson } from '../lib/http.js';

const EVERY_MS = 3000;
const MOST = 50;

export class Arrived {
  #uids = new Set();
  #timer = 0;

  constructor({ root, rows, url, get = getJson }) {
    Object.assign(this, { root, rows, url, get });
  }

  add(uid) {
    if (uid && this.#uids.size < MOST) this.#uids.add(uid);
  }

  /** Shows the studies of `site` now, and again while one of them still receives. */
  async look(site) {
    clearTimeout(this.#timer);
    if (!this.#uids.size) return;
    let waits = true;
    try {
      const query = new URLSearchParams([['site', site], ...[...this.#uids].map((uid) => ['study', uid])]);
      const { studies } = await this.get(`${this.url}?${query}`);
      this.#draw(studies);
      waits = studies.some((study) => study.receiving);
    } catch {
      // The next look will tell; what was stored stays stored.
    }
    if (waits) this.#timer = setTimeout(() => this.look(site), EVERY_MS);
  }

  #draw(studies) {
    this.root.hidden = studies.length === 0;
    this.rows.replaceChildren(
      ...studies.map((study) =>
        element(
          'li',
          { data: { state: study.receiving ? 'receiving' : 'complete' } },
          element('a', { class: 'cut', href: study.url, title: study.patient, text: study.patient }),
          element('span', { class: 'cut muted', title: study.what, text: study.what }),
          element('span', { text: study.state }),
        ),
      ),
    );
  }
}
