/** A button that opens a short list of acts below it; closes at a choice, at Escape, at a press beside it. */
import { element } from '../lib/dom.js';

const GAP = 4;

/** → {button, panel}; both belong into the page. `label` may be changed later by `button.firstChild`. */
export function menu(label, items, data = {}) {
  const panel = element('div', { class: 'tool-menu', popover: 'auto', role: 'group', 'aria-label': label }, ...items);
  const name = element('span', { text: label });
  const button = element('button', { type: 'button', data, 'aria-expanded': 'false' }, name, element('span', { class: 'more', text: '▾' }));
  button.popoverTargetElement = panel;
  panel.addEventListener('toggle', (event) => {
    const open = event.newState === 'open';
    button.setAttribute('aria-expanded', String(open));
    if (!open) return;
    const box = button.getBoundingClientRect();
    // The images may stand in a second window.
    const wide = button.ownerDocument.documentElement.clientWidth;
    panel.style.left = `${Math.max(GAP, Math.min(box.left, wide - panel.offsetWidth - GAP))}px`;
    panel.style.top = `${box.bottom + GAP}px`;
  });
  for (const item of items) item.addEventListener('click', () => panel.hidePopover());
  return { button, panel };
}
