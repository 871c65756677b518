import assert from 'node:assert/strict';
import test from 'node:test';

import { ReportModel } from '../../frontend/src/report/model.js';
import { issuesOf } from '../../frontend/src/report/issues.js';
import { aiWords } from '../../frontend/src/report/ai-words.js';

const ai = (id, text, evidence = []) => ({ id, text, origin: 'drafter@1', evidence, state: 'ai' });
const sections = () => [
  { name: 'nodules', title: 'Nodules', required: true, sentences: [ai('a1', 'A nodule of 8 mm.', ['f1'])] },
  { name: 'lungs', title: 'Lungs', required: false, sentences: [] },
  { name: 'assessment', title: 'Assessment', required: true, sentences: [] },
];
const say = (key, values) => (values ? `${key} ${Object.values(values).join(' ')}` : key);

test("a changed machine sentence is edited, and the machine's again when its words return", () => {
  const model = new ReportModel(sections());
  model.setText('a1', 'A nodule of 9 mm.');
  assert.equal(model.find('a1').sentence.state, 'edited');
  model.setText('a1', '  A nodule\n of 8 mm. ');
  assert.equal(model.find('a1').sentence.state, 'ai');
});

test('a sentence the reader adds is human and goes where the caret was', () => {
  const model = new ReportModel(sections());
  const id = model.add({ after: 'a1', text: 'Stable.' });
  assert.deepEqual(model.section('nodules').sentences.map((one) => one.id), ['a1', id]);
  assert.equal(model.find(id).sentence.state, 'human');
  assert.match(id, /^[A-Za-z0-9_-]{1,40}$/);
});

test('the normal text fills empty sections only and never touches a finding', () => {
  const model = new ReportModel(sections());
  const filled = model.insertNormal({ nodules: ['No nodule.'], lungs: ['Lungs clear.'], assessment: [] });
  assert.equal(filled, 1);
  assert.equal(model.section('nodules').sentences[0].text, 'A nodule of 8 mm.');
  assert.equal(model.section('lungs').sentences[0].state, 'human');
});

test('pressing the normal key twice adds nothing the second time', () => {
  const model = new ReportModel(sections());
  model.insertNormal({ lungs: ['Lungs clear.'] });
  const before = JSON.stringify(model.toJson());
  assert.equal(model.insertNormal({ lungs: ['Lungs clear.'] }), 0);
  assert.equal(JSON.stringify(model.toJson()), before);
});

test('empty sentences are not sent, every section is', () => {
  const model = new ReportModel(sections());
  model.add({ section: 'lungs' });
  assert.deepEqual(Object.keys(model.toJson()), ['nodules', 'lungs', 'assessment']);
  assert.deepEqual(model.toJson().lungs, []);
});

test('removing a sentence names the neighbour the caret goes to', () => {
  const model = new ReportModel(sections());
  const id = model.add({ after: 'a1', text: 'Stable.' });
  assert.equal(model.remove(id), 'a1');
  assert.equal(model.remove('a1'), null);
});

test('an offered sentence is taken over once, as the machine wrote it', () => {
  const model = new ReportModel(sections());
  model.adopt('lungs', ai('b1', 'No effusion.'));
  model.adopt('lungs', ai('b1', 'No effusion.'));
  assert.equal(model.section('lungs').sentences.length, 1);
  assert.equal(model.find('b1').sentence.state, 'ai');
});

test('an empty required section stands before the signature, an optional one does not', () => {
  const model = new ReportModel(sections());
  const issues = issuesOf({ model, late: 0, conflict: false, say });
  assert.deepEqual(issues.map((issue) => issue.kind), ['empty']);
  assert.match(issues[0].text, /Assessment/);
  assert.doesNotMatch(issues[0].text, /Lungs/);
});

test('late images and a conflict block', () => {
  const model = new ReportModel([]);
  const issues = issuesOf({ model, late: 2, conflict: true, say });
  assert.deepEqual(issues.map((issue) => [issue.kind, issue.blocking]), [
    ['conflict', true],
    ['late', true],
  ]);
});

const scored = { state: 'scored', score: 0.1, above_threshold: false, limitations: [] };

test('only a whole score below the threshold may look negative', () => {
  assert.equal(aiWords(scored, say).tone, 'clear');
  assert.equal(aiWords({ ...scored, limitations: ['left CC view is missing'] }, say).tone, 'warn');
  for (const verdict of [null, undefined, 'no']) {
    assert.equal(aiWords({ ...scored, above_threshold: verdict }, say).tone, 'warn', String(verdict));
  }
  for (const state of ['refused', 'failed', 'out_of_scope', 'pending', 'hidden', 'something new']) {
    assert.notEqual(aiWords({ ...scored, state, reason: 'why' }, say).tone, 'clear', state);
  }
});

test('an incomplete assessment names every limitation', () => {
  const words = aiWords({ ...scored, limitations: ['left CC view is missing', 'uneven slices'] }, say);
  assert.equal(words.head, 'ai_incomplete');
  assert.deepEqual(words.details.slice(0, 2), ['left CC view is missing', 'uneven slices']);
});

test('a result that moves no queue says so, whatever it found', () => {
  const advisory = 'Advisory: does not move the queue.';
  for (const result of [scored, { ...scored, above_threshold: true }, { ...scored, limitations: ['uneven slices'] }]) {
    assert.ok(aiWords({ ...result, advisory }, say).details.includes(advisory));
    assert.ok(!aiWords({ ...result, advisory: '' }, say).details.includes(''));
  }
});

test('every state says its reason', () => {
  for (const state of ['refused', 'failed', 'out_of_scope']) {
    assert.equal(aiWords({ state, reason: 'The reason.' }, say).text, 'The reason.');
  }
});
