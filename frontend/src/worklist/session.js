/** The session's line above the list: drawn by the server, put in place when it changed and nobody is in it. */
import { pageKeymap } from '../lib/keymap.js';
import { sendOnce } from '../lib/lockout.js';

export function startSession(root, list) {
  let told = root.querySelector('#urgent')?.dataset.key ?? '';

  /** Takes the line of the newest rows; gives the words for a study that became urgent, once. */
  function draw() {
    const html = list.querySelector('template[data-session]')?.innerHTML;
    if (html === undefined || root.contains(document.activeElement)) return '';
    root.innerHTML = html;
    pageKeymap().write(root);
    const urgent = root.querySelector('[data-urgent]')?.textContent ?? '';
    const key = root.querySelector('#urgent')?.dataset.key ?? '';
    const isNew = key !== told;
    told = key;
    return isNew ? urgent : '';
  }

  const press = (id) => document.getElementById(id)?.requestSubmit();
  for (const id of ['next', 'undo', 'sit']) {
    const form = document.getElementById(id);
    if (form) sendOnce(form);
  }
  return { draw, takeUrgent: () => press('urgent'), undo: () => press('undo') };
}
