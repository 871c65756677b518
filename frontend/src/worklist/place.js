import { pageKeymap } from '../lib/keymap.js';

/**
 * The reader's place in the list: one chosen row, kept by its study when rows come and go.
 * <tr data-key="17">…<template>the reasons, shown in the panel</template></tr>. `moved()` is
 * called when another row is chosen.
 */
export function startPlace(list, panel, { moved = () => {} } = {}) {
  let key = null;
  const empty = panel.innerHTML;
  const rows = () => [...list.querySelectorAll('tbody tr[data-key]')];
  const row = () => (key === null ? null : list.querySelector(`tbody tr[data-key="${key}"]`));

  function show() {
    for (const each of rows()) each.classList.toggle('here', each.dataset.key === key);
    const template = row()?.querySelector('template');
    const html = template ? template.innerHTML : empty;
    if (panel.dataset.shown !== html) {
      const focused = panel.contains(document.activeElement);
      panel.innerHTML = html;
      panel.dataset.shown = html;
      pageKeymap().write(panel);
      if (focused) panel.querySelector('[data-open]')?.focus();
    }
  }

  function choose(next, scroll = true) {
    if (!next) return;
    if (key !== next.dataset.key) moved();
    key = next.dataset.key;
    next.classList.remove('arrived');
    show();
    if (scroll) next.scrollIntoView({ block: 'nearest' });
  }

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(row());
    choose(at < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, at + step))]);
  }

  function open() {
    if (!row()) move(1);
    panel.querySelector('[data-open]')?.click();
  }

  const actsUrl = () => panel.querySelector('[data-acts]')?.dataset.acts ?? '';

  list.addEventListener('click', (event) => {
    const clicked = event.target.closest('tr[data-key]');
    if (!clicked || event.target.closest('button')) return;
    if (event.target.closest('a')) event.preventDefault();
    choose(clicked, false);
  });
  list.addEventListener('dblclick', (event) => {
    if (event.target.closest('tr[data-key]')) open();
  });
  choose(rows()[0], false);
  return { choose, move, open, show, actsUrl, rows, row, keys: () => rows().map((each) => each.dataset.key) };
}
