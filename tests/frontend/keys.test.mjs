import assert from 'node:assert/strict';
import test from 'node:test';

import { actionFor } from '../../frontend/src/lib/keys.js';
import { Selection } from '../../frontend/src/lib/selection.js';
import { fill, signed, words } from '../../frontend/src/lib/words.js';
import { dueWords } from '../../frontend/src/reading-room/due.js';
import { keymap, toTable } from '../../frontend/src/reading-room/keymap.js';

const table = new Map([
  ['n', () => 'normal'],
  ['enter', () => 'open'],
  ['ctrl+enter', () => 'sign'],
]);
const field = { tagName: 'DIV', isContentEditable: true };
const page = { tagName: 'BODY', isContentEditable: false };
const press = (key, target, more = {}) => actionFor({ key, target, ...more }, table)?.() ?? null;

test('a plain key acts on the page and never while typing', () => {
  assert.equal(press('n', page), 'normal');
  assert.equal(press('n', field), null);
  assert.equal(press('n', { tagName: 'INPUT', type: 'password' }), null);
});

test('a Ctrl chord acts while typing too', () => {
  assert.equal(press('Enter', field, { ctrlKey: true }), 'sign');
  assert.equal(press('Enter', field, { metaKey: true }), 'sign');
});

test('a key inside an input method or with Alt is left alone', () => {
  assert.equal(press('n', page, { isComposing: true }), null);
  assert.equal(press('n', page, { altKey: true }), null);
});

test('a focused button keeps Enter for itself', () => {
  const button = { tagName: 'BUTTON', closest: () => button };
  assert.equal(press('Enter', button), null);
  assert.equal(press('n', button), 'normal');
});

test('no two acts of the reading room want one key', () => {
  const presets = ['1', '2', '3', '4'].map((key) => ({ key, label: key }));
  const list = keymap({ viewer: { presets, mammography: true }, report: {}, help() {} });
  assert.equal(toTable(list).size, list.length);
  assert.throws(() => toTable([...list, { keys: ['n'], run() {} }]), /key n/);
});

test('stepping through findings goes round', () => {
  const selection = new Selection();
  const seen = [];
  selection.listen((key) => seen.push(key));
  selection.step(['a', 'b'], 1);
  selection.step(['a', 'b'], 1);
  selection.step(['a', 'b'], 1);
  selection.step([], 1);
  assert.deepEqual(seen, ['a', 'b', 'a']);
});

test('words are filled, and a missing one shows its key rather than nothing', () => {
  assert.equal(fill('Slice {n} of {count}', { n: 1 }), 'Slice 1 of {count}');
  assert.equal(words({})('unknown_key'), 'unknown_key');
  assert.equal(signed(-600), '−600');
  assert.equal(signed(-0.01, 1), '0.0');
});

test('due times are relative and say when they have passed', () => {
  const say = (key, values) => `${key} ${Object.values(values).join('')}`;
  const now = Date.parse('2026-01-01T12:00:00Z');
  assert.equal(dueWords('2026-01-01T12:20:00Z', now, say), 'due_in minutes 20');
  assert.equal(dueWords('2026-01-01T09:00:00Z', now, say), 'late_by hours 3');
  assert.equal(dueWords('2026-01-06T12:00:00Z', now, say), 'due_in days 5');
});
