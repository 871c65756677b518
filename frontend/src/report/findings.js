/** The list of findings. Choosing one shows its mark and its sentences; what the reader made of it stands beside it. */
import { element } from '../lib/dom.js';

/** So many reasons are read at a glance; what a sum is made of is read when it is asked for. */
const REASONS_SHOWN = 3;

export const isGone = (finding) => finding.state === 'REJECTED';

export class Findings {
  /** `decisions`: what draws a finding's acts and forms (decisions.js); null where nothing can be decided. */
  constructor({ root, findings, say, selection, decisions = null }) {
    Object.assign(this, { root, findings, say, selection, decisions });
    selection.listen(() => this.light());
  }

  draw() {
    const rows = this.findings.map((finding) => this.#row(finding));
    const add = this.decisions?.adder();
    this.root.replaceChildren(...rows, ...(add ? [element('li', { class: 'adder' }, add)] : []));
    this.root.hidden = this.root.children.length === 0;
    this.light();
    this.decisions?.drawn();
  }

  #row(finding) {
    const head = [finding.label, finding.location].filter(Boolean).join(', ');
    const gone = isGone(finding);
    const button = element(
      'button',
      { type: 'button', class: 'find', data: { findingKey: finding.key } },
      element('span', { class: 'n', text: String(finding.number) }),
      element(
        'span',
        { class: 'what' },
        element(gone ? 's' : 'span', { class: 'cut', title: head, text: head }),
        element('span', { class: 'second', text: this.#second(finding) }),
        this.#decided(finding),
      ),
    );
    button.addEventListener('click', () => this.selection.choose(finding.key, 'list'));
    const row = element('li', { class: `finding ${finding.state?.toLowerCase() ?? ''}`, data: { finding: finding.key } });
    row.append(button, this.decisions?.acts(finding) ?? '', this.decisions?.form(finding) ?? '', this.#reasons(finding) ?? '');
    return row;
  }

  /** What a reader made of it, in a line of its own. */
  #decided(finding) {
    const { decision, state, ai } = finding;
    if (!decision || state === 'OPEN' || state === 'ADDED') return null;
    const parts = [decision.label];
    if (state === 'REJECTED') parts.push([decision.reason_label, decision.note].filter(Boolean).join(': '));
    if (ai) {
      const size = typeof ai.size_mm === 'number' ? `${ai.size_mm.toFixed(1)} mm` : null;
      parts.push(this.say('finding_as_found', { found: [ai.label, ai.location, size].filter(Boolean).join(', ') }));
    }
    return element('span', { class: 'second decided', text: parts.filter(Boolean).join(' · ') });
  }

  /** Which measurements led there, and what each added; shown with the finding that is chosen. */
  #reasons(finding) {
    if (!finding.reasons?.length) return null;
    const lines = finding.reasons.map((text) => element('li', { text }));
    const rest = lines.length > REASONS_SHOWN + 1 ? lines.splice(REASONS_SHOWN) : [];
    if (rest.length) {
      const more = element('summary', { text: this.say('reasons_more', { count: rest.length }) });
      lines.push(element('li', { class: 'more' }, element('details', {}, more, element('ul', {}, ...rest))));
    }
    return element('ul', { class: 'why', data: { reasonsOf: finding.key }, hidden: true }, ...lines);
  }

  #second(finding) {
    const size = typeof finding.size_mm === 'number' ? `${finding.size_mm.toFixed(1)} mm` : null;
    // The AI's measurements in words are no longer those of a finding that a reader corrected.
    const parts = finding.summary && !finding.ai ? [finding.summary] : [size];
    if (finding.origin === 'human') parts.push(finding.decision?.author);
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
