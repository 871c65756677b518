import assert from 'node:assert/strict';
import test from 'node:test';

import { asTheyCome, films, hangFilms, likest, otherImages, ownStage, planOf, usableStages } from '../../frontend/src/viewer/layout.js';
import { see, viewOf } from '../../frontend/src/viewer/together.js';
import { nearestAt, offsetAt, offsetOfMiddles, partner } from '../../frontend/src/viewer/linking.js';

const film = (laterality, view, more = {}) => ({
  laterality, view, plain: true, side_from: laterality ? 'tag' : '', frame: 1, spacing: [0.1, 0.1],
  sop_uid: `${laterality}${view}`, url: `/${laterality}${view}`, patient_orientation: [], ...more,
});
const study = (images, more = {}) => {
  const series = images.map((image) => ({ uid: image.sop_uid, modality: 'MG', description: '', images: [image] }));
  return { series, hung: hangFilms(films(series)), opening: 0, date: '2025-03-01', ...more };
};
const place = (name, study_ = 'current', more = {}) => ({
  name, row: 1, column: 1, rows: 1, columns: 1, study: study_, laterality: '', view: '', modality: '', description: '',
  orientation: '', nth: 1, window: {}, chest_wall: '', ...more,
});
const filmPlace = (side, view, row, column, of = 'current') =>
  place(`${of}-${side}${view}`, of, { row, column, laterality: side, view, chest_wall: side === 'R' ? 'right' : 'left' });
const overPrior = {
  name: 'cc-prior', label: 'stage_cc_prior', rows: 2, columns: 2, scale: 'common', link: 'none', without_prior: 'collapse',
  places: [filmPlace('R', 'CC', 1, 1), filmPlace('L', 'CC', 1, 2), filmPlace('R', 'CC', 2, 1, 'prior'), filmPlace('L', 'CC', 2, 2, 'prior')],
};

test('films hang in their places whatever the order in which they came', () => {
  const { hung } = study([film('L', 'MLO'), film('R', 'MLO'), film('L', 'CC'), film('R', 'CC')]);
  assert.deepEqual(Object.keys(hung), ['RCC', 'LCC', 'RMLO', 'LMLO']);
  assert.equal(hung.RCC.image.sop_uid, 'RCC');
});

test('of two films of one view the last hangs, as the model reads it, and the other is among the others', () => {
  const { series, hung } = study([film('R', 'CC', { sop_uid: 'first' }), film('R', 'CC', { sop_uid: 'again' }), film('L', 'ML')]);
  assert.equal(hung.RCC.image.sop_uid, 'again');
  assert.deepEqual(otherImages(series, hung).map((image) => image.sop_uid), ['first', 'LML']);
});

test('what is for processing or a modified view never takes a place', () => {
  assert.deepEqual(study([film('R', 'CC', { plain: false })]).hung, {});
});

test('a film without a side takes the place of its chest wall, and only where no other could', () => {
  const loose = (name, wall) => film('', 'CC', { sop_uid: name, patient_orientation: [wall, ''] });
  assert.deepEqual(study([loose('a', 'P'), loose('b', 'A')]).hung.RCC, { image: { ...loose('a', 'P'), series_uid: 'a' }, sure: false });
  assert.deepEqual(study([loose('a', 'P'), loose('b', 'P')]).hung, {});
  assert.equal(study([film('R', 'CC'), loose('b', 'P')]).hung.RCC.sure, true);
});

test('an empty place says which view is missing, and on which date', () => {
  const prior = study([film('R', 'CC')], { date: '2024-01-01' });
  const plan = planOf(overPrior, { current: study([film('L', 'CC')]), prior, presets: [] });
  assert.deepEqual(plan.places.map((one) => one.missing ?? one.title), [
    ['view_missing', { view: { say: 'view_RCC' } }],
    'L CC',
    'R CC',
    ['prior_view_missing', { view: { say: 'view_LCC' }, date: '2024-01-01' }],
  ]);
});

test('a side that is not tagged is said in its place', () => {
  const current = study([film('R', 'CC', { side_from: 'words' }), film('', 'CC', { sop_uid: 'b', patient_orientation: ['A', 'R'] })]);
  const [right, left] = planOf(overPrior, { current, prior: null, presets: [] }).places;
  assert.deepEqual([right.title, right.notes], ['R CC', ['side_from_words']]);
  // Which way up the image of an unknown breast belongs is not guessed.
  assert.deepEqual([left.title, left.notes, left.align], ['CC', ['side_not_given'], { side: 'L', view: '' }]);
});

test('films of which none says where it belongs hang as they come, four at most', () => {
  const stage = asTheyCome(Array.from({ length: 5 }, (_, at) => film('', '', { sop_uid: `${at}` })));
  assert.deepEqual([stage.rows, stage.columns, stage.places.length, stage.notice], [2, 2, 4, 'as_they_come']);
  assert.deepEqual(stage.places[3].align, { side: '', view: '' });
});

