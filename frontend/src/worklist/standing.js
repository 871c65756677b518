/** The reading room's line about the session: where one stands, what is more urgent, what came in meanwhile. */
import { getJson } from '../lib/http.js';
import { pageKeymap } from '../lib/keymap.js';
import { sendSafely } from '../lib/leaving.js';
import { startLockOut } from '../lib/lockout.js';
import { startActs } from './acts.js';
import { News } from './news.js';

const EVERY_MS = 10000;
const root = document.getElementById('standing');
const piece = (name) => root.querySelector(`[data-standing=${name}]`);

startLockOut();
const acts = startActs(document.getElementById('acts'), { back: () => null });
const urgent = piece('urgent');
const news = new News();
/** The room's quiet line under the images. */
const line = document.querySelector('[data-part=room-news]');

function draw(state) {
  const session = piece('session');
  session.hidden = !state.session;
  session.textContent = state.session ? state.session.words || '○' : '';
  session.title = state.session?.title ?? '';
  session.setAttribute('aria-label', [state.session?.words, session.title].filter(Boolean).join(' · '));
  urgent.hidden = !state.urgent;
  if (state.urgent) {
    urgent.action = state.urgent.url;
    urgent.elements.site.value = state.urgent.site;
    const words = urgent.querySelector('[role=status]');
    const button = urgent.querySelector('button');
    button.title = `${state.urgent.words}. ${button.dataset.textTake}`;
    if (words.textContent !== state.urgent.short) words.textContent = state.urgent.short;
  }
  // In the room an earlier study is told with its date, by what places it on the timeline.
  const told = news.fresh(state.news.filter((item) => !(line && item.name.startsWith('prior-'))));
  if (told) (line ?? piece('news')).textContent = told;
}

async function look() {
  try {
    if (!document.hidden) draw(await getJson(root.dataset.url));
  } catch {
    // The next look will tell; saving says it when the network is away.
  }
  setTimeout(look, EVERY_MS);
}

const toggle = () => acts.toggle(root.dataset.acts);
piece('open').addEventListener('click', toggle);
sendSafely(urgent);
pageKeymap().bind({
  aside: toggle,
  urgent: () => urgent.hidden || urgent.requestSubmit(),
});
look();
