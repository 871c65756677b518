/** Lesions of two dates: proposed pairs, which the reader confirms or rejects, and pairs of the reader's own. */
import { element } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { clock } from '../lib/words.js';
import { keyOf } from '../lib/keymap.js';
import { isGone } from '../report/findings.js';

/** Says one word of a pair to the server. Resolves to "" or to what went wrong. */
async function judge(hanging, say, { finding, prior }, verdict) {
  try {
    const { pairs } = await postJson(hanging.prior.match, { finding, prior_finding: prior, verdict });
    hanging.prior.pairs = pairs;
    return '';
  } catch (error) {
    if (error.body?.pairs) hanging.prior.pairs = error.body.pairs;
    return say('pair_failed', { detail: error.message });
  }
}

const day = (iso) => `${iso.slice(0, 10)} ${clock(iso).slice(0, 5)}`;

function stateWords(pair, say) {
  if (pair.state === 'proposed') return say(`pair_proposed_${pair.basis}`);
  return say(`pair_${pair.state}`, { who: pair.by, time: day(pair.at) });
}

const MOST_ROWS = 4;

/** Draws the pairs into `root` and the choice of an own pair into `matcher`; returns the function that draws anew. */
export function drawPairs(root, matcher, { hanging, viewer, say, selection }) {
  let failure = '';
  // The room for the pairs is taken when the earlier study comes and stays as it is: the images below never move.
  let room = { prior: null, rows: 0 };
  const keep = async (pair, verdict) => {
    failure = await judge(hanging, say, pair, verdict);
    hanging.tell();
    // What grew, and so the category, rests on which lesions are one.
    if (!failure) document.dispatchEvent(new CustomEvent('pair-judged'));
  };
  const row = (pair) => {
    const acts = [];
    const key = (name) => (pair.finding === selection.key ? keyOf(name) : '');
    const add = (verdict, word, name) => {
      const node = element('button', { type: 'button', data: { verdict, of: pair.finding } }, element('span', { text: say(word) }));
      if (key(name)) node.append(element('kbd', { text: key(name) }));
      node.addEventListener('click', () => keep(pair, verdict));
      acts.push(node);
    };
    if (hanging.room.can.edit) {
      if (pair.state !== 'confirmed') add('confirmed', 'pair_confirm', 'confirm-match');
      if (pair.state !== 'rejected') add('rejected', 'pair_reject', 'reject-match');
    }
    const numbers = element('button', { type: 'button', class: 'who', text: `${pair.number} ↔ P${pair.prior_number}` });
    numbers.addEventListener('click', () => selection.choose(pair.finding, 'list'));
    return element(
      'li',
      { class: `${pair.state}${pair.finding === selection.key ? ' on' : ''}`, data: { pair: pair.finding, state: pair.state } },
      numbers,
      element('span', { class: 'words', text: pair.words }),
      element('span', { class: 'state', text: stateWords(pair, say) }),
      element('span', { class: 'acts' }, ...acts),
    );
  };
  const own = () => {
    const finding = viewer.findings.find((one) => one.key === selection.key && !isGone(one));
    const taken = new Set(hanging.prior.pairs.filter((pair) => pair.state !== 'rejected').map((pair) => pair.prior));
    const free = hanging.prior.findings.filter((one) => !isGone(one) && !taken.has(one.key));
    if (!hanging.room.can.edit || !finding || hanging.pairOf(finding.key) || !free.length) return [];
    const label = say('pair_with', { n: finding.number });
    const select = element('select', { 'aria-label': label, data: { matchWith: finding.key } }, element('option', { value: '', text: label }));
    for (const one of free) {
      const text = [say('prior_finding', { n: one.number, date: hanging.prior.date }), one.location, one.size_mm ? `${one.size_mm.toFixed(1)} mm` : ''];
      select.append(element('option', { value: one.key, text: text.filter(Boolean).join(', ') }));
    }
    select.addEventListener('change', () => select.value && keep({ finding: finding.key, prior: select.value }, 'confirmed'));
    return [select];
  };
  const write = () => {
    const shown = hanging.shownPrior && hanging.prior;
    const rows = shown ? hanging.prior.pairs.map(row) : [];
    if (failure && shown) rows.unshift(element('li', { class: 'late', role: 'alert', text: failure }));
    root.replaceChildren(...rows);
    matcher.replaceChildren(...(shown ? own() : []));
    if (!shown) room = { prior: null, rows: 0 };
    else if (room.prior !== hanging.prior.uid) room = { prior: hanging.prior.uid, rows: Math.min(MOST_ROWS, possible()) };
    root.hidden = room.rows === 0;
    root.style.height = `calc(${room.rows} * 27px * var(--scale))`;
  };
  /** How many lesions may have a pair, the reader's next finding among them, and at least those that have one. */
  const possible = () => Math.max(hanging.prior.pairs.length, Math.min(viewer.findings.length || 1, hanging.prior.findings.length));
  selection.listen(write);
  hanging.judgeChosen = (verdict) => {
    const pair = hanging.shownPrior && hanging.prior?.pairs.find((one) => one.finding === selection.key);
    if (pair && hanging.room.can.edit && pair.state !== verdict) keep(pair, verdict);
  };
  return write;
}
