/** The places of a stage as they will stand, each a button: arrows choose, Shift and arrows size, Delete empties. */
import { element } from '../lib/dom.js';
import { addPlace, emptyCells, filmOf, grow, neighbour, placeAt, removePlace } from './model.js';

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** What a place shows, in a few words: [first line, second line]. */
export function placeWords(place, say, presets) {
  const study = place.study === 'prior' ? say('study_prior') : '';
  const film = filmOf(place);
  if (film) return [say(`view_${film}`), study];
  const asked = [place.orientation && say(`plane_${place.orientation}`), place.modality, place.description && `“${place.description}”`].filter(Boolean);
  const nth = place.nth > 1 ? say('series_nth', { n: place.nth }) : '';
  const preset = presets.find((one) => one.name === place.window.preset);
  const { width, level } = place.window;
  const window = preset?.label ?? place.window.preset ?? (width ? `${width}/${level}` : '');
  return [[study, asked.join(', ') || nth || say('series_opening'), asked.length ? nth : ''].filter(Boolean).join(' · '), window];
}

/**
 * `stage`, `cell`: what is shown and chosen. `choose(cell)`; `change(stage → stage, {cell})`, null where nothing may be
 * changed.
 */
export function drawGrid({ stage, kind, cell, presets, say, choose, change }) {
  const root = element('div', { class: 'layout-grid', role: 'group', 'aria-label': say('grid'), 'aria-describedby': 'grid-keys' });
  root.style.gridTemplateRows = `repeat(${stage.rows}, minmax(0, 1fr))`;
  root.style.gridTemplateColumns = `repeat(${stage.columns}, minmax(0, 1fr))`;
  const chosen = placeAt(stage, cell.row, cell.column);
  for (const place of stage.places) {
    const [first, second] = placeWords(place, say, presets);
    const where = say('place_at', { row: place.row, column: place.column });
    const node = cellButton(place, place === chosen, () => choose(place), `place${place.study === 'prior' ? ' prior' : ''}`);
    node.setAttribute('aria-label', [first, second, where].filter(Boolean).join(', '));
    node.append(element('span', { text: first }), element('span', { class: 'second', text: second }));
    root.append(node);
  }
  for (const empty of emptyCells(stage)) {
    const on = !chosen && empty.row === cell.row && empty.column === cell.column;
    const node = cellButton({ ...empty, rows: 1, columns: 1 }, on, () => (change ? change((now) => addPlace(kind, now, empty.row, empty.column), { cell: empty }) : choose(empty)), 'empty');
    node.setAttribute('aria-label', say('place_empty', empty));
    node.textContent = '+';
    root.append(node);
  }
  root.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const remove = event.key === 'Delete' || event.key === 'Backspace';
    if (!arrow && !remove) return;
    event.preventDefault();
    if (arrow && !event.shiftKey) choose(neighbour(stage, cell, ...arrow));
    else if (change && chosen) change((now) => (remove ? removePlace(now, chosen.name) : grow(now, chosen.name, ...arrow)), { cell });
  });
  return root;
}

/** One of them is in the order of Tab; the others are reached by arrows. */
function cellButton({ row, column, rows, columns }, on, run, kind) {
  const node = element('button', { type: 'button', class: kind, 'aria-pressed': String(on), tabindex: on ? '0' : '-1', data: { focus: on ? 'cell' : `cell-${row}-${column}`, cell: `${row}/${column}` }, onClick: run });
  node.style.gridArea = `${row} / ${column} / span ${rows} / span ${columns}`;
  return node;
}
