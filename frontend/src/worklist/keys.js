/** ↑ ↓ Enter J and /. No unmodified key fires while one types in a field. */
export function startKeys(place) {
  const typing = (target) => target.closest('input, select, textarea, [contenteditable]');
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = typing(event.target);
    if (field) {
      if (event.key === 'Escape') {
        if (field.name === 'text' && field.value) {
          field.value = '';
          field.form.requestSubmit();
        }
        field.blur();
      }
      return;
    }
    if (event.key === 'Enter' && event.target.closest('a, button')) return;
    const act = {
      ArrowDown: () => place.move(1),
      ArrowUp: () => place.move(-1),
      Home: () => place.choose(place.rows()[0]),
      End: () => place.choose(place.rows().at(-1)),
      Enter: () => place.open(),
      '/': () => document.getElementById('text').focus(),
      j: () => document.getElementById('next')?.requestSubmit(),
      J: () => document.getElementById('next')?.requestSubmit(),
    }[event.key];
    if (!act || event.repeat && event.key.length === 1) return;
    event.preventDefault();
    act();
  });
}
