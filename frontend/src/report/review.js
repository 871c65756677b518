/** What the review has to say of the text: a count beside the signature, one key to go from one remark to the next. */
import { element, part, publish } from '../lib/dom.js';
import { postJson } from '../lib/http.js';

const PAUSE_MS = 700;

/** The characters of a sentence that a remark is about; null where it has no such text (any more). Pure. */
export function spanOf(remark, length) {
  const end = Math.min(remark.end, length);
  return remark.start < end ? [remark.start, end] : null;
}

/** {key, values, blocking}: what stands beside the signature; null for nothing to say. Pure. */
export function countOf(remarks) {
  const blocking = remarks.filter((remark) => remark.severity === 'blocking').length;
  if (blocking) return { key: 'review_blocking', count: blocking, blocking: true };
  return remarks.length ? { key: 'review_count', count: remarks.length, blocking: false } : null;
}

export class Review {
  remarks = [];
  #at = -1;
  #timer = null;
  #asked = 0;
  #asking = null;
  #over = false;

  /** `root`: of the sentences on the page. `written()` → what is being written now (written.js), null for nothing. */
  constructor({ room, say, selection, root, written, post = postJson }) {
    Object.assign(this, { room, say, selection, root, written, post });
    this.button = part('review');
    this.line = part('review-line');
    this.said = part('review-said');
    this.button.addEventListener('click', () => this.walk());
  }

  /** The text, or what it rests on, changed: looks again after a pause. */
  touched(pause = PAUSE_MS) {
    clearTimeout(this.#timer);
    if (!this.room.urls.review || !this.written()) {
      this.take([]);
      return;
    }
    this.#timer = setTimeout(() => this.look(), pause);
  }

  /** A signature is on its way: a question that arrives after it would be refused, so none is asked any more. */
  rest() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Asks the server. What cannot be asked now is asked with the next change. */
  async look() {
    this.#asked += 1;
    const mine = this.#asked;
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const now = this.written();
    if (!now) return;
    try {
      const { remarks } = await this.post(this.room.urls.review, now.body(), { signal });
      if (mine === this.#asked && this.written()?.kind === now.kind) this.take(remarks);
    } catch {
      if (!signal.aborted) publish({ review: 'unknown' });
    }
  }

  take(remarks) {
    const told = this.written()?.told;
    const shown = remarks.filter((remark) => !told?.has(remark.rule));
    const chosen = this.remarks[this.#at]?.key;
    this.remarks = shown;
    this.#at = chosen ? shown.findIndex((remark) => remark.key === chosen) : -1;
    if (this.#at < 0) this.#over = false;
    this.draw();
  }

  /** The signature was refused for these: the first that blocks is shown, with a place for the reason to sign over it. */
  refused(remarks) {
    this.take(remarks);
    const at = this.remarks.findIndex((remark) => remark.severity === 'blocking');
    if (at < 0) return;
    this.#over = true;
    this.#go(at);
    // Said once: in the line, beside the place for the reason.
    this.written()?.tell('');
  }

  /** The next remark: its sentence or field gets the caret, its finding is shown on the images. */
  walk() {
    if (!this.remarks.length) return;
    this.#go((this.#at + 1) % this.remarks.length);
  }

  #go(at) {
    this.#at = at;
    const remark = this.remarks[at];
    if (remark.finding) this.selection.choose(remark.finding, 'review');
    this.written()?.go(remark);
    this.draw();
  }

  draw() {
    const { button, line, said } = this;
    const count = countOf(this.remarks);
    line.hidden = !count;
    button.firstElementChild.textContent = count ? this.say(count.key, { count: count.count }) : '';
    button.classList.toggle('late', Boolean(count?.blocking));
    const remark = this.remarks[this.#at];
    said.replaceChildren(...(remark ? this.#line(remark) : []));
    this.#mark();
    publish({ review: this.remarks.map((each) => each.rule).join(' ') });
  }

  #line(remark) {
    const where = this.remarks.length > 1 ? this.say('review_at', { n: this.#at + 1, count: this.remarks.length }) : '';
    const text = this.say('review_stands', { section: remark.title, text: remark.text });
    const row = [where ? element('span', { class: 'muted number', text: `${where} ` }) : '', element('span', { text })];
    return this.#over && remark.severity === 'blocking' && remark.overridable ? [...row, this.#overForm()] : row;
  }

  #overForm() {
    const reason = element('input', { maxlength: '300', autocomplete: 'off', required: '', 'aria-label': this.say('review_reason') });
    reason.placeholder = this.say('review_reason');
    const form = element('form', { class: 'row review-over' }, reason, element('button', { text: this.say('review_keep') }));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const keys = this.remarks.filter((each) => each.severity === 'blocking').map((each) => each.key);
      this.written()?.over(keys, reason.value);
    });
    return form;
  }

  /** A wavy line under the words in question; under a whole sentence only while one is at its remark. */
  #mark() {
    const { root } = this;
    const ids = new Set(this.remarks.map((remark) => remark.sentence));
    for (const row of root.querySelectorAll('[data-sentence]')) row.classList.toggle('remarked', ids.has(row.dataset.sentence));
    if (!globalThis.CSS?.highlights) return;
    const ranges = this.remarks.map((remark, at) => this.#range(remark, at === this.#at)).filter(Boolean);
    CSS.highlights.set('remark', new Highlight(...ranges));
  }

  #range(remark, chosen) {
    const row = remark.sentence && this.root.querySelector(`[data-sentence="${CSS.escape(remark.sentence)}"] .text`);
    const node = row?.firstChild;
    const span = node?.nodeType === Node.TEXT_NODE ? spanOf(remark, node.length) : null;
    if (!span || (!chosen && span[0] === 0 && span[1] === node.length)) return null;
    const range = document.createRange();
    range.setStart(node, span[0]);
    range.setEnd(node, span[1]);
    return range;
  }
}
