import assert from 'node:assert/strict';
import test from 'node:test';

import { Answers } from '../../frontend/src/report/answers.js';
import { ReportModel } from '../../frontend/src/report/model.js';

const option = (value, said = value) => ({ value, label: value, said });
const field = (id, more = {}) => ({
  id, section: 'findings', label: id, kind: 'single', options: [], unit: '', digits: 0, required: false, when: {}, per_finding: false, reads: [], ...more,
});
const form = () => ({
  schema: 'head-1',
  fields: [
    field('bleed', { options: [option('no'), option('yes'), option('unclear')], required: true }),
    field('kind', { kind: 'multi', options: [option('subdural'), option('epidural')], when: { bleed: ['yes'] } }),
    field('volume', { kind: 'number', digits: 1, when: { bleed: ['yes'] }, reads: ['(\\d+(?:\\.\\d+)?) mL'] }),
    field('grade', { section: 'summary', kind: 'computed', options: [option('1', '1: negative'), option('4', '4: suspicious')], reads: ['grade (\\d)'] }),
    field('benign', { per_finding: true, options: [option('fat')] }),
  ],
  lines: [
    {
      id: 'bleed', section: 'findings', fields: ['bleed', 'kind', 'volume'], per_finding: false, of_finding: true,
      rules: [
        { text: 'No bleed.', when: { bleed: ['no'] } },
        { text: '{kind} bleed[, about {volume} mL].', when: { bleed: ['yes'], kind: ['*'] } },
        { text: 'A bleed.', when: { bleed: ['yes'] } },
      ],
    },
    { id: 'grade', section: 'summary', fields: ['grade'], per_finding: false, drafted: 'rule:grades', rules: [{ text: 'Grade {grade}.', when: {} }] },
    { id: 'benign', section: 'findings', fields: ['benign'], per_finding: true, rules: [{ text: 'Nodule {n}: {benign}.', when: {} }] },
  ],
  normal: { bleed: 'no', grade: '1' },
  computes: true,
  list_comma: ', ',
  list_and: ' and ',
});
const ai = (id, text, evidence = []) => ({ id, text, origin: 'm@1', evidence, state: 'ai' });

function report({ findings = [], sentences = [], answers = null } = {}) {
  const model = new ReportModel([
    { name: 'findings', title: 'Findings', required: true, sentences },
    { name: 'summary', title: 'Summary', required: true, sentences: [] },
  ]);
  const coded = new Answers({ form: form(), answers, model, findings: () => findings });
  model.answers = coded;
  const texts = (name = 'findings') => model.section(name).sentences.map((one) => one.text);
  return { model, coded, texts };
}

test('choosing an answer writes its sentence, and choosing another writes the same sentence anew', () => {
  const { coded, texts, model } = report();
  coded.set('bleed', 'no');
  assert.deepEqual(texts(), ['No bleed.']);
  const [{ id }] = model.section('findings').sentences;
  coded.set('bleed', 'yes');
  coded.set('kind', ['subdural', 'epidural']);
  coded.set('volume', 12);
  assert.deepEqual(texts(), ['Subdural and epidural bleed, about 12.0 mL.']);
  assert.equal(model.section('findings').sentences[0].id, id);
  assert.equal(coded.state('bleed'), 'same');
});

test('an answer that is taken away takes its sentence along', () => {
  const { coded, texts } = report();
  coded.set('bleed', 'no');
  coded.set('bleed', null);
  assert.deepEqual(texts(), []);
  assert.deepEqual(coded.toJson(), { schema: 'head-1', values: {}, lines: {} });
});

test('what is asked no more loses its answer', () => {
  const { coded, texts } = report();
  coded.set('bleed', 'yes');
  coded.set('volume', 3);
  coded.set('bleed', 'no');
  assert.deepEqual(Object.keys(coded.toJson().values), ['bleed']);
  assert.deepEqual(texts(), ['No bleed.']);
});

test('editing the sentence never changes the answer: the line says that they differ', () => {
  const { coded, model } = report();
  coded.set('bleed', 'no');
  const [{ id }] = model.section('findings').sentences;
  model.setText(id, 'A bleed.');
  assert.equal(coded.value('bleed'), 'no');
  assert.equal(coded.state('bleed'), 'differs');
  model.setText(id, 'No bleed.');
  assert.equal(coded.state('bleed'), 'same');
});

