/** Key events. Unmodified keys never fire while typing; Ctrl chords always do. */

const TYPED = new Set(['INPUT', 'TEXTAREA', 'SELECT']);

export function isTyping(target) {
  if (!target) return false;
  if (target.isContentEditable) return true;
  if (target.tagName === 'INPUT') return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return TYPED.has(target.tagName);
}

/** AltGr makes the brackets of many keyboards; browsers tell it as Ctrl and Alt together. */
function makesCharacter(event) {
  return Boolean(event.getModifierState?.('AltGraph')) && event.key.length === 1;
}

/** "ctrl+enter", "arrowup", "[": the name a key table uses. Cmd counts as Ctrl. */
export function keyName(event) {
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  return (event.ctrlKey || event.metaKey) && !makesCharacter(event) ? `ctrl+${key}` : key;
}

/** The names a press may have in a table, the most particular first: with Shift, then, unless Ctrl is held, without. */
function namesOf(event) {
  const name = keyName(event);
  const chord = name.startsWith('ctrl+');
  const key = chord ? name.slice(5) : name;
  const shifts = event.shiftKey && (key.length > 1 || key.toLowerCase() !== key.toUpperCase());
  if (!shifts) return [name];
  return chord ? [`ctrl+shift+${key}`] : [`shift+${key}`, key];
}

/** A button or link that has focus keeps Enter and Space for itself. */
function belongsToControl(event) {
  const control = event.target?.closest?.('button, a[href], summary');
  return Boolean(control) && (event.key === 'Enter' || event.key === ' ');
}

/**
 * Looks a key event up in `table` (name → {run, repeats}). Returns the act, or null.
 * Composition (input methods), Alt chords and chords of the browser are left alone.
 */
export function actionFor(event, table) {
  if (event.isComposing || event.defaultPrevented || (event.altKey && !makesCharacter(event))) return null;
  const names = namesOf(event);
  const chord = names[0].startsWith('ctrl+');
  if (!chord && (isTyping(event.target) || belongsToControl(event))) return null;
  const name = names.find((one) => table.has(one));
  return name ? table.get(name) : null;
}

/**
 * `tableNow()` → the table of the moment. A key held down acts once, unless its act repeats. `place`: the document to
 * listen in; `acted()` is called after each act.
 */
export function bindKeys(tableNow, place = document, acted = () => {}) {
  const listen = (event) => {
    const act = actionFor(event, tableNow());
    if (!act) return;
    event.preventDefault();
    if (event.repeat && !act.repeats) return;
    act.run(event);
    acted();
  };
  // Before the imaging tools, which keep every key of an image that was clicked to themselves.
  place.addEventListener('keydown', listen, true);
  return () => place.removeEventListener('keydown', listen, true);
}
