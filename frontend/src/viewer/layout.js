/**
 * From a stage of a hanging protocol (reports/layouts/schema.py says what its fields mean) and the series at hand
 * to a plan: which images stand in which place, and what is said where none does. Pure.
 */

/** The four films of a screening mammogram, by the names of their places. */
export const FILMS = [
  { side: 'R', view: 'CC', wall: 'right' },
  { side: 'L', view: 'CC', wall: 'left' },
  { side: 'R', view: 'MLO', wall: 'right' },
  { side: 'L', view: 'MLO', wall: 'left' },
];
const MOST_AS_THEY_COME = 4;

export const isOfPrior = (stage) => stage.places.some((place) => place.study === 'prior');

/** The stages that can be shown: without an earlier study some are left out, others keep their current half. */
export function usableStages(stages, hasPrior) {
  return stages.flatMap((stage) => {
    if (hasPrior || !isOfPrior(stage)) return [stage];
    return stage.without_prior === 'collapse' ? [withoutPrior(stage)] : [];
  });
}

function withoutPrior(stage) {
  const places = stage.places.filter((place) => place.study === 'current');
  const used = (first, span) => {
    const taken = new Set(places.flatMap((place) => range(place[first], place[span])));
    return [...taken].sort((a, b) => a - b);
  };
  const [rows, columns] = [used('row', 'rows'), used('column', 'columns')];
  return {
    ...stage,
    label: stage.label.replace(/^(stage_.*)_prior$/, '$1'),
    rows: rows.length,
    columns: columns.length,
    places: places.map((place) => ({ ...place, row: rows.indexOf(place.row) + 1, column: columns.indexOf(place.column) + 1 })),
  };
}

const range = (from, count) => Array.from({ length: count }, (_, step) => from + step);

/** Every image that may hang as a film, in the order of the page. */
export function films(series) {
  return series.flatMap((one) => one.images.filter((image) => image.plain).map((image) => ({ ...image, series_uid: one.uid })));
}

/** At which edge the chest wall of an image as stored stands, by PatientOrientation (PS3.3 C.7.6.1.1.1). */
export function storedWall(image) {
  const row = String(image.patient_orientation?.[0] ?? '').toUpperCase();
  if (row.startsWith('P')) return 'right';
  return row.startsWith('A') ? 'left' : '';
}

/**
 * The film of each of the four places, by name: {RCC: {image, sure}, …}; without an image there is no entry.
 * Of several the last counts, as it does for the model. An image that gives its view but not its side takes the
 * place at which its chest wall stands, when that is free and no other could: `sure` is then false.
 */
export function hangFilms(images) {
  const hung = {};
  for (const { side, view } of FILMS) {
    const image = images.findLast((one) => one.laterality === side && one.view === view);
    if (image) hung[`${side}${view}`] = { image, sure: true };
  }
  for (const { side, view, wall } of FILMS) {
    const name = `${side}${view}`;
    const fitting = images.filter((one) => !one.laterality && one.view === view && storedWall(one) === wall);
    if (!hung[name] && fitting.length === 1) hung[name] = { image: fitting[0], sure: false };
  }
  return hung;
}

/** Images of the page that hang in none of the four places, every frame of them. */
export function otherImages(series, hung) {
  const placed = new Set(Object.values(hung).map(({ image }) => image.sop_uid));
  return series.flatMap((one) => one.images.filter((image) => !placed.has(image.sop_uid)));
}

/** What a place shows: {images, index, title, …} or {missing: [key, values]}. */
function filmOf(place, study, counts) {
  const name = `${place.laterality}${place.view}`;
  const view = { say: `view_${name}` };
  const found = study?.hung[name];
  if (!found && place.study === 'prior') {
    return { missing: study ? ['prior_view_missing', { view, date: study.date }] : ['no_prior_here', {}] };
  }
  if (!found) return { missing: counts.unplaced ? ['unplaced', { view, count: counts.unplaced }] : ['view_missing', { view }] };
  const { image, sure } = found;
  const notes = [];
  if (!sure) notes.push('side_not_given');
  else if (image.side_from === 'words' || image.side_from === 'orientation') notes.push(`side_from_${image.side_from}`);
  if (!image.spacing) notes.push('no_spacing');
  return {
    images: [image],
    index: 0,
    title: sure ? `${image.laterality} ${image.view}` : image.view,
    align: { side: place.chest_wall === 'left' ? 'L' : 'R', view: sure ? image.view : '' },
    notes,
  };
}

