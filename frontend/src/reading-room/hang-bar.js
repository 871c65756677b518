/** The bar above the images: the stage of the hanging protocol, the reader's own layout, the patient's studies. */
import { element } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { keyOf } from '../lib/keymap.js';
import { menu } from './menu.js';
import { drawPairs } from './pairs.js';
import { stackTools } from './stack-tools.js';

const GRIDS = [[1, 1], [1, 2], [2, 1], [1, 3], [2, 2], [2, 3]];
/** As many of the newest stand in the bar: on a narrow screen, on a wide one. */
const ALWAYS_SHOWN = 2;
const SHOWN = 4;

function button(label, name, data = {}) {
  const node = element('button', { type: 'button', data }, element('span', { text: label }));
  const key = name ? keyOf(name) : '';
  if (key) node.append(element('kbd', { text: key }));
  return node;
}

function act(node, run) {
  node.addEventListener('click', () => {
    run();
    node.blur();
  });
  return node;
}

/** The span between two studies in the unit that says most. */
export function agoWords(days, say) {
  if (days < 60) return say('ago_days', { n: days });
  if (days < 720) return say('ago_months', { n: Math.round(days / 30.44) });
  return say('ago_years', { n: (days / 365.25).toFixed(1) });
}

export function drawHangBar(root, { hanging, viewer, say, selection }) {
  const stage = element('span', { class: 'now', data: { part: 'stage-name' } });
  const back = act(button('‹', 'previous-stage', { stageStep: '-1' }), () => hanging.step(-1));
  const on = act(button('›', 'next-stage', { stageStep: '1' }), () => hanging.step(1));
  back.setAttribute('aria-label', say('stage_previous'));
  on.setAttribute('aria-label', say('stage_next'));
  const layout = layouts(hanging, say);
  const link = act(button(say('linked'), 'link', { link: '', minor: '' }), () => hanging.toggleLink());
  const prior = act(button(say('prior_beside'), 'prior', { prior: '' }), () => hanging.togglePrior());
  const timeline = element('ol', { class: 'timeline', 'aria-label': say('timeline') });
  const words = element('span', { role: 'status' });
  const matcher = element('span', { class: 'matcher' });
  const said = element('div', { class: 'said', hidden: true }, words, matcher);
  const pairs = element('ul', { class: 'pairs', 'aria-label': say('pairs'), hidden: true });
  const bar = element('div', { class: 'bar' }, back, stage, on, layout.button, ...stackTools(viewer, say), link, timeline, prior, layout.panel);
  root.replaceChildren(bar, said, pairs);
  const drawn = drawPairs(pairs, matcher, { hanging, viewer, say, selection });
  const write = () => {
    writeStage(stage, hanging, say);
    back.disabled = hanging.at === 0;
    on.disabled = hanging.at >= hanging.stages.length - 1;
    link.hidden = !hanging.shownPrior || hanging.plan.link !== 'position';
    link.setAttribute('aria-pressed', String(hanging.linked));
    prior.setAttribute('aria-pressed', String(hanging.shownPrior));
    prior.disabled = !hanging.chosen;
    writeTimeline(timeline, hanging, say);
    const [sentence, warn, passing] = saidOf(hanging, say, layout.said());
    const report = hanging.shownPrior ? hanging.prior?.report : null;
    const reported = report ? [' ', element('a', { href: report, target: '_blank', rel: 'noopener', text: say('prior_report', { date: hanging.prior.date }) })] : [];
    words.replaceChildren(sentence, ...reported);
    // Beside an earlier study the line stands whether it says something or not; what only passes lies over the images.
    said.hidden = !sentence && !hanging.shownPrior;
    said.classList.toggle('passing', passing && !hanging.shownPrior);
    said.classList.toggle('warn', warn);
    drawn();
  };
  layout.told(write);
  hanging.listen(write);
  write();
}

function writeStage(node, hanging, say) {
  const { plan } = hanging;
  if (!plan) return;
  // A layout of one's own may carry one's own words.
  const named = plan.label.startsWith('stage_') ? say(plan.label) : plan.label;
  const own = hanging.stages.every((stage) => stage.name !== plan.name);
  const count = own ? '' : `${hanging.at + 1}/${hanging.stages.length}`;
  node.replaceChildren(element('span', { text: named }), element('span', { class: 'of', text: count }));
}

