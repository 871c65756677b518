/** Asks what changed while the page is open: often while something is awaited, seldom otherwise. */
import { getJson } from '../lib/http.js';

const SOON_MS = 3000;
const SELDOM_MS = 15000;

/** `waiting()` → true while an AI result or a draft is due. `news(state)` gets each answer. */
export function poll({ url, waiting, news, get = getJson }) {
  let stopped = false;
  const again = () => {
    if (!stopped) setTimeout(ask, waiting() ? SOON_MS : SELDOM_MS);
  };
  const ask = async () => {
    if (stopped) return;
    if (document.hidden) {
      again();
      return;
    }
    try {
      const state = await get(url);
      news(state);
      document.dispatchEvent(new CustomEvent('room-state', { detail: state }));
    } catch {
      // The next question will tell; saving says it when the network is away.
    }
    again();
  };
  again();
  return () => {
    stopped = true;
  };
}

/** The page's data as the server would write it now, out of the page itself. */
export async function freshRoom(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return JSON.parse(page.getElementById('room').textContent);
}
