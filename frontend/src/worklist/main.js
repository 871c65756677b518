/** The worklist page: keyboard, filters, search, and a list that stays live without losing one's place. */
import { fetchAhead } from '../viewer/ahead.js';
import { startActs } from './acts.js';
import { startFilters } from './filters.js';
import { startKeys } from './keys.js';
import { startPlace } from './place.js';
import { startRefresh } from './refresh.js';
import { startSession } from './session.js';

const list = document.getElementById('list');
if (list) {
  const status = document.getElementById('announce');
  const announce = (text) => {
    status.textContent = text;
  };
  const acts = startActs(document.getElementById('acts'), { back: () => location.search });
  const place = startPlace(list, document.getElementById('why'), { moved: () => acts.close() });
  const session = startSession(document.getElementById('session'), list);
  const refresh = startRefresh(list, place, { announce, drawn: () => session.draw() });
  startFilters(refresh);
  startKeys({ place, acts, session });
  document.getElementById('why').addEventListener('click', (event) => {
    const button = event.target.closest('[data-acts]');
    if (button) acts.toggle(button.dataset.acts);
  });
  document.documentElement.dataset.worklist = 'ready';
  if (list.dataset.upcoming) fetchAhead({ url: list.dataset.upcoming });
}
