/** The list of keys: not modal, the work goes on beside it. */
import { element } from './dom.js';

/** Draws what is bound to the page now. `close` hides the list; `change`: the address where keys are changed. */
export function drawHelp(root, keymap, { close = null, change = '' } = {}) {
  const scopes = Object.keys(keymap.scopes).filter((scope) => keymap.bound.some((act) => act.scope === scope));
  const groups = scopes.map((scope) => {
    const rows = keymap.bound
      .filter((act) => act.scope === scope && act.keys.length)
      .flatMap((act) => [
        element('dt', {}, ...act.keys.map((key) => element('kbd', { text: keymap.shownKey(key) }))),
        element('dd', { text: act.words }),
      ]);
    const said = (keymap.notes[scope] ?? []).map((text) => element('p', { class: 'second', text }));
    return element('section', {}, element('h2', { text: keymap.scopes[scope] }), element('dl', {}, ...rows), ...said);
  });
  const head = element('div', { class: 'help-head' }, element('b', { text: keymap.words.all }), element('span', { class: 'spacer' }));
  if (change) head.append(element('a', { href: change, text: keymap.words.change }));
  if (close) head.append(element('button', { type: 'button', class: 'plain', text: keymap.words.close, onClick: close }));
  root.replaceChildren(head, element('div', { class: 'help-columns' }, ...groups));
}

/** Makes the panel, or takes the page's own, and binds the key that shows and hides it. */
export function startHelp(keymap) {
  const own = document.querySelector('[data-part="help"]');
  const panel = own ?? element('aside', { class: 'help', data: { part: 'help' }, role: 'region', hidden: true });
  panel.setAttribute('aria-label', keymap.words.all);
  if (!own) document.body.append(panel);
  const change = document.querySelector('[data-keys-url]')?.dataset.keysUrl ?? '';
  const toggle = () => {
    panel.hidden = !panel.hidden;
    if (!panel.hidden) drawHelp(panel, keymap, { close: toggle, change });
  };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !panel.hidden) toggle();
  });
  keymap.bind({ 'show-keys': toggle });
}
