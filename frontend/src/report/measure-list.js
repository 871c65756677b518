/** The measurements beside the findings: each with its value, its slice, whether it is kept, and its way into the report. */
import { element } from '../lib/dom.js';
import { measuredText, rowPlace } from './measure-words.js';

export class MeasureList {
  /**
   * `measurements`: of the viewer. `series()` → of the page. `insert(record)`, `addFinding(record)`, `can(what)` →
   * whether this person may "insert" or "add" now.
   */
  constructor({ root, measurements, series, say, selection, insert, addFinding, can }) {
    Object.assign(this, { root, measurements, series, say, selection, insert, addFinding, can });
    measurements.listen(() => this.draw());
    selection.listen(() => this.light());
  }

  draw() {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.measureAct : null;
    const rows = this.measurements.list.map((record) => this.#row(record));
    if (this.measurements.unkept.size) rows.push(element('li', { class: 'unkept', text: this.say('measure_unkept') }));
    this.root.replaceChildren(...rows);
    this.root.hidden = rows.length === 0;
    this.light();
    if (focused) this.root.querySelector(`[data-measure-act="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(record) {
    const { say } = this;
    const name = say(`measure_${record.tool}`);
    const value = measuredText(record, say);
    const where = rowPlace(record, this.series(), say);
    const button = element(
      'button',
      { type: 'button', class: 'find measure', data: { measureKey: record.key ?? '', measureAct: `go ${record.uid}` } },
      element('span', { class: 'n', text: record.key ? record.key.toUpperCase() : '·' }),
      element(
        'span',
        { class: 'what' },
        element('span', { class: 'cut', text: [name, value].filter(Boolean).join(' ') }),
        element('span', { class: 'second', text: [where, this.#standing(record)].filter(Boolean).join(' · ') }),
      ),
    );
    button.addEventListener('click', () => record.key && this.selection.choose(record.key, 'list'));
    const row = element('li', { data: { measure: record.uid } }, button, this.#acts(record, name));
    const conflict = this.measurements.conflicts.get(record.uid);
    if (conflict) row.append(this.#conflict(record, conflict));
    return row;
  }

  /** Whether it is kept, in words. */
  #standing(record) {
    const { measurements, say } = this;
    const refusal = measurements.refusals.get(record.uid);
    if (refusal) return say('measure_refused', { detail: refusal });
    if (measurements.queue.isWaiting(record.uid)) return say(measurements.queue.offline ? 'measure_offline' : 'saving');
    if (record.corrected) return say('measure_corrected');
    return record.author ?? '';
  }

  #acts(record, name) {
    const acts = element('span', { class: 'acts' });
    const add = (what, run) => {
      const label = this.say(`measure_${what}`);
      const node = element('button', {
        type: 'button',
        class: 'plain',
        text: label,
        'aria-label': `${label}: ${name} ${record.key?.toUpperCase() ?? ''}`,
        data: { measureAct: `${what} ${record.uid}` },
      });
      node.addEventListener('click', run);
      acts.append(node);
    };
    if (record.key && this.can('insert')) add('insert', () => this.insert(record));
    if (record.key && this.can('add') && record.tool !== 'arrow' && !record.plane) add('finding', () => this.addFinding(record));
    if (this.measurements.mayChange(record.uid)) add('remove', () => this.measurements.remove(record.uid));
    return acts;
  }

  #conflict(record, { theirs, frozen, detail }) {
    const { say } = this;
    const box = element('div', { class: 'measure-conflict', role: 'alert' }, element('p', { text: detail }));
    const told = theirs ? measuredText(theirs, say) : say('measure_gone');
    const choices = [[say('measure_take', { theirs: told }), () => this.measurements.takeTheirs(record.uid)]];
    if (!frozen) choices.unshift([say('keep_mine'), () => this.measurements.keepMine(record.uid)]);
    for (const [text, run] of choices) {
      const node = element('button', { type: 'button', text });
      node.addEventListener('click', run);
      box.append(node);
    }
    return box;
  }

  light() {
    for (const node of this.root.querySelectorAll('[data-measure-key]')) {
      const on = Boolean(node.dataset.measureKey) && node.dataset.measureKey === this.selection.key;
      node.classList.toggle('on', on);
      node.setAttribute('aria-pressed', String(on));
    }
  }

  /** The one an act without a row means: the chosen one, else the newest. */
  get meant() {
    const kept = this.measurements.list.filter((record) => record.key);
    return kept.find((record) => record.key === this.selection.key) ?? kept.at(-1) ?? null;
  }
}