function writeTimeline(root, hanging, say) {
  if (!hanging.timeline.length) {
    const none = hanging.room.priors.why_none || say('timeline_none');
    root.replaceChildren(element('li', { class: 'cut', text: none, title: none }));
    return;
  }
  const shown = hanging.timeline.slice(0, SHOWN).map((one, at) => {
    const node = element(
      'button',
      { type: 'button', data: { priorUid: one.uid }, title: [one.description, agoWords(one.days, say)].filter(Boolean).join(' · ') },
      element('span', { text: one.date }),
      element('span', { class: 'kind', text: one.modality }),
    );
    node.setAttribute('aria-pressed', String(hanging.shownPrior && hanging.prior?.uid === one.uid));
    return element('li', { class: at < ALWAYS_SHOWN ? '' : 'wide' }, act(node, () => hanging.choosePrior(one.uid)));
  });
  const items = shown.reverse();
  items.push(element('li', {}, element('span', { class: 'today', text: say('timeline_now') })));
  root.replaceChildren(...older(hanging, say), ...items);
}

/** Studies further back, behind one list. */
function older(hanging, say) {
  const rest = hanging.timeline.slice(ALWAYS_SHOWN);
  if (!rest.length) return [];
  const label = say('timeline_older', { count: rest.length });
  const select = element('select', { 'aria-label': label, data: { part: 'older' } }, element('option', { value: '', text: label }));
  for (const one of rest) {
    const text = [one.date, one.modality, one.description].filter(Boolean).join(' · ');
    select.append(element('option', { value: one.uid, text, selected: hanging.shownPrior && hanging.prior?.uid === one.uid }));
  }
  select.addEventListener('change', () => {
    if (select.value) hanging.choosePrior(select.value);
    select.blur();
  });
  return [element('li', {}, select)];
}

/** [what is to be said below the bar, whether it warns, whether it is of this moment rather than of how images hang]. */
function saidOf(hanging, say, kept) {
  if (hanging.loading) return [say('prior_loading'), false, true];
  if (hanging.failure) return [hanging.failure, true, true];
  if (kept) return [kept, false, true];
  if (hanging.plan?.notice) return [say(hanging.plan.notice), true, false];
  if (!hanging.shownPrior || hanging.plan.link !== 'position' || !hanging.how) return ['', false, false];
  const [key, values] = hanging.how;
  return [hanging.linked ? say(key, values) : say('unlinked'), false, false];
}

function layouts(hanging, say) {
  let words = hanging.room.hanging.own === 'unusable' ? say('layout_unusable') : '';
  let own = hanging.room.hanging.own === 'yes';
  const listeners = [];
  const tell = (text) => {
    words = text;
    listeners.forEach((listener) => listener());
  };
  const send = async (url, body, done, then) => {
    try {
      await postJson(url, body);
      own = then;
      tell(done);
    } catch (error) {
      tell(say('layout_failed', { detail: error.message }));
    }
  };
  const { save, reset, layouts: named, build } = hanging.room.hanging;
  const choices = named.map((one) =>
    act(button(one.name, '', { layoutId: one.id }), async () => {
      await send(one.act.replace('ACT', 'choose'), {}, say('layout_kept'), true);
      if (own) await hanging.take(one.protocol);
    }),
  );
  const builder = element('a', { href: build, class: 'button', text: say('layout_build'), data: { layout: 'build' } });
  const grids = GRIDS.map(([rows, columns]) =>
    act(button(say('layout_grid', { rows, columns }), '', { grid: `${rows}x${columns}` }), () => hanging.grid(rows, columns)),
  );
  const keep = act(button(say('layout_keep'), '', { layout: 'keep' }), () =>
    send(save, hanging.asProtocol(), say('layout_kept'), true),
  );
  const back = act(button(say('layout_back'), '', { layout: 'back' }), async () => {
    await send(reset, {}, say('layout_is_back'), false);
    if (!own) hanging.back();
  });
  const { button: opener, panel } = menu(say('layout'), [...grids, keep, ...choices, back, builder], { menu: 'layout' });
  const light = () => {
    grids.forEach((node) => (node.hidden = hanging.mammography));
    keep.disabled = hanging.plan?.name === 'as-they-come';
    back.disabled = !own;
    opener.firstChild.textContent = own ? say('layout_own') : say('layout');
  };
  hanging.listen(light);
  listeners.push(light);
  light();
  return { button: opener, panel, said: () => words, told: (listener) => listeners.push(listener) };
}
