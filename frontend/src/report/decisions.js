/** Deciding about findings: accept, reject with a reason, correct, take back, and findings of one's own. */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';
import { HttpError, Offline, postJson } from '../lib/http.js';
import { correctionForm, rejectionForm } from './decision-forms.js';

export class Decisions {
  #open = null;
  #focus = false;
  #sending = Promise.resolve();

  /**
   * `room`: {findings, reject_reasons, finding_types, urls.decide, can.edit, study.programme}. `draw(image box) →
   * Promise of {sop_uid, frame, box, size_mm} or null`: lets the reader draw a box. `changed(findings)`: the list as
   * the server has it now. `tell(sentence)`: what went wrong.
   */
  constructor({ room, say, selection, draw, changed, tell, post = postJson }) {
    Object.assign(this, { room, say, selection, draw, changed, tell, post });
  }

  get able() {
    return this.room.can.edit;
  }

  find(key) {
    return this.room.findings.find((finding) => finding.key === key) ?? null;
  }

  /** The finding that a key means: the chosen one. */
  #meant() {
    const finding = this.able ? this.find(this.selection.key) : null;
    if (this.able && !finding) this.tell(this.say('choose_finding'));
    return finding;
  }

  /** By key: a second press takes it back. */
  accept(finding = this.#meant()) {
    if (!finding || finding.origin === 'human') return null;
    return this.#send(finding, finding.state === 'ACCEPTED' ? 'withdraw' : 'accept');
  }

  reject(finding = this.#meant()) {
    if (!finding) return null;
    if (finding.origin === 'human') return this.#send(finding, 'remove');
    if (finding.state === 'REJECTED') return this.#send(finding, 'withdraw');
    return this.#show(finding, 'reject');
  }

  correct(finding = this.#meant()) {
    return finding ? this.#show(finding, 'edit') : null;
  }

  /** A finding of one's own: the box is drawn, then its kind and place can be put right. */
  async add(place = null) {
    if (!this.able) return;
    const drawn = place ?? (await this.draw());
    if (!drawn) return;
    const type = this.#usualType();
    const answer = await this.#send({ key: '' }, 'add', { values: { type, location: '', ...drawn } });
    const added = answer ? this.find(answer.key) : null;
    if (!added) return;
    this.selection.choose(added.key, 'mark');
    this.#show(added, 'edit');
  }

  #usualType() {
    const usual = { lung: 'solid_nodule', breast: 'mass', brain: 'haemorrhage' }[this.room.study.programme];
    return usual ?? Object.keys(this.room.finding_types)[0];
  }

  #show(finding, what) {
    this.#open = { key: finding.key, what };
    this.#focus = true;
    this.changed(this.room.findings);
  }

  #close() {
    this.#open = null;
    this.changed(this.room.findings);
  }

  /** Decisions go one after the other, so that none overtakes the one it follows. */
  #send(finding, event, sent = {}) {
    const sending = this.#sending.then(() => this.#post(finding, event, sent));
    this.#sending = sending.catch(() => null);
    return sending;
  }

  async #post(finding, event, sent) {
    const standing = this.find(finding.key);
    const body = { key: finding.key, version: standing?.decision?.version ?? 0, event, ...sent };
    try {
      const answer = await this.post(this.room.urls.decide, body);
      this.#open = null;
      this.tell('');
      this.#take(answer.findings);
      return answer;
    } catch (error) {
      if (error instanceof Offline) this.tell(this.say('decision_offline'));
      else if (error instanceof HttpError) this.tell(error.body?.detail ?? this.say('decision_offline'));
      else throw error;
      if (error.body?.findings) this.#take(error.body.findings);
      return null;
    }
  }

  /** Heat maps weigh much and never change, so the answer comes without. */
  #take(findings) {
    const maps = new Map(this.room.findings.map((finding) => [finding.key, finding.heat_map]));
    this.changed(findings.map((finding) => ({ ...finding, heat_map: maps.get(finding.key) ?? null })));
  }

  /** The buttons of a row. */
  acts(finding) {
    if (!this.able) return null;
    const own = finding.origin === 'human';
    const rows = [
      ['correct', '✎', 'correct-finding', false],
      [own ? 'remove' : 'reject', '✕', 'reject-finding', finding.state === 'REJECTED'],
    ];
    if (!own) rows.unshift(['accept', '✓', 'accept-finding', finding.state === 'ACCEPTED']);
    const acts = element('span', { class: 'acts' });
    for (const [what, sign, act, pressed] of rows) {
      const name = this.say(`decide_${what}`);
      const key = keyOf(act);
      const node = element('button', {
        type: 'button',
        class: `plain ${what}`,
        text: sign,
        title: key ? `${name} (${key})` : name,
        'aria-label': `${name}: ${finding.number}`,
        'aria-pressed': String(pressed),
        data: { decide: `${what} ${finding.key}` },
      });
      node.addEventListener('click', () => this[what === 'remove' ? 'reject' : what](finding));
      acts.append(node);
    }
    return acts;
  }

  /** The form that is open in a row, if it is this one's. */
  form(finding) {
    if (!this.able || this.#open?.key !== finding.key) return null;
    const common = { finding, say: this.say, cancel: () => this.#close() };
    if (this.#open.what === 'reject') {
      const reasons = this.room.reject_reasons;
      return rejectionForm({ ...common, reasons, done: (sent) => this.#send(finding, 'reject', sent) });
    }
    return correctionForm({
      ...common,
      types: this.room.finding_types,
      draw: async () => {
        const place = await this.draw();
        if (place) await this.#send(finding, 'edit', { values: place });
      },
      done: (values) => (Object.keys(values).length ? this.#send(finding, 'edit', { values }) : this.#close()),
    });
  }

  /** The list was drawn: whoever opened a form writes in it. */
  drawn() {
    if (!this.#focus) return;
    this.#focus = false;
    document.querySelector('.decision-form select, .decision-form input')?.focus();
  }

  /** The button for a finding of one's own. */
  adder() {
    if (!this.able) return null;
    const key = keyOf('add-finding');
    const node = element('button', { type: 'button', class: 'add', text: this.say('add_finding'), data: { act: 'add-finding' } });
    if (key) node.append(' ', element('kbd', { text: key }));
    node.addEventListener('click', () => {
      node.blur();
      this.add();
    });
    return node;
  }
}