test('an answer chosen later leaves the words a person changed alone', () => {
  const { coded, model, texts } = report();
  coded.set('bleed', 'no');
  model.setText(model.section('findings').sentences[0].id, 'No bleed, as far as can be seen.');
  coded.set('bleed', 'unclear');
  assert.deepEqual(texts(), ['No bleed, as far as can be seen.']);
  assert.equal(coded.state('bleed'), 'differs');
});

test('one step brings them together either way', () => {
  const { coded, model, texts } = report();
  coded.set('bleed', 'no');
  const [{ id }] = model.section('findings').sentences;
  model.setText(id, 'Something else.');
  coded.write('bleed');
  assert.deepEqual(texts(), ['No bleed.']);
  model.setText(id, 'A bleed.');
  assert.deepEqual(coded.takeText('bleed'), ['bleed']);
  assert.equal(coded.value('bleed'), 'yes');
  assert.equal(coded.state('bleed'), 'same');
});

test('a text that gives no answer of its own stands beside the answer once the reader says so', () => {
  const { coded, model } = report();
  coded.set('bleed', 'no');
  model.setText(model.section('findings').sentences[0].id, 'Nothing fresh is seen.');
  assert.deepEqual(coded.takeText('bleed'), []);
  assert.equal(coded.value('bleed'), 'no');
  assert.equal(coded.state('bleed'), 'same');
});

test('a number is read out of the text', () => {
  const { coded, model } = report();
  coded.set('bleed', 'yes');
  coded.set('kind', ['subdural']);
  coded.set('volume', 12);
  model.setText(model.section('findings').sentences[0].id, 'Subdural bleed of 14.5 mL.');
  assert.deepEqual(coded.takeText('bleed'), ['volume']);
  assert.equal(coded.value('volume'), 14.5);
});

test('a sentence of the AI that says the answer is edited, not doubled, when the answer changes', () => {
  const answers = { values: { grade: { value: '4', origin: 'ai' } }, lines: {} };
  const { coded, model } = report({ answers });
  assert.equal(coded.state('grade'), 'none', 'the AI said it its own way');
  model.section('summary').sentences.push(ai('a1', 'Grade 4, by rule.'));
  model.load(model.sections);
  coded.load({ ...answers, lines: { grade: { sentence: 'a1', text: 'Grade 4, by rule.', values: { grade: '4' } } } });
  assert.equal(coded.state('grade'), 'same');
  coded.set('grade', '1');
  assert.equal(model.find('a1').sentence.text, 'Grade 1: negative.');
  assert.equal(model.find('a1').sentence.state, 'edited');
  assert.equal(coded.toJson().values.grade.origin, 'human');
});

test('a rule follows the answers until a person says otherwise', () => {
  const { coded, texts } = report();
  assert.equal(coded.takeComputed({ grade: { value: '4', reason: 'so' } }), true);
  assert.deepEqual(texts('summary'), ['Grade 4: suspicious.']);
  assert.equal(coded.values.get('grade').origin, 'rule');
  coded.set('grade', '1');
  assert.equal(coded.takeComputed({ grade: { value: '4', reason: 'so' } }), false);
  assert.equal(coded.value('grade'), '1');
});

test('an answer about a finding writes a sentence that rests on it', () => {
  const { coded, model } = report({ findings: [{ key: 'f1', number: 1 }, { key: 'f2', number: 2 }] });
  assert.deepEqual(coded.keysOf('findings', 'f2').includes('benign.f2'), true);
  coded.set('benign.f2', 'fat');
  const [sentence] = model.section('findings').sentences;
  assert.deepEqual([sentence.text, sentence.evidence], ['Nodule 2: fat.', ['f2']]);
});

test('the normal key answers what its text says, and takes both back together', () => {
  const { coded, model, texts } = report();
  model.insertNormal({ findings: ['No bleed.'], summary: ['Grade 1: negative.'] });
  coded.setNormal(model.filled, false);
  assert.deepEqual([coded.value('bleed'), coded.value('grade')], ['no', '1']);
  assert.deepEqual(texts(), ['No bleed.']);
  model.undoNormal();
  coded.undoNormal();
  assert.deepEqual([texts(), coded.value('bleed'), coded.lines.size], [[], null, 0]);
});

test('where the AI wrote something the normal key answers only if it found nothing', () => {
  const sentences = [ai('a1', 'A bleed of 3 mL.')];
  const { coded, model, texts } = report({ sentences });
  model.insertNormal({ findings: ['No bleed.'] });
  coded.setNormal(model.filled, false);
  assert.equal(coded.value('bleed'), null);
  coded.setNormal(model.filled, true);
  assert.deepEqual(texts(), ['A bleed of 3 mL.', 'No bleed.']);
  assert.equal(model.undoNormal(), 2);
  coded.undoNormal();
  assert.deepEqual([texts(), coded.value('bleed')], [['A bleed of 3 mL.'], null]);
});

