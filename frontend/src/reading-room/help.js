/** `?`: a panel with every key. Not modal: reading goes on beside it. */
import { element } from '../lib/dom.js';

export function drawHelp(root, list, say) {
  const groups = ['images', 'report'].map((group) => {
    const rows = list
      .filter((entry) => entry.group === group)
      .flatMap((entry) => [
        element('dt', {}, ...entry.keys.map((key) => element('kbd', { text: shown(key, say) }))),
        element('dd', { text: entry.label ?? say(entry.name) }),
      ]);
    return element('section', {}, element('h3', { text: say(`keys_${group}`) }), element('dl', {}, ...rows));
  });
  const editing = ['editing_enter', 'editing_backspace', 'editing_arrows', 'editing_escape'];
  groups[1].append(...editing.map((key) => element('p', { class: 'second', text: say(key) })));
  root.replaceChildren(...groups);
}

function shown(key, say) {
  const arrows = { ArrowUp: '↑', ArrowDown: '↓', Space: say('key_space'), 'Ctrl+Enter': 'Ctrl ⏎' };
  return arrows[key] ?? key.replace('+', ' ');
}
