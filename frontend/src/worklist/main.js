/** The worklist page: keyboard, filters, search, and a list that stays live without losing one's place. */
import { startFilters } from './filters.js';
import { startKeys } from './keys.js';
import { startPlace } from './place.js';
import { startRefresh } from './refresh.js';

const list = document.getElementById('list');
if (list) {
  const place = startPlace(list, document.getElementById('why'));
  const refresh = startRefresh(list, place);
  startFilters(refresh);
  startKeys(place);
  document.documentElement.dataset.worklist = 'ready';
}
