/**
 * Fetches the rows again every few seconds, while the page is seen, and puts them in place quietly. `announce(text)`
 * tells it politely; `drawn()` is called when new rows stand, and gives what else there is to tell.
 */
export function startRefresh(list, place, { announce, drawn }) {
  const summary = document.getElementById('summary');
  const token = () => document.querySelector('#search [name=csrfmiddlewaretoken]').value;
  const state = { query: new URLSearchParams(location.search), text: '', running: null };
  let lastGood = new Date();

  function counts() {
    for (const entry of list.querySelectorAll('[data-counts] i')) {
      const shown = document.querySelector(`.controls [data-count="${entry.dataset.name}"]`);
      if (!shown) continue;
      const { label } = shown.dataset;
      shown.textContent = label ? `${label} · ${entry.textContent}` : entry.textContent;
      shown.classList.toggle('none', entry.textContent === '0');
    }
    summary.textContent = list.querySelector('[data-summary]')?.textContent ?? '';
  }

  function put(html) {
    const before = new Set(place.keys());
    const known = new Set(place.rows().map((row) => row.dataset.news));
    const top = list.scrollTop;
    const anchor = place.row()?.offsetTop;
    list.innerHTML = html;
    place.show();
    const now = place.row()?.offsetTop;
    list.scrollTop = top + (anchor !== undefined && now !== undefined && top > 0 ? now - anchor : 0);
    const arrived = place.rows().filter((row) => before.size && !before.has(row.dataset.key));
    for (const row of arrived) row.classList.add('arrived');
    counts();
    const more = drawn();
    // News of a row that stood there before: late images, a new prior, an answer.
    const news = place.rows().filter((row) => before.has(row.dataset.key) && row.dataset.news && !known.has(row.dataset.news));
    return { arrived: arrived.length, news: [more, ...news.map((row) => row.dataset.news)].filter(Boolean) };
  }

  async function load(live) {
    state.running?.abort();
    const control = new AbortController();
    state.running = control;
    const body = new URLSearchParams(state.query);
    const options = { signal: control.signal, headers: { Accept: 'text/html' } };
    let url = `${list.dataset.rowsUrl}?${body}`;
    if (state.text) {
      body.set('text', state.text);
      if (live) body.set('refresh', '1');
      url = list.dataset.searchUrl;
      Object.assign(options, { method: 'POST', body, headers: { ...options.headers, 'X-CSRFToken': token() } });
    }
    try {
      const answer = await fetch(url, options);
      if (answer.redirected || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = put(await answer.text());
      lastGood = new Date();
      const words = fresh.arrived ? [`${fresh.arrived} ${list.dataset.textNew}.`] : [];
      if (live) announce([...fresh.news, ...words].join(' '));
    } catch (error) {
      if (error.name === 'AbortError') return undefined;
      announce(`${list.dataset.textOffline} ${lastGood.toLocaleTimeString()}`);
    }
    return undefined;
  }

  const every = Number(list.dataset.refreshSeconds) * 1000;
  setInterval(() => {
    if (document.visibilityState === 'visible') load(true);
  }, every);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') load(true);
  });
  list.addEventListener('click', (event) => {
    const more = event.target.closest('[data-more]');
    if (!more) return;
    state.query.set('shown', String(Number(more.dataset.more) + 50));
    load(false);
  });
  counts();
  return {
    state,
    load,
    narrow(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (value) state.query.set(name, value);
        else state.query.delete(name);
      }
      state.query.delete('nothing');
      history.replaceState(null, '', state.query.size ? `?${state.query}` : location.pathname);
      return load(false);
    },
  };
}