test('the normal text says nothing else than an answer that is there already', () => {
  const { coded, model, texts } = report({ answers: { values: { grade: { value: '4', origin: 'ai' }, bleed: { value: 'unclear', origin: 'ai' } }, lines: {} } });
  model.insertNormal({ findings: ['No bleed.', 'No fracture.'], summary: ['Grade 1: negative.'] });
  coded.setNormal(model.filled, false);
  assert.deepEqual(texts('summary'), ['Grade 4: suspicious.']);
  assert.deepEqual(texts(), ['No fracture.'], 'an answer without a sentence leaves none');
  assert.deepEqual([coded.value('grade'), coded.state('grade')], ['4', 'same']);
});

test('what is asked of a finding may depend on another answer about the same finding', () => {
  const findings = [{ key: 'f1', number: 1 }, { key: 'f2', number: 2 }];
  const { coded } = report({ findings });
  coded.form.fields.push(field('margin', { per_finding: true, options: [option('smooth')], when: { benign: ['fat'] } }));
  coded.fields.set('margin', coded.form.fields.at(-1));
  coded.set('benign.f1', 'fat');
  assert.deepEqual(coded.keysOf('findings', 'f1').filter((key) => key.startsWith('margin')), ['margin.f1']);
  assert.deepEqual(coded.keysOf('findings', 'f2').filter((key) => key.startsWith('margin')), []);
  coded.set('margin.f1', 'smooth');
  coded.set('benign.f1', null);
  assert.equal(coded.value('margin.f1'), null);
});

test('an answer of the AI that a rule withdraws goes with what hangs on it, and its sentence stays to be seen', () => {
  const sentences = [ai('s1', 'A subdural bleed.', ['f1'])];
  const values = { bleed: { value: 'yes', origin: 'ai' }, kind: { value: ['subdural'], origin: 'ai' } };
  const lines = { bleed: { sentence: 's1', text: 'A subdural bleed.', values: { bleed: 'yes', kind: ['subdural'] } } };
  const { coded, texts } = report({ sentences, answers: { values, lines } });
  const computed = { bleed: { value: null, reason: 'Rejected.', withdraws: true } };
  assert.equal(coded.takeComputed(computed), true);
  assert.deepEqual(Object.keys(coded.toJson().values), []);
  assert.deepEqual(texts(), ['A subdural bleed.']);
  assert.equal(coded.state('bleed'), 'differs');
  assert.deepEqual(coded.missing(), ['bleed']);
  assert.equal(coded.takeComputed(computed), false);
});

test('a rule withdraws nothing that a person answered', () => {
  const { coded } = report();
  coded.set('bleed', 'yes');
  assert.equal(coded.takeComputed({ bleed: { value: null, reason: '', withdraws: true } }), false);
  assert.equal(coded.value('bleed'), 'yes');
});

test('an answer is written into the sentence of the draft that says it, in whatever words and language', () => {
  const { coded, model, texts } = report({ sentences: [ai('s1', '左侧硬膜下血肿。', ['f1']), ai('s2', '脑室大小正常。')] });
  model.section('summary').sentences.push({ ...ai('s3', '分级 4。'), origin: 'rule:grades' }, { ...ai('s4', '因为 8 mm。'), origin: 'rule:grades' });
  coded.takeComputed({ grade: { value: '1', reason: '' } });
  assert.deepEqual(texts('summary'), ['Grade 1: negative.', '因为 8 mm。']);
  assert.equal(coded.lines.get('grade').sentence, 's3');
  coded.set('bleed', 'no');
  assert.deepEqual(texts(), ['No bleed.', '脑室大小正常。']);
});

test('what a person wrote, or which of two is meant, is never guessed: the answer writes a sentence of its own', () => {
  const two = [ai('s1', 'One bleed.', ['f1']), ai('s2', 'Another bleed.', ['f2'])];
  const { coded, model, texts } = report({ sentences: two });
  model.section('summary').sentences.push({ ...ai('s3', 'Grade four.'), origin: 'rule:grades' });
  model.setText('s3', 'Grade four, I think.');
  coded.set('grade', '1');
  assert.deepEqual(texts('summary'), ['Grade four, I think.', 'Grade 1: negative.']);
  coded.set('bleed', 'no');
  assert.deepEqual(texts(), ['One bleed.', 'Another bleed.', 'No bleed.']);
});
