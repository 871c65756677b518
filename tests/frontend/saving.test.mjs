import assert from 'node:assert/strict';
import test from 'node:test';

import { HttpError, Offline } from '../../frontend/src/lib/http.js';
import { ReportModel } from '../../frontend/src/report/model.js';
import { Saver } from '../../frontend/src/report/saving.js';

const sections = () => [{ name: 'a', title: 'A', required: true, sentences: [] }];

/** A server that keeps one text and refuses a parent that is not its newest. */
function server({ revision = 3, broken = 0 } = {}) {
  const state = { revision, text: {}, asked: 0, broken };
  state.post = async (_url, body) => {
    state.asked += 1;
    if (state.broken > 0) {
      state.broken -= 1;
      throw new Offline('away');
    }
    if (body.parent !== state.revision) {
      const theirs = { revision: state.revision, author: 'Dr Two', saved_at: 't', sections: { a: [] } };
      throw new HttpError(409, { detail: 'changed', yours: body.sections, theirs });
    }
    state.revision += 1;
    state.text = body.sections;
    return { revision: state.revision, saved_at: '2026-01-01T10:00:00Z', sections: body.sections };
  };
  return state;
}

function saver(server_, revision = 3) {
  const model = new ReportModel(sections());
  const states = [];
  const one = new Saver({
    model,
    url: '/save',
    revision,
    savedAt: '',
    changed: (saver_) => states.push(saver_.state),
    post: server_.post,
  });
  return { model, one, states };
}

test('what was typed is saved from the revision it was made from', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const there = server();
  const { model, one, states } = saver(there);
  model.add({ section: 'a', text: 'One.' });
  assert.equal(await one.save(), true);
  assert.equal(there.text.a[0].text, 'One.');
  assert.equal(one.revision, 4);
  assert.deepEqual(states, ['saving', 'saved']);
});

test('nothing typed, nothing sent', async () => {
  const there = server();
  const { one } = saver(there);
  assert.equal(await one.save(), true);
  assert.equal(there.asked, 0);
});

test('a lost race keeps both texts, and keeping mine goes on top of theirs', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const there = server({ revision: 5 });
  const { model, one } = saver(there, 3);
  model.add({ section: 'a', text: 'Mine.' });
  assert.equal(await one.save(), false);
  assert.equal(one.conflict.yours.a[0].text, 'Mine.');
  assert.equal(one.conflict.theirs.author, 'Dr Two');
  assert.equal(await one.keepMine(), true);
  assert.equal(there.text.a[0].text, 'Mine.');
});

test('taking theirs leaves nothing unsaved', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { model, one } = saver(server({ revision: 5 }), 3);
  model.add({ section: 'a', text: 'Mine.' });
  await one.save();
  one.takeTheirs();
  assert.equal(one.dirty, false);
  assert.equal(one.revision, 5);
  assert.deepEqual(model.toJson(), { a: [] });
});

test('without a connection it says so, keeps the text and tries again by itself', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const there = server({ broken: 1 });
  const { model, one } = saver(there);
  model.add({ section: 'a', text: 'One.' });
  assert.equal(await one.save(), false);
  assert.equal(one.state, 'offline');
  assert.equal(one.dirty, true);
  t.mock.timers.tick(2000);
  await one.save();
  assert.equal(one.state, 'saved');
  assert.equal(there.text.a[0].text, 'One.');
});

test('a refusal is told in the words of the server and not repeated', async () => {
  const there = server();
  there.post = async () => {
    there.asked += 1;
    throw new HttpError(403, { detail: 'Claim the study first.' });
  };
  const { model, one } = saver(there);
  model.add({ section: 'a', text: 'One.' });
  await one.save();
  await one.save();
  assert.equal(one.detail, 'Claim the study first.');
  assert.equal(there.asked, 1);
});

test('a save that meets an ended session keeps the text, says where to sign in, and sends nothing more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let asked = 0;
  const kept = [];
  const post = async () => {
    asked += 1;
    throw new HttpError(401, { detail: 'You are signed out.', sign_in: '/accounts/login/' });
  };
  const model = new ReportModel(sections());
  const store = { put: (what) => kept.push(what.sections.a.map(({ text }) => text)), drop: () => kept.push('dropped') };
  const one = new Saver({ model, url: '/save', revision: 3, changed: () => {}, kept: store, post });
  model.add({ section: 'a', text: 'One.' });
  assert.equal(await one.save(), false);
  assert.deepEqual([one.state, one.signIn], ['ended', '/accounts/login/']);
  model.add({ section: 'a', text: 'Two.' });
  one.touched();
  t.mock.timers.tick(60000);
  assert.equal(await one.save(), false);
  assert.deepEqual([asked, kept], [1, [['One.'], ['One.', 'Two.']]]);
});