test('without an earlier study a stage keeps its current half, or is left out', () => {
  const [half, ...none] = usableStages([overPrior, { ...overPrior, without_prior: 'skip' }], false);
  assert.deepEqual([half.label, half.rows, half.columns, half.places.length], ['stage_cc', 1, 2, 2]);
  assert.equal(none.length, 0);
  assert.equal(usableStages([overPrior], true)[0], overPrior);
});

const stack = (description, count, more = {}) => ({
  uid: description, modality: 'CT', orientation: 'axial', localiser: false, description,
  images: Array.from({ length: count }, (_, at) => ({ url: `/${description}/${at}`, position_z: at * 2 })), ...more,
});

test('a place takes the series that fits its words, else it says that there is none', () => {
  const current = { series: [stack('Scout', 2, { localiser: true }), stack('Lung', 30), stack('Bone', 30)], hung: {}, opening: 1 };
  const show = (more) => planOf({ places: [place('main', 'current', more)] }, { current, prior: null, presets: [] }).places[0];
  assert.equal(show({}).title, 'Lung');
  assert.equal(show({ description: 'bone' }).title, 'Bone');
  assert.equal(show({ nth: 2 }).title, 'Bone');
  assert.deepEqual(show({ nth: 3 }).missing, ['no_second_series', {}]);
  assert.deepEqual(show({ description: 'angio' }).missing, ['no_such_series', { name: 'angio' }]);
});

test('beside the opening series stands the earlier one that is most like it', () => {
  const earlier = [stack('Lung', 10), stack('Soft', 60), stack('Lung', 20, { orientation: 'coronal' })];
  assert.equal(likest(earlier, stack('Lung', 30)), earlier[0]);
  assert.equal(likest(earlier, stack('Other', 30)), earlier[1]);
  assert.equal(likest([], stack('Lung', 30)), null);
});

test('a window of a place is that of its preset, of its numbers, or the first of the programme', () => {
  const current = { series: [stack('Lung', 3)], hung: {}, opening: 0 };
  const presets = [{ name: 'lung', width: 1500, level: -600 }, { name: 'bone', width: 2500, level: 480 }];
  const shown = (window) => planOf({ places: [place('main', 'current', { window })] }, { current, prior: null, presets }).places[0].window;
  assert.deepEqual(shown({ preset: 'bone' }), { width: 2500, level: 480 });
  assert.deepEqual(shown({ width: 5, level: 1 }), { width: 5, level: 1 });
  assert.deepEqual(shown({}), { width: 1500, level: -600 });
});

test('a grid of the reader has as many places as it says', () => {
  const stage = ownStage(2, 1, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  assert.deepEqual(stage.places.map((one) => [one.name, one.row, one.column]), [['a', 1, 1], ['b', 2, 1]]);
});

const slices = (from, step, count) => Array.from({ length: count }, (_, at) => ({ position_z: from + step * at }));

test('linked stacks go to the same position, whatever their spacing, by the offset at which they were linked', () => {
  const [thin, thick] = [slices(0, 1, 100), slices(500, 5, 20)];
  const offset = offsetAt(thin, 10, thick, 2);
  assert.equal(offset, 500);
  assert.equal(partner(thin, 51, thick, offset), 10);
  assert.equal(partner(thick, 10, thin, -offset), 50);
  assert.equal(partner(thin, 99, thick, offset), 19);
});

test('without positions stacks are linked by the share of the way', () => {
  const blind = Array.from({ length: 11 }, () => ({ position_z: null }));
  assert.equal(offsetAt(slices(0, 1, 5), 0, blind, 0), null);
  assert.equal(partner(slices(0, 1, 101), 50, blind, null), 5);
  assert.equal(nearestAt(blind, 3), -1);
});

test('two stacks of which nothing is known in common are linked by their middles', () => {
  assert.equal(offsetOfMiddles(slices(0, 1, 11), slices(100, 2, 11)), 105);
  assert.equal(offsetOfMiddles(slices(0, 1, 11), [{ position_z: null }]), null);
});

const paneAt = ({ focal, scale, origin = [0, 0, 0], fov = 400, height = 800 }) => {
  const camera = { focalPoint: focal, position: [focal[0], focal[1], -100], parallelScale: scale };
  const data = { origin, spacing: [1, 1], dimensions: [fov, fov], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  return {
    size: { height },
    viewport: { getImageData: () => data, getCamera: () => camera, setCamera: (values) => Object.assign(camera, values) },
  };
};

test('of two stacks that are compared the second shows the same part at the same scale, on another table', () => {
  const now = paneAt({ focal: [210, 190, 0], scale: 100 });
  const then = paneAt({ focal: [650, 1150, -400], scale: 150, origin: [500, 1000, -400], fov: 300, height: 400 });
  assert.deepEqual(viewOf(now), { perPixel: 0.25, across: 10, down: -10 });
  assert.equal(see(then, viewOf(now)), true);
  assert.deepEqual(viewOf(then), viewOf(now));
  assert.deepEqual(then.viewport.getCamera(), { focalPoint: [660, 1140, -400], position: [660, 1140, -100], parallelScale: 50 });
  assert.equal(see(then, viewOf(now)), false);
});
