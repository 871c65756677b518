/** The layout that is chosen: its name, its stages, the grid of one stage and what its chosen place shows. */
import { element } from '../lib/dom.js';
import { button, number, select, text } from './fields.js';
import { drawGrid } from './grid.js';
import * as model from './model.js';

const FILMS = ['RCC', 'LCC', 'RMLO', 'LMLO'];
const PLANES = ['', 'axial', 'coronal', 'sagittal'];
const TYPED = { typed: true };
const USUAL_WINDOW = { width: 400, level: 40 };

/**
 * `page`: {say, kind: of kinds_json, layout: own or null for the department's, protocol, at: the stage, cell,
 * status: [words, whether it warns]}. `acts`: {rename, use, copy, remove, change(protocol → protocol, {at, cell, typed}),
 * look({at, cell})}. Whatever is pressed works on the layout as it is by then: a field tells of a change when it is left,
 * and what is pressed to leave it counts too.
 */
export function drawEditor(page, acts) {
  const { say, layout, protocol } = page;
  if (!protocol) return [head(page, acts), element('p', { class: 'notice', text: say('unusable') })];
  const stage = protocol.stages[page.at];
  const own = layout !== null;
  const { at } = page;
  const put = (change, look) => acts.change((all) => model.changeStage(all, at, change(all.stages[at])), look);
  put.whole = (change, to) => acts.change(change, { at: to, cell: { row: 1, column: 1 } });
  const grid = drawGrid({
    stage,
    kind: page.kind.kind,
    cell: page.cell,
    presets: page.kind.presets,
    say,
    choose: (cell) => acts.look({ at: page.at, cell }),
    change: own ? put : null,
  });
  const keys = element('p', { class: 'hint', id: 'grid-keys', text: say('grid_keys') });
  return [
    head(page, acts),
    own ? null : element('p', { class: 'hint', text: say('department_note') }),
    tabs(page, acts, own),
    stageSet(page, stage, put, own),
    element('div', { class: 'builder' }, element('div', {}, grid, own ? keys : null), placeSet(page, stage, put, own)),
  ].filter(Boolean);
}

function head({ say, layout, kind, status }, acts) {
  const [words, warns] = status;
  const said = element('span', { class: `state${warns ? ' late' : ''}`, role: 'status', data: { part: 'state' }, text: words });
  if (!layout) {
    const title = element('h2', { text: `${kind.label}: ${say('department_layout')}` });
    return element('div', { class: 'head' }, title, button(say('duplicate'), 'copy', acts.copy), said);
  }
  const use = element('input', { type: 'checkbox', checked: layout.chosen, data: { focus: 'use' }, disabled: !layout.protocol });
  use.addEventListener('change', () => acts.use(use.checked));
  const name = text(say('name'), 'name', layout.name, acts.rename, { longest: 60 });
  name.classList.add('name');
  return element(
    'div',
    { class: 'head' },
    name,
    element('label', { class: 'use' }, use, say('use')),
    element('span', { class: 'stage-acts' }, layout.protocol ? button(say('duplicate'), 'copy', acts.copy) : null, button(say('delete'), 'delete', acts.remove)),
    said,
  );
}

const labelOf = (stage, say, at) => (stage.label.startsWith('stage_') ? say(stage.label) : stage.label) || say('stage_n', { n: at + 1 });

function tabs({ say, protocol, at }, acts, own) {
  const nodes = protocol.stages.map((stage, index) =>
    element('button', {
      type: 'button',
      role: 'tab',
      text: `${index + 1} · ${labelOf(stage, say, index)}`,
      'aria-selected': String(index === at),
      tabindex: index === at ? '0' : '-1',
      data: { focus: index === at ? 'tab' : `tab-${index}`, stage: stage.name },
      onClick: () => acts.look({ at: index, cell: { row: 1, column: 1 } }),
    }),
  );
  const list = element('div', { role: 'tablist', 'aria-label': say('stages'), class: 'stage-list' }, ...nodes);
  list.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const to = at + by;
    if (!by || to < 0 || to >= protocol.stages.length) return;
    event.preventDefault();
    acts.look({ at: to, cell: { row: 1, column: 1 } });
  });
  const all = protocol.stages.length >= model.MOST_STAGES;
  const next = protocol.stages.length;
  const append = () => acts.change((whole) => model.addStage(whole, say('stage_n', { n: next + 1 })), { at: next, cell: { row: 1, column: 1 } });
  const add = button('+', 'stage-add', append, { 'aria-label': say('stage_add'), disabled: all });
  return element('div', { class: 'stage-tabs' }, list, own ? add : null);
}

