/** The page of tasks: a button opens the form that it names, and closes it again. */
document.addEventListener('click', (event) => {
  const name = event.target.closest('[data-opens]')?.dataset.opens;
  if (!name) return;
  const form = document.querySelector(`form[data-form="${name}"]`);
  form.hidden = !form.hidden;
  if (!form.hidden) form.querySelector('input:not([type=hidden]), select')?.focus();
});
