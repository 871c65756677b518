/**
 * Changes to a hanging protocol (reports/layouts/schema.py says its form), each giving a new one. Pure. What the
 * server would refuse never comes about: places stay inside their stage and apart, and a stage has one at least.
 */

export const MOST_SIDES = 4;
export const MOST_STAGES = 12;
const BLANK = { study: 'current', laterality: '', view: '', modality: '', description: '', orientation: '', nth: 1, window: {}, chest_wall: '' };
const FILMS = ['RCC', 'LCC', 'RMLO', 'LMLO'];

/** The name of a film's place, "RCC" …; '' for a stack. */
export const filmOf = (place) => (place.view ? `${place.laterality}${place.view}` : '');

/** The fields of a film. Its chest wall stands towards the other breast. */
export function asFilm(name) {
  const laterality = name.slice(0, 1);
  return { laterality, view: name.slice(1), chest_wall: laterality === 'R' ? 'right' : 'left' };
}

function freeName(prefix, taken) {
  let n = 1;
  while (taken.includes(`${prefix}-${n}`)) n += 1;
  return `${prefix}-${n}`;
}

function newPlace(kind, stage, row, column) {
  const name = freeName('place', stage.places.map((place) => place.name));
  const used = stage.places.map(filmOf);
  const film = kind === 'mammography' ? asFilm(FILMS.find((one) => !used.includes(one)) ?? FILMS[0]) : {};
  return { name, row, column, rows: 1, columns: 1, ...BLANK, ...film };
}

/** A stage of one place. `label`: the reader's own words for it. */
function newStage(kind, taken, label) {
  const films = kind === 'mammography';
  const how = { scale: films ? 'common' : 'fit', link: films ? 'none' : 'position', without_prior: films ? 'collapse' : 'skip' };
  const stage = { name: freeName('own', taken), label, rows: 1, columns: 1, ...how, places: [] };
  return { ...stage, places: [newPlace(kind, stage, 1, 1)] };
}

export function blank(kind, label) {
  return { schema: 1, kind, stages: [newStage(kind, [], label)] };
}

const names = (protocol) => protocol.stages.map((stage) => stage.name);

export function addStage(protocol, label) {
  if (protocol.stages.length >= MOST_STAGES) return protocol;
  return { ...protocol, stages: [...protocol.stages, newStage(protocol.kind, names(protocol), label)] };
}

export function copyStage(protocol, at) {
  if (protocol.stages.length >= MOST_STAGES) return protocol;
  const copy = { ...structuredClone(protocol.stages[at]), name: freeName('own', names(protocol)) };
  return { ...protocol, stages: protocol.stages.toSpliced(at + 1, 0, copy) };
}

export function removeStage(protocol, at) {
  return protocol.stages.length < 2 ? protocol : { ...protocol, stages: protocol.stages.toSpliced(at, 1) };
}

export function moveStage(protocol, at, by) {
  const to = at + by;
  if (to < 0 || to >= protocol.stages.length) return protocol;
  return { ...protocol, stages: protocol.stages.toSpliced(at, 1).toSpliced(to, 0, protocol.stages[at]) };
}

/** `change`: the stage that takes its place. */
export function changeStage(protocol, at, change) {
  return change === protocol.stages[at] ? protocol : { ...protocol, stages: protocol.stages.with(at, change) };
}

const covers = (place, row, column) =>
  row >= place.row && row < place.row + place.rows && column >= place.column && column < place.column + place.columns;

export const placeAt = (stage, row, column) => stage.places.find((place) => covers(place, row, column)) ?? null;

/** Every cell that no place covers, in reading order. */
export function emptyCells(stage) {
  const cells = [];
  for (let row = 1; row <= stage.rows; row += 1) {
    for (let column = 1; column <= stage.columns; column += 1) if (!placeAt(stage, row, column)) cells.push({ row, column });
  }
  return cells;
}

/** Another grid: places outside it go, those that reach over its edge are cut; one stays in any case. */
export function resize(stage, rows, columns) {
  const cut = (place) => ({ ...place, rows: Math.min(place.rows, rows - place.row + 1), columns: Math.min(place.columns, columns - place.column + 1) });
  const places = stage.places.filter((place) => place.row <= rows && place.column <= columns).map(cut);
  const kept = places.length ? places : [{ ...stage.places[0], row: 1, column: 1, rows: 1, columns: 1 }];
  return { ...stage, rows, columns, places: kept };
}

export function addPlace(kind, stage, row, column) {
  return placeAt(stage, row, column) || row > stage.rows || column > stage.columns ? stage : { ...stage, places: [...stage.places, newPlace(kind, stage, row, column)] };
}

export function removePlace(stage, name) {
  return stage.places.length < 2 ? stage : { ...stage, places: stage.places.filter((place) => place.name !== name) };
}

export function changePlace(stage, name, change) {
  return { ...stage, places: stage.places.map((place) => (place.name === name ? { ...place, ...change } : place)) };
}

const apart = (one, other) =>
  one.row + one.rows <= other.row || other.row + other.rows <= one.row || one.column + one.columns <= other.column || other.column + other.columns <= one.column;

/** Larger or smaller towards the right and below; the stage as it is where that is not free. */
export function grow(stage, name, rows, columns) {
  const place = stage.places.find((one) => one.name === name);
  const next = { ...place, rows: place.rows + rows, columns: place.columns + columns };
  const inside = next.rows > 0 && next.columns > 0 && next.row + next.rows - 1 <= stage.rows && next.column + next.columns - 1 <= stage.columns;
  const free = stage.places.every((one) => one === place || apart(one, next));
  return inside && free ? changePlace(stage, name, next) : stage;
}

/** The cell to which an arrow leads from the place or empty cell at `cell`; the same where the grid ends. */
export function neighbour(stage, { row, column }, down, right) {
  const place = placeAt(stage, row, column) ?? { row, column, rows: 1, columns: 1 };
  const to = {
    row: down > 0 ? place.row + place.rows : down < 0 ? place.row - 1 : row,
    column: right > 0 ? place.column + place.columns : right < 0 ? place.column - 1 : column,
  };
  if (to.row < 1 || to.row > stage.rows || to.column < 1 || to.column > stage.columns) return { row, column };
  const there = placeAt(stage, to.row, to.column);
  return there ? { row: there.row, column: there.column } : to;
}
