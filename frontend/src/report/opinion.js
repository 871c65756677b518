/** The first opinion: asked for while the AI is held back, shown beside the result afterwards. */
import { element } from '../lib/dom.js';
import { HttpError, Offline, postJson } from '../lib/http.js';
import { keyOf } from '../lib/keymap.js';
import { clock } from '../lib/words.js';

export class Opinion {
  #busy = false;

  /** `before()` → Promise, what is to be kept before the page is shown anew. `reload` is for tests. */
  constructor({ root, room, say, before, post = postJson, reload = () => window.location.reload() }) {
    Object.assign(this, { root, room, say, before, post, reload });
  }

  draw() {
    const { held, needed, first } = this.room.opinion;
    this.root.hidden = !held && !first;
    if (this.root.hidden) return;
    if (needed) this.root.replaceChildren(...this.#form());
    else if (held) this.root.replaceChildren(element('p', { class: 'second', text: this.say('held_unclaimed') }));
    else this.root.replaceChildren(this.#said(first));
  }

  #said(first) {
    const words = [this.say(`opinion_${first.opinion}`), first.text].filter(Boolean).join(': ');
    const text = this.say('opinion_said', { who: first.reader, opinion: words, time: clock(first.at) });
    return element('p', { class: 'second', text });
  }

  #form() {
    this.text = element('textarea', { rows: 2, maxlength: 1000, 'aria-label': this.say('opinion_text') });
    this.text.placeholder = this.say('opinion_text');
    this.answer = element('p', { class: 'answer', role: 'alert', hidden: true });
    const buttons = ['normal', 'abnormal'].map((opinion) => {
      const node = element('button', { type: 'button', text: this.say(`opinion_${opinion}`), data: { opinion } });
      const key = keyOf(`opinion-${opinion}`);
      if (key) node.append(' ', element('kbd', { text: key }));
      node.addEventListener('click', () => this.commit(opinion));
      return node;
    });
    const ask = element('p', { class: 'second', text: this.say('opinion_asked') });
    return [ask, this.text, element('div', { class: 'row' }, ...buttons), this.answer];
  }

  async commit(opinion) {
    if (!this.room.opinion.needed || this.#busy) return;
    this.#busy = true;
    try {
      await this.before();
      await this.post(this.room.urls.opinion, { opinion, text: this.text.value });
      this.reload();
    } catch (error) {
      this.#busy = false;
      if (!(error instanceof Offline) && !(error instanceof HttpError)) throw error;
      // Committed before, in another window: what it shows is to be shown here too.
      if (error instanceof HttpError && error.status === 409) this.reload();
      this.answer.hidden = false;
      this.answer.textContent = error.body?.detail ?? this.say('opinion_offline');
    }
  }
}
