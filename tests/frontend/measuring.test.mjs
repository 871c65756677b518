/** Measures on their way to the server, and in words. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { HttpError, Offline } from '../../frontend/src/lib/http.js';
import { fill } from '../../frontend/src/lib/words.js';
import { issuesOf } from '../../frontend/src/report/issues.js';
import { measuredText, placeWords, sentenceOf, tellsOtherwise } from '../../frontend/src/report/measure-words.js';
import { ReportModel } from '../../frontend/src/report/model.js';
import { MeasureQueue } from '../../frontend/src/viewer/measure-queue.js';
import { boxAround, rounded, sameState, valueOf } from '../../frontend/src/viewer/measure-shapes.js';

/** A queue whose server answers as `answers` say, in turn, and whose clock is run by hand. */
function queueWith(...answers) {
  const seen = { sent: [], saved: [], conflicts: [], refused: [], timers: [], changes: 0 };
  const host = {
    saved: (uid, answer) => seen.saved.push([uid, answer.measurement.version]),
    conflict: (uid, body) => seen.conflicts.push([uid, body]),
    refused: (uid, detail) => seen.refused.push([uid, detail]),
    changed: () => {
      seen.changes += 1;
    },
  };
  const post = async (url, body, options) => {
    seen.sent.push({ url, body, options });
    const answer = answers.shift() ?? { measurement: { version: body.version + 1 } };
    if (answer instanceof Error) throw answer;
    return answer instanceof Promise ? await answer : answer;
  };
  const later = (run, wait) => seen.timers.push({ run, wait });
  return { queue: new MeasureQueue({ url: () => '/save/', host, post, later }), seen };
}

const LINE = { tool: 'length', points: [[0, 0], [3, 4]], text: '' };
const LONGER = { ...LINE, points: [[0, 0], [6, 8]] };

test('what is drawn is sent at once, outlives the page, and follows the version before', async () => {
  const { queue, seen } = queueWith();
  assert.equal(await queue.put('a', LINE), true);
  await queue.put('a', LONGER);
  assert.deepEqual(seen.sent.map(({ body }) => body.version), [0, 1]);
  assert.equal(seen.sent.every(({ options }) => options.keepalive), true);
  assert.equal(queue.waiting, 0);
});

test('while one is on its way only the newest state waits', async () => {
  let arrive;
  const { queue, seen } = queueWith(new Promise((resolve) => { arrive = resolve; }));
  const first = queue.put('a', LINE);
  queue.put('a', { ...LINE, points: [[0, 0], [4, 4]] });
  queue.put('a', LONGER);
  assert.equal(queue.isWaiting('a'), true);
  arrive({ measurement: { version: 1 } });
  await first;
  assert.deepEqual(seen.sent.map(({ body }) => body.points), [LINE.points, LONGER.points]);
  assert.equal(queue.waiting, 0);
});

test('without a connection for a minute nothing is lost and all is sent when it is back', async () => {
  const away = () => new Offline('away');
  const { queue, seen } = queueWith(away(), away(), new HttpError(502, null), new HttpError(200, null));
  await queue.put('a', LINE);
  assert.deepEqual([queue.offline, queue.waiting, seen.timers.length], [true, 1, 1]);
  await queue.put('b', LINE);
  await seen.timers.shift().run();
  await new Promise(setImmediate);
  await seen.timers.shift().run();
  await new Promise(setImmediate);
  await seen.timers.shift()?.run();
  await new Promise(setImmediate);
  assert.equal(await queue.flush(), true);
  assert.deepEqual(new Set(seen.saved.map(([uid]) => uid)), new Set(['a', 'b']));
  assert.equal(queue.offline, false);
});

test('one whose answer was lost is asked for again before it is taken away: it may be there', async () => {
  const { queue, seen } = queueWith(new Offline('away'));
  await queue.put('a', LINE);
  await queue.put('a', { removed: true });
  assert.equal(queue.waiting, 0);
  assert.deepEqual(seen.sent.map(({ body }) => [body.version, Boolean(body.removed)]), [[0, false], [0, false], [1, true]]);
});

test('a change whose answer was lost is no conflict with the change after it', async () => {
  const { queue, seen } = queueWith(new Offline('away'));
  queue.knows('a', 1);
  await queue.put('a', LINE);
  await queue.put('a', LONGER);
  assert.deepEqual(seen.sent.map(({ body }) => [body.version, body.points]), [[1, LINE.points], [1, LINE.points], [2, LONGER.points]]);
});

test('what never set out is not taken away from the server', async () => {
  const { queue, seen } = queueWith();
  await queue.put('a', { removed: true });
  assert.deepEqual([queue.waiting, seen.sent.length], [0, 0]);
});

test('a removal while the first state is on its way goes after it', async () => {
  const { queue, seen } = queueWith();
  const first = queue.put('a', LINE);
  queue.put('a', { removed: true });
  await first;
  assert.deepEqual(seen.sent.map(({ body }) => [body.version, Boolean(body.removed)]), [[0, false], [1, true]]);
});

test('a change elsewhere is told with both and not sent again by itself', async () => {
  const body = { detail: 'changed', yours: {}, theirs: { version: 4 } };
  const { queue, seen } = queueWith(new HttpError(409, body));
  queue.knows('a', 3);
  await queue.put('a', LINE);
  assert.deepEqual(seen.conflicts, [['a', body]]);
  assert.equal(queue.waiting, 0);
  queue.knows('a', 4);
  await queue.put('a', LINE);
  assert.equal(seen.sent.at(-1).body.version, 4);
});

