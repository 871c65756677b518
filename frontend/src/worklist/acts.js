/** The sheet of what can be done with a study besides reading it: fetched when asked for, gone with its study. */
import { sendSafely } from '../lib/leaving.js';

/** `back()` → the query the list is to be shown with afterwards; null from the reading room, to which notes return. */
export function startActs(root, { back }) {
  let shown = '';

  function close() {
    shown = '';
    root.replaceChildren();
    root.hidden = true;
  }

  function prepare() {
    const query = back();
    for (const field of root.querySelectorAll('[name=back]')) field.value = query ?? '';
    for (const field of root.querySelectorAll('[name=room]')) field.value = query === null ? '1' : '';
    for (const form of root.querySelectorAll('form')) sendSafely(form);
    const until = root.querySelector('[name=until]');
    const day = root.querySelector('[data-day]');
    until?.addEventListener('change', () => {
      day.hidden = until.value !== 'date';
    });
    root.scrollIntoView({ block: 'nearest' });
    root.querySelector('select, textarea, input:not([type=hidden]), button')?.focus();
  }

  /** Shows the sheet of the study at `url`, or closes it when it is shown already. */
  async function toggle(url) {
    if (!url || shown === url) {
      close();
      return;
    }
    shown = url;
    root.hidden = false;
    root.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'text/html' } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const html = await answer.text();
      if (shown !== url) return;
      root.innerHTML = html;
      prepare();
    } catch {
      if (shown !== url) return;
      shown = '';
      root.textContent = root.dataset.textFailed;
    } finally {
      root.removeAttribute('aria-busy');
    }
  }

  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  close();
  return { toggle, close, isOpen: () => shown !== '' };
}
