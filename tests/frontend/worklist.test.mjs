/** The lock-out after a study was opened, news told once, the normal text taken out again, and what became of a sending. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { beforeLeaving, sendSafely } from '../../frontend/src/lib/leaving.js';
import { LockOut } from '../../frontend/src/lib/lockout.js';
import { ReportModel } from '../../frontend/src/report/model.js';
import { Arrived } from '../../frontend/src/upload/arrived.js';
import { News } from '../../frontend/src/worklist/news.js';

test('a press counts only when the lock-out is over', () => {
  let now = 5000;
  const lock = new LockOut({ seconds: 2, now: () => now });
  assert.equal(lock.left, 2);
  now += 1999;
  assert.ok(lock.left > 0);
  now += 1;
  assert.equal(lock.left, 0);
});

test('without seconds there is no lock-out', () => {
  assert.equal(new LockOut({ seconds: 0, now: () => 0 }).left, 0);
});

test('what was there when the page opened is no news, and news is told once', () => {
  const news = new News();
  const prior = { name: 'prior-1', words: 'One earlier study has come in.' };
  const note = { name: 'note-7', words: 'The technologist has answered.' };
  assert.equal(news.fresh([prior]), '');
  assert.equal(news.fresh([prior, note]), note.words);
  assert.equal(news.fresh([prior, note]), '');
});

const sections = () => [
  { name: 'findings', title: 'Findings', required: true, sentences: [] },
  { name: 'impression', title: 'Impression', required: true, sentences: [] },
];

test('the normal text goes out again, but for what the reader changed or wrote', () => {
  const model = new ReportModel(sections());
  model.insertNormal({ findings: ['Clear lungs.', 'No effusion.'], impression: ['Normal.'] });
  model.setText(model.section('findings').sentences[1].id, 'A small effusion.');
  const own = model.add({ section: 'impression', text: 'Follow up in a year.' });
  assert.equal(model.undoNormal(), 2);
  assert.deepEqual(model.section('findings').sentences.map((each) => each.text), ['A small effusion.']);
  assert.deepEqual(model.section('impression').sentences.map((each) => each.id), [own]);
  assert.equal(model.undoNormal(), 0);
});

test('the studies that were sent are asked for until the last is complete', async () => {
  const asked = [];
  const answers = [{ studies: [] }];
  const root = { hidden: true };
  const arrived = new Arrived({ root, rows: { replaceChildren() {} }, url: '/upload/arrived/', get: async (url) => (asked.push(url), answers.shift()) });
  await arrived.look('north');
  assert.deepEqual(asked, []);
  arrived.add('1.2.3');
  arrived.add('1.2.3');
  await arrived.look('north');
  assert.deepEqual(asked, ['/upload/arrived/?site=north&study=1.2.3']);
  assert.equal(root.hidden, true);
});

test('a form waits for what must be saved, is kept back when that fails, and goes once', async () => {
  let safe = false;
  let submitted = 0;
  let press;
  beforeLeaving(async () => safe);
  const form = { addEventListener: (_name, act) => (press = act), submit: () => (submitted += 1) };
  sendSafely(form);
  const event = { preventDefault() {} };
  await press(event);
  assert.equal(submitted, 0);
  safe = true;
  await Promise.all([press(event), press(event)]);
  await press(event);
  assert.equal(submitted, 1);
});
