/** Keys: one table per page. Unmodified keys never fire while typing; Ctrl chords always do. */

const TYPED = new Set(['INPUT', 'TEXTAREA', 'SELECT']);

export function isTyping(target) {
  if (!target) return false;
  if (target.isContentEditable) return true;
  if (target.tagName === 'INPUT') return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return TYPED.has(target.tagName);
}

/** "ctrl+enter", "arrowup", "[": the name a key table uses. Cmd counts as Ctrl. */
export function keyName(event) {
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `ctrl+${key}` : key;
}

/** A button or link that has focus keeps Enter and Space for itself. */
function belongsToControl(event) {
  const control = event.target?.closest?.('button, a[href], summary');
  return Boolean(control) && (event.key === 'Enter' || event.key === ' ');
}

/**
 * Looks a key event up in `table` (name → function). Returns the function to run, or null.
 * Composition (input methods), Alt chords and chords of the browser are left alone.
 */
export function actionFor(event, table) {
  if (event.isComposing || event.altKey || event.defaultPrevented) return null;
  const name = keyName(event);
  const chord = name.startsWith('ctrl+');
  if (!chord && (isTyping(event.target) || belongsToControl(event))) return null;
  return table.get(name) ?? null;
}

export function bindKeys(table) {
  const listen = (event) => {
    const action = actionFor(event, table);
    if (!action) return;
    event.preventDefault();
    action(event);
  };
  // Before the imaging tools, which keep every key of an image that was clicked to themselves.
  document.addEventListener('keydown', listen, true);
  return () => document.removeEventListener('keydown', listen, true);
}
