/** What became of the files: counts first, problems on top, the good ones folded away. */
import { element, part } from '../lib/dom.js';

const SHOWN = 500;
const KINDS = ['stored', 'duplicate', 'rejected'];

export class Report {
  constructor(root, say) {
    this.say = say;
    this.counts = { stored: 0, duplicate: 0, rejected: 0 };
    this.parts = Object.fromEntries(
      ['progress', 'bar', 'status', 'notice', 'problems', 'problem-rows', 'good', 'good-rows', 'again', 'onward'].map(
        (name) => [name, part(name, root)],
      ),
    );
    this.numbers = Object.fromEntries(KINDS.map((kind) => [kind, part(`count-${kind}`, root)]));
    this.hidden = { 'problem-rows': 0, 'good-rows': 0 };
  }

  begin() {
    this.parts.progress.hidden = false;
    this.parts.again.hidden = true;
    this.parts.onward.hidden = true;
    for (const row of this.parts['problem-rows'].querySelectorAll('[data-result=unsent]')) row.remove();
    this.notice('');
  }

  add({ path, result, reason }) {
    const bad = result === 'rejected' || result === 'unsent';
    if (result in this.counts) {
      this.counts[result] += 1;
      this.numbers[result].textContent = String(this.counts[result]);
      this.numbers[result].parentElement.classList.toggle('some', this.counts[result] > 0);
    }
    this.#row(bad ? 'problem-rows' : 'good-rows', path, bad ? reason : this.say(result), result);
    this.parts.problems.hidden = !this.parts['problem-rows'].childElementCount;
    this.parts.good.hidden = !this.parts['good-rows'].childElementCount;
  }

  progress({ files, total, part: done, checking = false }) {
    this.parts.bar.value = done;
    this.counted = this.say('progress', { done: files, total });
    clearInterval(this.clock);
    if (checking) this.#checking(Date.now());
    else this.parts.status.textContent = this.counted;
  }

  /** The bytes are there; a large archive keeps the server busy for a while, and that is said, with the seconds. */
  #checking(since) {
    const tell = () => {
      const seconds = Math.round((Date.now() - since) / 1000);
      this.parts.status.textContent = `${this.counted} · ${this.say('checking', { seconds })}`;
    };
    tell();
    this.clock = setInterval(tell, 1000);
  }

  status(text) {
    this.parts.status.textContent = text;
  }

  notice(text) {
    if (this.parts.notice.textContent !== text) this.parts.notice.textContent = text;
    this.parts.notice.hidden = !text;
  }

  end(failed) {
    clearInterval(this.clock);
    const problems = failed > 0 || this.counts.rejected > 0;
    this.parts.bar.value = failed ? this.parts.bar.value : 1;
    this.parts.status.textContent = `${this.parts.status.textContent} · ${this.say(problems ? 'finished_problems' : 'finished')}`;
    this.parts.again.hidden = !failed;
    this.parts.onward.hidden = this.counts.stored + this.counts.duplicate === 0;
  }

  #row(name, path, text, result) {
    const rows = this.parts[name];
    if (rows.childElementCount > SHOWN) {
      this.hidden[name] += 1;
      rows.lastElementChild.textContent = this.say('more', { count: this.hidden[name] });
      return;
    }
    if (rows.childElementCount === SHOWN) {
      this.hidden[name] = 1;
      rows.append(element('li', { class: 'muted', text: this.say('more', { count: 1 }) }));
      return;
    }
    rows.append(
      element(
        'li',
        { data: { result } },
        element('span', { class: 'path cut', title: path, text: path }),
        element('span', { class: 'said', text }),
      ),
    );
  }
}
