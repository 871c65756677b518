/** The list of findings. Choosing one shows its mark and its sentences. */
import { element } from '../lib/dom.js';

export class Findings {
  constructor({ root, findings, say, selection }) {
    Object.assign(this, { root, findings, say, selection });
    selection.listen(() => this.light());
  }

  draw() {
    const rows = this.findings.map((finding) => this.#row(finding));
    this.root.replaceChildren(...rows);
    this.root.hidden = rows.length === 0;
    this.light();
  }

  #row(finding) {
    const head = [finding.label, finding.location].filter(Boolean).join(', ');
    const button = element(
      'button',
      { type: 'button', class: 'find', data: { findingKey: finding.key } },
      element('span', { class: 'n', text: String(finding.number) }),
      element(
        'span',
        { class: 'what' },
        element('span', { class: 'cut', title: head, text: head }),
        element('span', { class: 'second', text: this.#second(finding) }),
      ),
    );
    button.addEventListener('click', () => this.selection.choose(finding.key, 'list'));
    return element('li', {}, button, this.#reasons(finding));
  }

  /** Which measurements led there, and what each added; shown with the finding that is chosen. */
  #reasons(finding) {
    if (!finding.reasons?.length) return null;
    const lines = finding.reasons.map((text) => element('li', { text }));
    return element('ul', { class: 'why', data: { reasonsOf: finding.key }, hidden: true }, ...lines);
  }

  #second(finding) {
    const size = typeof finding.size_mm === 'number' ? `${finding.size_mm.toFixed(1)} mm` : null;
    const parts = finding.summary ? [finding.summary] : [size];
    if (typeof finding.probability === 'number') {
      parts.push(this.say('probability', { p: finding.probability.toFixed(2) }));
    }
    return parts.filter(Boolean).join(' · ');
  }

  light() {
    for (const button of this.root.querySelectorAll('.find')) {
      const on = button.dataset.findingKey === this.selection.key;
      button.classList.toggle('on', on);
      button.setAttribute('aria-pressed', String(on));
      const why = button.parentElement.querySelector('.why');
      if (why) why.hidden = !on;
      if (on) button.parentElement.scrollIntoView({ block: 'nearest' });
    }
  }
}