function stageSet({ say, protocol, at, kind }, stage, put, own) {
  const sides = { least: 1, most: model.MOST_SIDES, disabled: !own };
  const off = { disabled: !own };
  const choices = (name, values) => values.map((value) => [value, say(`${name}_${value}`)]);
  const chosen = (name, values) => select(say(name), name, choices(name, values), stage[name], (value) => put((now) => ({ ...now, [name]: value })), off);
  const fields = [
    text(say('stage_name'), 'stage-name', labelOf(stage, say, at), (label) => put((now) => ({ ...now, label }), TYPED), { longest: 60, ...off }),
    number(say('rows'), 'rows', stage.rows, (rows) => put((now) => model.resize(now, rows, now.columns), TYPED), sides),
    number(say('columns'), 'columns', stage.columns, (columns) => put((now) => model.resize(now, now.rows, columns), TYPED), sides),
    kind.kind === 'mammography' ? chosen('scale', ['common', 'fit']) : chosen('link', ['position', 'none']),
    stage.places.some((place) => place.study === 'prior') ? chosen('without_prior', ['skip', 'collapse']) : null,
  ];
  return element('div', { class: 'stage-set' }, ...fields, own ? stageActs(say, protocol, at, put) : null);
}

function stageActs(say, protocol, at, put) {
  const { whole } = put;
  const move = (by) => whole((all) => model.moveStage(all, at, by), at + by);
  const left = button(say('stage_left'), 'stage-left', () => move(-1), { disabled: at === 0 });
  const right = button(say('stage_right'), 'stage-right', () => move(1), { disabled: at === protocol.stages.length - 1 });
  const copy = button(say('stage_copy'), 'stage-copy', () => whole((all) => model.copyStage(all, at), at + 1), { disabled: protocol.stages.length >= model.MOST_STAGES });
  const remove = button(say('stage_remove'), 'stage-remove', () => whole((all) => model.removeStage(all, at), Math.max(0, at - 1)), { disabled: protocol.stages.length < 2 });
  return element('div', { class: 'stage-acts' }, left, right, copy, remove);
}

function placeSet({ say, cell, kind }, stage, put, own) {
  const place = model.placeAt(stage, cell.row, cell.column);
  const title = element('h3', { text: place ? say('place_at', { row: place.row, column: place.column }) : say('place_empty', cell) });
  if (!place) {
    const fill = button(say('place_fill'), 'fill', () => put((now) => model.addPlace(kind.kind, now, cell.row, cell.column)));
    return element('div', { class: 'place-set' }, title, own ? element('div', { class: 'place-acts' }, fill) : null);
  }
  const set = (change, look) => put((now) => model.changePlace(now, place.name, change), look);
  const off = { disabled: !own };
  const studies = [['current', say('study_current')], ['prior', say('study_prior')]];
  const study = select(say('study'), 'study', studies, place.study, (value) => set({ study: value }), off);
  const shown = kind.kind === 'mammography' && model.filmOf(place) ? [view(say, place, set, off)] : series(say, place, set, off, kind.presets);
  return element('div', { class: 'place-set' }, title, study, ...shown, own ? sizeActs(say, stage, place, put) : null);
}

const view = (say, place, set, off) =>
  select(say('view'), 'view', FILMS.map((name) => [name, say(`view_${name}`)]), model.filmOf(place), (name) => set(model.asFilm(name)), off);

function series(say, place, set, off, presets) {
  const planes = PLANES.map((name) => [name, say(`plane_${name || 'any'}`)]);
  return [
    select(say('plane'), 'plane', planes, place.orientation, (orientation) => set({ orientation }), off),
    text(say('description'), 'description', place.description, (description) => set({ description }, TYPED), { longest: 256, ...off }),
    text(say('modality'), 'modality', place.modality, (modality) => set({ modality: modality.toUpperCase() }, TYPED), { longest: 16, ...off }),
    number(say('nth'), 'nth', place.nth, (nth) => set({ nth }, TYPED), { least: 1, most: 99, ...off }),
    ...windows(say, place, set, off, presets),
  ];
}

function windows(say, place, set, off, presets) {
  const { window } = place;
  let own = window;
  const named = window.preset && !presets.some((one) => one.name === window.preset) ? [[window.preset, window.preset]] : [];
  const choices = [['', say('window_opening')], ...presets.map((one) => [one.name, one.label]), ...named, ['=', say('window_own')]];
  const value = window.width ? '=' : (window.preset ?? '');
  const take = (name) => set({ window: name === '=' ? USUAL_WINDOW : name ? { preset: name } : {} });
  const chosen = select(say('window'), 'window', choices, value, take, off);
  if (!window.width) return [chosen];
  // Width and level may both be changed before the page is drawn anew.
  const size = (change) => {
    own = { ...own, ...change };
    set({ window: own }, TYPED);
  };
  const width = number(say('width'), 'width', window.width, (wide) => size({ width: wide }), { least: 1, most: 100000, ...off });
  const level = number(say('level'), 'level', window.level, (at) => size({ level: at }), { least: -100000, most: 100000, ...off });
  return [chosen, width, level];
}

function sizeActs(say, stage, place, put) {
  const sized = (word, rows, columns) => {
    const free = model.grow(stage, place.name, rows, columns) !== stage;
    return button(say(word), word, () => put((now) => model.grow(now, place.name, rows, columns)), { disabled: !free });
  };
  const remove = button(say('place_remove'), 'place-remove', () => put((now) => model.removePlace(now, place.name)), { disabled: stage.places.length < 2, title: stage.places.length < 2 ? say('last_place') : null });
  return element('div', { class: 'place-acts' }, sized('wider', 0, 1), sized('narrower', 0, -1), sized('taller', 1, 0), sized('shorter', -1, 0), remove);
}
