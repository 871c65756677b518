/** Small labelled controls of the layout page. Each keeps the focus by its name when the page is drawn anew. */
import { element } from '../lib/dom.js';

export function button(label, focus, run, more = {}) {
  return element('button', { type: 'button', text: label, data: { focus }, onClick: run, ...more });
}

const field = (label, control) => element('label', { class: 'field' }, element('span', { text: label }), control);

/** `choices`: [[value, words]]. `set(value)` is called with the one that was chosen. */
export function select(label, focus, choices, value, set, { disabled = false } = {}) {
  const control = element('select', { data: { focus }, disabled });
  for (const [name, words] of choices) control.append(element('option', { value: name, text: words, selected: name === value }));
  control.addEventListener('change', () => set(control.value));
  return field(label, control);
}

export function text(label, focus, value, set, { longest, disabled = false } = {}) {
  const control = element('input', { value, maxlength: longest, autocomplete: 'off', data: { focus }, disabled });
  control.addEventListener('change', () => set(control.value.trim()));
  return field(label, control);
}

/** Numbers outside `least` to `most` are put at the end that is nearest. */
export function number(label, focus, value, set, { least, most, disabled = false }) {
  const control = element('input', { type: 'number', min: least, max: most, value, required: true, data: { focus }, disabled });
  control.addEventListener('change', () => {
    const given = Number(control.value);
    set(Number.isFinite(given) && control.value !== '' ? Math.min(most, Math.max(least, Math.round(given))) : value);
  });
  return field(label, control);
}
