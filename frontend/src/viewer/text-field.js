/** A small labelled field over the images, where the tools would open a window of the browser's. */
import { element } from '../lib/dom.js';

/**
 * Asks for a line of text. Enter or the button keeps it, Escape or leaving the field gives it up;
 * `done` gets the text, or null.
 */
export function askText(host, { label, button, value = '', done }) {
  const field = element('input', { type: 'text', maxlength: 80, autocomplete: 'off' });
  field.value = value;
  const form = element(
    'form',
    { class: 'text-field' },
    element('label', {}, element('span', { text: label }), field),
    element('button', { type: 'submit', text: button }),
  );
  let open = true;
  const close = (text) => {
    if (!open) return;
    open = false;
    form.remove();
    done(text);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    close(field.value.trim() || null);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close(null);
  });
  form.addEventListener('focusout', (event) => {
    if (!form.contains(event.relatedTarget)) close(field.value.trim() || null);
  });
  host.append(form);
  field.focus();
}
