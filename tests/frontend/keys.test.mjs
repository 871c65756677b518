import assert from 'node:assert/strict';
import test from 'node:test';

import { actionFor } from '../../frontend/src/lib/keys.js';
import { Selection } from '../../frontend/src/lib/selection.js';
import { fill, signed, words } from '../../frontend/src/lib/words.js';
import { dueWords } from '../../frontend/src/reading-room/due.js';
import { Keymap } from '../../frontend/src/lib/keymap.js';
import { roomActs } from '../../frontend/src/reading-room/keymap.js';
import { pressedKey, withKey } from '../../frontend/src/preferences/capture.js';

const table = new Map([
  ['n', { run: () => 'normal' }],
  ['enter', { run: () => 'open' }],
  ['ctrl+enter', { run: () => 'sign' }],
  ['shift+m', { run: () => 'move' }],
  ['[', { run: () => 'back' }],
]);
const field = { tagName: 'DIV', isContentEditable: true };
const page = { tagName: 'BODY', isContentEditable: false };
const press = (key, target, more = {}) => actionFor({ key, target, ...more }, table)?.run() ?? null;

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

test('Shift makes a key of its own, and where there is none the plain one is meant', () => {
  assert.equal(press('M', page, { shiftKey: true }), 'move');
  assert.equal(press('m', page), null);
  assert.equal(press('N', page, { shiftKey: true }), 'normal');
  assert.equal(press('Enter', page, { ctrlKey: true, shiftKey: true }), null);
});

test('a character that a keyboard makes with AltGr is that character', () => {
  const altGr = { ctrlKey: true, altKey: true, getModifierState: (name) => name === 'AltGraph' };
  assert.equal(press('[', page, altGr), 'back');
  assert.equal(press('Enter', page, altGr), null);
});

const rows = [
  { name: 'invert', scope: 'viewer', keys: ['I'], words: 'Invert', repeats: false },
  { name: 'sign', scope: 'report', keys: ['Ctrl+Enter'], words: 'Sign', repeats: false },
  { name: 'next-slice', scope: 'viewer', keys: ['ArrowDown', 'PageDown'], words: 'Next', repeats: true },
  { name: 'list-down', scope: 'worklist', keys: ['ArrowDown'], words: 'Below', repeats: true },
];
const mapOf = (acts = rows) => new Keymap({ acts, scopes: { viewer: 'Images' }, words: { Space: 'Space' } });

test('an act is found by every key it has, and only on the page that binds it', () => {
  const keys = mapOf().bind({ invert: () => 'inverted', 'next-slice': () => 'down', sign: null });
  assert.deepEqual([...keys.table().keys()], ['i', 'arrowdown', 'pagedown']);
  assert.equal(keys.table().get('pagedown').run(), 'down');
  assert.deepEqual(keys.bound.map((act) => act.name), ['invert', 'next-slice']);
});

test('two acts of one page on one key are refused, and an act without a row too', () => {
  assert.throws(() => mapOf().bind({ 'next-slice': () => {}, 'list-down': () => {} }), /ArrowDown/);
  assert.throws(() => mapOf().bind({ unheard: () => {} }), /unheard/);
});

test('keys are shown as people read them', () => {
  const keys = mapOf();
  assert.deepEqual(['Ctrl+Enter', 'Space', 'Ctrl++', 'Shift+M'].map((key) => keys.shownKey(key)), [
    'Ctrl ⏎',
    'Space',
    'Ctrl +',
    'Shift M',
  ]);
  assert.equal(keys.keyOf('next-slice'), '↓');
});

test('the room has a window for each of its presets, and planes only of stacks', () => {
  const presets = ['1', '2', '3'].map((key) => ({ key }));
  const acts = roomActs({ viewer: { presets, mammography: false }, report: {}, evidence: {} });
  assert.deepEqual(Object.keys(acts).filter((name) => name.startsWith('window-')), ['window-1', 'window-2', 'window-3']);
  assert.ok(acts.planes);
  assert.equal(roomActs({ viewer: { presets, mammography: true }, report: {}, evidence: {} }).planes, null);
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

test('a field takes keys as the table writes them', () => {
  const named = (key, more = {}) => pressedKey({ key, ...more });
  assert.deepEqual(
    [named('x'), named(' '), named('s', { ctrlKey: true }), named('M', { shiftKey: true }), named('?', { shiftKey: true })],
    ['X', 'Space', 'Ctrl+S', 'Shift+M', '?'],
  );
  assert.deepEqual([named('Tab'), named('Escape'), named('Shift'), named('a', { altKey: true })], [null, null, null, null]);
});

test('the first key replaces what stood in the field, the next ones join it', () => {
  assert.equal(withKey('I', 'X', true), 'X');
  assert.equal(withKey('X', 'F2', false), 'X F2');
  assert.equal(withKey('X', 'X', false), 'X');
  assert.equal(withKey('A B C', 'D', false), 'B C D');
});
