/** What the keys of the worklist do. Which keys those are, and how they are listed, says accounts/keymap.py. */
import { pageKeymap } from '../lib/keymap.js';

export function worklistActs({ place, acts, session }) {
  const next = document.getElementById('next');
  return {
    'list-up': () => place.move(-1),
    'list-down': () => place.move(1),
    'list-first': () => place.choose(place.rows()[0]),
    'list-last': () => place.choose(place.rows().at(-1)),
    'list-open': () => place.open(),
    'list-search': () => document.getElementById('text').focus(),
    'list-next': next ? () => next.requestSubmit() : null,
    'list-aside': () => acts.toggle(place.actsUrl()),
    'list-urgent': next ? () => session.takeUrgent() : null,
    'list-undo': next ? () => session.undo() : null,
  };
}

/** Escape leaves a field; the search field is emptied by it. */
function leaveField(event) {
  const field = event.target.closest?.('input, select, textarea');
  if (event.key !== 'Escape' || !field) return;
  if (field.name === 'text' && field.value && field.form.id === 'search') {
    field.value = '';
    field.form.requestSubmit();
  }
  field.blur();
}

export function startKeys(parts) {
  pageKeymap().bind(worklistActs(parts));
  document.addEventListener('keydown', leaveField);
}
