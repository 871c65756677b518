/** Views, programme tabs, selects and the search field. The searched text never enters the address. */

/** Hidden fields that a form sends along: what is chosen now. */
function keep(form, query, names) {
  if (!form) return;
  for (const name of names) {
    let field = form.querySelector(`input[type=hidden][name=${name}]`);
    if (!field) {
      field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name });
      form.append(field);
    }
    field.value = query.get(name) ?? '';
  }
}

export function startFilters(refresh) {
  const tabs = [...document.querySelectorAll('[data-filter]')];
  const filters = document.getElementById('filters');
  const keepUp = () => {
    keep(document.getElementById('keep'), refresh.state.query, ['view', 'programme', 'tier', 'state', 'site']);
    keep(document.getElementById('sit'), refresh.state.query, ['programme']);
    keep(filters, refresh.state.query, ['view', 'programme']);
  };
  const narrow = (changes) => {
    refresh.narrow(changes);
    keepUp();
  };
  for (const tab of tabs) {
    tab.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      for (const each of tabs) {
        if (each.dataset.filter === tab.dataset.filter) each.toggleAttribute('aria-current', false);
      }
      tab.setAttribute('aria-current', 'page');
      narrow({ mine: '', [tab.dataset.filter]: tab.dataset.value });
    });
  }
  filters.addEventListener('change', (event) => narrow({ [event.target.name]: event.target.value }));
  filters.addEventListener('submit', (event) => event.preventDefault());

  const saved = document.getElementById('saved');
  document.addEventListener('click', (event) => {
    if (saved?.open && !saved.contains(event.target)) saved.open = false;
  });
  saved?.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    saved.open = false;
    saved.querySelector('summary').focus();
  });

  const search = document.getElementById('search');
  const field = search.elements.text;
  let timer = 0;
  const run = () => {
    clearTimeout(timer);
    refresh.state.text = field.value.trim();
    refresh.load(false);
  };
  search.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
    document.getElementById('list').focus();
  });
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(run, 400);
  });
  keepUp();
}
