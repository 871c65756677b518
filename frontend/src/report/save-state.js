/** The line that says how the report's saving stands. */
import { element } from '../lib/dom.js';
import { clock } from '../lib/words.js';

const PLAIN = { unsaved: 'unsaved', saving: 'saving', offline: 'save_offline', conflict: 'save_conflict' };
const LATE = ['conflict', 'invalid', 'refused', 'ended'];

/** `status`: where it stands. `saver`: the report's. */
export function drawSaveState(status, saver, say) {
  const { state, savedAt, detail } = saver;
  if (state === 'ended') {
    const url = `${saver.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    status.replaceChildren(say('save_ended'), ' ', element('a', { href: url, text: say('save_sign_in') }));
  } else if (['invalid', 'refused'].includes(state)) {
    status.textContent = detail ? say('save_refused', { detail }) : say('save_no_answer');
  } else if (PLAIN[state]) {
    status.textContent = say(PLAIN[state]);
  } else {
    status.textContent = savedAt ? say('saved_at', { time: clock(savedAt) }) : '';
  }
  status.classList.toggle('late', LATE.includes(state));
}
