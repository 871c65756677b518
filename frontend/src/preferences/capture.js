/** A field that takes keys by their press: the first replaces what stood there, the next ones join it. */

export const MOST = 3;
const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process', 'Unidentified']);

/** The key as the server's table writes it, or null for one that stays the field's or the browser's own. */
export function pressedKey(event) {
  if (MODIFIERS.has(event.key) || ['Tab', 'Escape'].includes(event.key) || event.isComposing) return null;
  const altGr = event.getModifierState?.('AltGraph') && event.key.length === 1;
  if (event.altKey && !altGr) return null;
  const chord = (event.ctrlKey || event.metaKey) && !altGr;
  const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  const key = event.key === ' ' ? 'Space' : letter ? event.key.toUpperCase() : event.key;
  const shift = event.shiftKey && (letter || key.length > 1) ? 'Shift+' : '';
  return `${chord ? 'Ctrl+' : ''}${shift}${key}`;
}

/** The text of the field after a key. `fresh`: it is the first since the field was chosen. */
export function withKey(text, key, fresh) {
  const before = fresh ? [] : text.split(' ').filter(Boolean);
  return [...new Set([...before, key])].slice(-MOST).join(' ');
}

export function startCapture(field) {
  let fresh = true;
  field.addEventListener('focus', () => {
    fresh = true;
    field.select();
  });
  field.addEventListener('keydown', (event) => {
    const key = pressedKey(event);
    if (key === null) return;
    event.preventDefault();
    field.value = key === 'Backspace' || key === 'Delete' ? '' : withKey(field.value, key, fresh);
    fresh = false;
  });
}
