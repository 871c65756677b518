import assert from 'node:assert/strict';
import test from 'node:test';

import { filesAhead, fitting, order } from '../../frontend/src/viewer/ahead-plan.js';
import { Ahead } from '../../frontend/src/viewer/ahead.js';
import { LeanFiles, dropPixels } from '../../frontend/src/viewer/lean.js';

const image = (name, bytes = 10, frame = 1) => ({ url: `/${name}/`, sop_uid: name, frame, bytes });
const stack = (uid, count) => ({ uid, images: Array.from({ length: count }, (_, n) => image(`${uid}${n}`)) });
const names = (urls) => urls.map((url) => url.replaceAll('/', ''));

test('a reader who stands still has both neighbours first', () => {
  assert.deepEqual(order(5, 10).slice(0, 4), [6, 4, 7, 3]);
  assert.equal(order(5, 10).length, 9);
});

test('a reader who scrolls has what lies ahead first, and a little of what lies behind', () => {
  assert.deepEqual(order(5, 20, { towards: 1 }).slice(0, 6), [6, 7, 8, 9, 4, 10]);
  assert.deepEqual(order(10, 20, { towards: -1 }).slice(0, 6), [9, 8, 7, 6, 11, 5]);
});

test('at the end of the stack the fetching goes back, and no slice comes twice', () => {
  assert.deepEqual(order(4, 5, { towards: 1 }), [3, 2, 1, 0]);
  const all = order(50, 300, { towards: 1 });
  assert.equal(new Set(all).size, 299);
});

test('no more is fetched than the memory may hold', () => {
  assert.equal(order(500, 1000, { most: 100 }).length, 99);
  assert.equal(fitting(524288, 1024 ** 3 * 0.8), 1638);
  assert.equal(fitting(900 * 1024 ** 2, 1024 ** 3 * 0.8), 3);
  assert.equal(fitting(0, 1), Infinity);
});

test('of the next study the slice it will open with comes first', () => {
  const series = [stack('a', 3), stack('b', 9)];
  assert.deepEqual(names(filesAhead({ hang: 'stack', series, first: null }, 1000)).slice(0, 3), ['b4', 'b5', 'b3']);
  const first = { series_uid: 'a', sop_uid: 'a0', frame: 1 };
  const marked = names(filesAhead({ hang: 'stack', series, first }, 1000));
  assert.deepEqual(marked.slice(0, 3), ['a0', 'a1', 'a2']);
  assert.equal(marked.length, 12, 'the other series follow');
});

test('of the next mammogram the four films come in the order in which they hang', () => {
  const series = ['RCC', 'LCC', 'RMLO', 'LMLO'].map((name) => ({ uid: name, images: [image(name)] }));
  assert.deepEqual(names(filesAhead({ hang: 'mammography', series, first: null }, 1000)), ['RCC', 'LCC', 'RMLO', 'LMLO']);
});

test('the budget is kept, and a file of many frames counts once', () => {
  assert.equal(filesAhead({ hang: 'stack', series: [stack('a', 100)], first: null }, 95).length, 9);
  const film = { uid: 'm', images: [1, 2, 3].map((frame) => image('film', 90, frame)) };
  assert.deepEqual(names(filesAhead({ hang: 'stack', series: [film], first: null }, 95)), ['film']);
  assert.deepEqual(filesAhead({ hang: 'stack', series: [], first: null }, 95), []);
});

const answer = (body, ok = true) => ({ ok, json: async () => body, arrayBuffer: async () => new ArrayBuffer(1) });

test('what comes next is fetched once, and said to be fetched ahead', async () => {
  const asked = [];
  const get = async (url, options) => {
    asked.push([url, options.headers['X-Purpose']]);
    return answer({ study: { hang: 'stack', series: [stack('a', 3)], first: null } });
  };
  const ahead = new Ahead({ url: '/upcoming/', get });
  await ahead.look();
  assert.deepEqual(asked, [['/upcoming/', undefined], ['/a1/', 'ahead'], ['/a2/', 'ahead'], ['/a0/', 'ahead']]);
  await ahead.look();
  assert.equal(asked.length, 5, 'the list was asked again, no image was');
  assert.equal(ahead.fetched, 3);
});

test('nothing is fetched ahead while the open study still wants something', async () => {
  let allow;
  let asked = 0;
  const rested = () => new Promise((resolve) => { allow = resolve; });
  const ahead = new Ahead({ url: '/u/', rested, get: async () => { asked += 1; return answer({ study: null }); } });
  const looking = ahead.look();
  assert.equal(asked, 0);
  allow();
  await looking;
  assert.equal(asked, 1);
});

test('leaving the page drops what is on its way', async () => {
  const ahead = new Ahead({
    url: '/u/',
    get: async (url, { signal }) => {
      if (url === '/u/') return answer({ study: { hang: 'stack', series: [stack('a', 50)], first: null } });
      ahead.stop();
      signal.throwIfAborted();
      return answer(null);
    },
  });
  await ahead.look();
  assert.equal(ahead.fetched, 0);
});

test('a session that has ended, or a network that is away, is no error of the open study', async () => {
  for (const failing of [
    async () => ({ ok: true, json: async () => JSON.parse('<html>') }),
    async () => { throw new TypeError('Failed to fetch'); },
    async () => answer({}, false),
  ]) await new Ahead({ url: '/u/', get: failing }).look();
});

function file(pixelsAt) {
  const bytes = new Uint8Array(1000);
  const item = { dataSet: { byteArray: bytes, elements: { x00080100: { dataOffset: 60 } } } };
  return {
    byteArray: bytes,
    elements: {
      x00100010: { dataOffset: 20 },
      x00081140: { dataOffset: 50, items: [item] },
      x7fe00010: { dataOffset: pixelsAt },
    },
  };
}

test('of a file that is decoded only its header stays, in its sequences too', () => {
  const dataSet = file(400);
  assert.equal(dropPixels(dataSet), true);
  assert.equal(dataSet.byteArray.length, 400);
  assert.equal(dataSet.elements.x00081140.items[0].dataSet.byteArray, dataSet.byteArray);
  assert.deepEqual(Object.keys(dataSet.elements), ['x00100010', 'x00081140']);
  assert.equal(dropPixels(dataSet), false);
});

test('a file without its pixels is read again before its image is asked for again', () => {
  const kept = new Map([['/a/', file(400)], ['/b/?x=1', file(400)]]);
  const files = { isLoaded: (url) => kept.has(url), get: (url) => kept.get(url), unload: (url) => kept.delete(url) };
  const lean = new LeanFiles(files);
  lean.before('/a/');
  assert.ok(kept.has('/a/'), 'a whole file is used again');
  lean.after('/a/');
  lean.before('/a/');
  assert.ok(!kept.has('/a/'));
  lean.after('/b/?x=1&frame=2');
  assert.equal(kept.get('/b/?x=1').byteArray.length, 1000, 'other frames still need it');
});