const fits = (place) => (series) =>
  (!place.modality || series.modality === place.modality) &&
  (!place.description || series.description.toLowerCase().includes(place.description.toLowerCase())) &&
  (!place.orientation || series.orientation === place.orientation);

/** The earlier series that is most like `model`: same kind and plane, then same name, then the longest. */
export function likest(series, model) {
  const points = (one) => [
    Number(one.modality === model?.modality && one.orientation === model?.orientation && !one.localiser),
    Number(one.description === model?.description),
    one.images.length,
  ];
  const better = (a, b) => {
    const [left, right] = [points(a), points(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at >= 0 && left[at] > right[at];
  };
  return series.reduce((best, one) => (best && !better(one, best) ? best : one), null);
}

function stackOf(place, study, current) {
  const asked = place.modality || place.description || place.orientation;
  if (!study) return { missing: ['no_prior_here', {}] };
  const { series } = study;
  let candidates = series.filter(fits(place));
  if (!asked) {
    const first = place.study === 'prior' ? likest(series, current.series[current.opening]) : series[study.opening];
    candidates = [first, ...series.filter((one) => one !== first && !one.localiser)].filter(Boolean);
  }
  const chosen = candidates[place.nth - 1];
  if (!chosen) {
    return { missing: asked ? ['no_such_series', { name: place.description || place.orientation || place.modality }] : ['no_second_series', {}] };
  }
  return { images: chosen.images, series: series.indexOf(chosen), modality: chosen.modality, title: chosen.description || chosen.modality, notes: [] };
}

/**
 * The plan of a stage. `current` and `prior`: {series, hung, opening, date}; prior null where there is none.
 * `presets`: the windows of the programme. Places carry: name, row, column, rows, columns, study and either what
 * they show or what is missing.
 */
export function planOf(stage, { current, prior, presets }) {
  const placed = new Set(Object.values(current.hung).map(({ image }) => image.sop_uid));
  const unplaced = films(current.series).filter((image) => !placed.has(image.sop_uid) && !(image.laterality && image.view)).length;
  const places = stage.places.map((place) => {
    const study = place.study === 'prior' ? prior : current;
    const shown = place.view ? filmOf(place, study, { unplaced }) : stackOf(place, study, current);
    return { ...place, ...shown, window: windowFor(place, shown, presets) };
  });
  return { ...stage, places, notice: '' };
}

function windowFor({ window }, shown, presets) {
  const named = presets.find((preset) => preset.name === window.preset);
  if (named) return { width: named.width, level: named.level };
  if (window.width) return window;
  return shown.modality === 'CT' && presets.length ? { width: presets[0].width, level: presets[0].level } : null;
}

/** Films of which none says where it belongs: side by side, at one scale, as the files have them. */
export function asTheyCome(images) {
  const shown = images.slice(0, MOST_AS_THEY_COME);
  const columns = Math.min(2, shown.length);
  const places = shown.map((image, at) => ({
    name: `film-${at + 1}`,
    row: Math.floor(at / columns) + 1,
    column: (at % columns) + 1,
    rows: 1,
    columns: 1,
    study: 'current',
    chest_wall: '',
    images: [image],
    index: 0,
    title: [image.laterality, image.view].filter(Boolean).join(' '),
    align: { side: '', view: '' },
    notes: image.spacing ? [] : ['no_spacing'],
    window: null,
  }));
  return {
    name: 'as-they-come',
    label: 'stage_as_they_come',
    rows: Math.ceil(shown.length / columns),
    columns,
    scale: 'common',
    link: 'none',
    notice: 'as_they_come',
    places,
  };
}

/** A stage with `rows` × `columns` places as a reader set them: `shown` says what stands in each, in reading order. */
export function ownStage(rows, columns, shown) {
  const places = shown.slice(0, rows * columns).map((place, at) => ({
    name: `place-${at + 1}`,
    row: Math.floor(at / columns) + 1,
    column: (at % columns) + 1,
    rows: 1,
    columns: 1,
    study: 'current',
    laterality: '',
    view: '',
    modality: '',
    description: '',
    orientation: '',
    nth: 1,
    window: {},
    chest_wall: '',
    ...place,
  }));
  return { name: 'own', label: 'stage_own', rows, columns, scale: 'fit', link: 'position', without_prior: 'skip', places };
}
