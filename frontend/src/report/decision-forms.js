/** The two small forms in a finding's row: why it is rejected, and what it is instead. */
import { element } from '../lib/dom.js';

function field(label, node) {
  return element('label', {}, element('span', { text: label }), node);
}

function select(options, chosen) {
  const node = element('select');
  for (const [value, label] of Object.entries(options)) {
    node.append(element('option', { value, text: label, selected: value === chosen }));
  }
  return node;
}

function form({ fields, action, say, cancel, submit, more = [] }) {
  const give = element('button', { type: 'button', class: 'plain', text: say('cancel') });
  give.addEventListener('click', cancel);
  const buttons = element('span', { class: 'buttons' }, element('button', { type: 'submit', class: 'primary', text: action }), ...more, give);
  const node = element('form', { class: fields.length === 2 ? 'decision-form two' : 'decision-form' }, ...fields, buttons);
  node.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') cancel();
    // A list of choices takes no Enter of its own: here it is the answer.
    if (event.key === 'Enter' && event.target.tagName === 'SELECT' && !event.isComposing) {
      event.preventDefault();
      node.requestSubmit();
    }
  });
  return node;
}

export function rejectionForm({ finding, reasons, say, done, cancel }) {
  const why = select(reasons, finding.decision?.reason || Object.keys(reasons)[0]);
  const note = element('input', { type: 'text', maxlength: 300, autocomplete: 'off' });
  const needed = () => {
    note.required = why.value === 'other';
  };
  why.addEventListener('change', needed);
  needed();
  const fields = [field(say('reject_reason'), why), field(say('reject_note'), note)];
  return form({ fields, action: say('decide_reject'), say, cancel, submit: () => done({ reason: why.value, note: note.value }) });
}

/** `done` gets only what the reader changed. */
export function correctionForm({ finding, types, say, draw, done, cancel }) {
  const known = finding.type in types ? types : { [finding.type]: finding.label, ...types };
  const kind = select(known, finding.type);
  const place = element('input', { type: 'text', maxlength: 120, autocomplete: 'off', value: finding.location ?? '' });
  const shown = typeof finding.size_mm === 'number' ? finding.size_mm.toFixed(1) : '';
  const size = element('input', { type: 'number', min: 0.1, max: 1000, step: 0.1, value: shown });
  const anew = element('button', { type: 'button', class: 'plain', text: say('draw_anew') });
  anew.addEventListener('click', draw);
  const submit = () => {
    const values = {};
    if (kind.value !== finding.type) values.type = kind.value;
    if (place.value.trim() !== (finding.location ?? '')) values.location = place.value.trim();
    if (size.value !== shown) values.size_mm = size.value === '' ? null : Number(size.value);
    done(values);
  };
  const fields = [field(say('finding_type'), kind), field(say('finding_place'), place), field(say('finding_size'), size)];
  return form({ fields, action: say('keep'), say, cancel, submit, more: [anew] });
}