test('a refusal is told in the words of the server', async () => {
  const { queue, seen } = queueWith(new HttpError(400, { detail: 'The region has no area.' }));
  await queue.put('a', LINE);
  assert.deepEqual(seen.refused, [['a', 'The region has no area.']]);
});

const SCALE = { x: 0.5, y: 2, unit: 'mm', at: '' };
const UNIT = { x: 1, y: 1, unit: 'px', at: '' };

test('the value that is sent along is that of the points', () => {
  assert.equal(valueOf('length', [[0, 0], [6, 4]], SCALE), Math.hypot(3, 8));
  assert.equal(valueOf('bidirectional', [[0, 0], [2, 0], [0, 0], [0, 8]], UNIT), 8);
  assert.equal(valueOf('rectangle', [[0, 0], [4, 0], [0, 2], [4, 2]], SCALE), 8);
  assert.ok(Math.abs(valueOf('ellipse', [[5, 9], [5, 1], [3, 5], [7, 5]], UNIT) - Math.PI * 8) < 1e-9);
  assert.equal(valueOf('arrow', [[0, 0], [1, 1]], UNIT), null);
});

test('a hair of a pixel is no change, a word is', () => {
  assert.equal(sameState(LINE, { ...LINE, points: [[0, 0.001], [3, 4]] }), true);
  assert.equal(sameState(LINE, LONGER), false);
  assert.equal(sameState(LINE, { ...LINE, text: 'apex' }), false);
  assert.deepEqual(rounded([[1.00049, 2.9996]]), [[1, 3]]);
  assert.deepEqual(boxAround([[5, 2], [3, 2]]), [3, 2, 5, 3]);
});

const WORDS = { measured_mean: 'mean {mean}', measure_length: 'Length', measure_sentence_view: '{said} ({view}).', measure_sentence: '{said} (series {series}, image {image}).', at_detector: '{length} at the detector' };
const say = (key, values) => fill(WORDS[key] ?? key, values);
const SERIES = [{ number: 2, images: [{ sop_uid: '1', frame: 1 }, { sop_uid: '2', frame: 1 }] }];
const length = { tool: 'length', sop_uid: '2', frame: 1, basis: 'patient', values: [{ name: 'length', value: 8.249, unit: 'mm' }] };

test('values read as radiology writes them', () => {
  const axes = [{ name: 'long_axis', value: 9.06, unit: 'mm' }, { name: 'short_axis', value: 5, unit: 'mm' }];
  assert.equal(measuredText(length, say), '8.2 mm');
  assert.equal(measuredText({ tool: 'bidirectional', values: axes }, say), '9.1 × 5.0 mm');
  assert.equal(measuredText({ tool: 'angle', values: [{ name: 'angle', value: 90, unit: 'deg' }] }, say), '90.0°');
  const region = [{ name: 'area', value: 120.44, unit: 'mm2' }, { name: 'mean', value: -612.04, unit: 'HU' }];
  assert.equal(measuredText({ tool: 'ellipse', values: region }, say), '120.4 mm², mean −612.0 HU');
  assert.equal(measuredText({ tool: 'arrow', text: 'apex', values: [] }, say), 'apex');
});

test('a sentence names the slice, and says where millimetres are the detector’s', () => {
  assert.deepEqual(placeWords(length, SERIES), { series: 2, image: 2, count: 2, view: '' });
  const films = [{ number: 1, images: [{ sop_uid: '2', frame: 1, laterality: 'L', view: 'MLO' }] }];
  assert.equal(sentenceOf(length, films, say), 'Length 8.2 mm (L MLO).');
  assert.equal(sentenceOf(length, SERIES, say), 'Length 8.2 mm (series 2, image 2).');
  assert.match(sentenceOf({ ...length, basis: 'detector' }, SERIES, say), /8\.2 mm at the detector/);
  assert.equal(tellsOtherwise('Length 8.2 mm (series 2, image 2).', length, say), false);
  assert.equal(tellsOtherwise('Length 9.0 mm.', length, say), true);
  assert.equal(tellsOtherwise('Length 9.0 mm.', null, say), true);
});

test('drafted sentences on a rejected finding stand before the signature until somebody touches them', () => {
  const sentences = [
    { id: 'a1', text: 'A nodule.', origin: 'x', evidence: ['f1'], state: 'ai' },
    { id: 'a2', text: 'A vessel.', origin: 'x', evidence: ['f1'], state: 'edited' },
  ];
  const model = new ReportModel([{ name: 'findings', title: 'Findings', required: false, sentences }]);
  const asked = { model, late: 0, offline: false, conflict: false, say };
  assert.deepEqual(issuesOf({ ...asked, rejected: new Set(['f1']) }).map(({ kind, blocking, sentence }) => [kind, blocking, sentence]), [
    ['rejected', true, 'a1'],
  ]);
  assert.deepEqual(issuesOf({ ...asked, rejected: new Set(['f2']) }), []);
  model.setText('a1', 'No nodule.');
  assert.deepEqual(issuesOf({ ...asked, rejected: new Set(['f1']) }), []);
});

test('an inserted sentence is the reader’s and rests on its measurement', () => {
  const model = new ReportModel([{ name: 'findings', title: 'Findings', required: false, sentences: [] }]);
  const id = model.add({ section: 'findings', text: 'Length 8.2 mm.', evidence: ['m1'] });
  assert.deepEqual(model.toJson().findings, [{ id, text: 'Length 8.2 mm.', origin: 'human', evidence: ['m1'], state: 'human' }]);
});
