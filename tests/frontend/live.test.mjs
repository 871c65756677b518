/** What an open room tells of others' acts, and what it keeps to itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { News, newsWords } from '../../frontend/src/reading-room/live-words.js';

const finding = (key, version, more = {}) => ({
  key, number: key.slice(1), origin: key.startsWith('r') ? 'human' : 'ai', decision: version ? { version, author: 'Dr Wu', label: 'Rejected' } : null, ...more,
});
const say = (key, values) => `${key} ${Object.values(values).join(' ')}`;

test('a decision of somebody else is told, the same once more is not', () => {
  const news = new News('Mara Osei');
  assert.equal(news.findings([finding('f1', 0), finding('f2', 2)], [finding('f1', 1), finding('f2', 2)]), true);
  assert.equal(news.decided, true);
  assert.deepEqual(news.told, [['news_finding', { who: 'Dr Wu', n: '1', state: 'Rejected' }]]);
});

test('what the reader did in another window is taken in without a word', () => {
  const news = new News('Dr Wu');
  news.findings([finding('f1', 0)], [finding('f1', 1), finding('r1', 1)]);
  news.measures([{ record: { author: 'Dr Wu', key: 'm1' }, what: 'new' }]);
  assert.equal(news.decided, true);
  assert.deepEqual(news.told, []);
});

test('an answer that is older than what stands here is not taken in', () => {
  assert.equal(new News('').findings([finding('f1', 3)], [finding('f1', 2)]), false);
});

test('nothing new says nothing', () => {
  const news = new News('');
  news.findings([finding('f1', 1)], [finding('f1', 1)]);
  assert.equal(news.priors({ studies: [{ uid: '1' }] }, { studies: [{ uid: '1' }] }), false);
  assert.equal(news.decided, false);
  assert.equal(newsWords(news.told, say), '');
});

test('a finding that was taken away and a study that came are told, and the line stays one line', () => {
  const news = new News('');
  news.findings([finding('r1', 1)], []);
  assert.equal(news.priors({ studies: [] }, { studies: [{ uid: '1', date: '2024-03-01' }] }), true);
  news.measures([{ record: { author: 'A', key: 'm1' }, what: 'changed' }, { record: { author: 'A', key: 'm2' }, what: 'removed' }]);
  assert.equal(newsWords(news.told, say), 'news_finding_gone 1 news_prior 2024-03-01 news_more 2');
});
