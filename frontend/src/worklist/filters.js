/** Programme tabs, selects and the search field. The searched text never enters the address. */
export function startFilters(refresh) {
  const tabs = [...document.querySelectorAll('[data-filter]')];
  for (const tab of tabs) {
    tab.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      for (const each of tabs) each.toggleAttribute('aria-current', false);
      tab.setAttribute('aria-current', 'page');
      const mine = tab.dataset.filter === 'mine';
      refresh.narrow({ mine: mine ? '1' : '', programme: mine ? '' : tab.dataset.value });
    });
  }
  const filters = document.getElementById('filters');
  filters.addEventListener('change', (event) => refresh.narrow({ [event.target.name]: event.target.value }));
  filters.addEventListener('submit', (event) => event.preventDefault());

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
}
