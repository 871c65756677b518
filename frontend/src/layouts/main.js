/** The page where a reader makes layouts of their own: a list, and the one that is chosen. What is changed is kept. */
import { element, part, publish, readJson } from '../lib/dom.js';
import { Offline, postJson } from '../lib/http.js';
import { words } from '../lib/words.js';
import { drawEditor } from './editor.js';
import { button } from './fields.js';
import { blank } from './model.js';

const PAUSE_MS = 500;
const RETRY_MS = 5000;
const FIRST = { row: 1, column: 1 };

const data = readJson('layouts');
const say = words(data.strings);
const kinds = new Map(data.kinds.map((kind) => [kind.kind, kind]));
let { layouts } = data;
const state = { kind: data.kind, id: layouts.find((one) => one.kind === data.kind && one.chosen)?.id ?? null, at: 0, cell: FIRST, status: ['', false], undo: null };
/** Changes on their way: id → {name, protocol}. */
const waiting = new Map();
let timer = 0;
let sending = Promise.resolve();

const current = () => layouts.find((one) => one.id === state.id) ?? null;
const protocolNow = () => (state.id === null ? kinds.get(state.kind).department : current()?.protocol);

function tell(text, warns = false) {
  state.status = [text, warns];
  const node = document.querySelector('[data-part=state]');
  if (node) {
    node.textContent = text;
    node.classList.toggle('late', warns);
  }
  publish({ layouts: waiting.size ? 'saving' : warns ? 'failed' : 'kept' });
}

/** Draws all anew; what had the focus has it again. */
function draw(focus = document.activeElement?.dataset.focus) {
  part('list').replaceChildren(...data.kinds.map(drawKind), ...undoLine());
  const page = { say, kind: kinds.get(state.kind), layout: current(), protocol: protocolNow(), at: state.at, cell: state.cell, status: state.status };
  part('editor').replaceChildren(...drawEditor(page, acts()));
  const again = focus && document.querySelector(`[data-focus="${CSS.escape(focus)}"]`);
  if (!again || again === document.activeElement) return;
  again.focus();
  // As a field is when Tab leads to it.
  if (again.matches('input')) again.select();
}

let pressed = false;
document.addEventListener('pointerdown', () => (pressed = true), true);
document.addEventListener('pointerup', () => (pressed = false), true);

/** After a field was left: where to is known only then, and a press that is under way must find what it was on. */
function drawLater() {
  setTimeout(() => {
    if (pressed) document.addEventListener('pointerup', () => setTimeout(() => draw()), { once: true });
    else draw();
  });
}

function drawKind(kind) {
  const own = layouts.filter((one) => one.kind === kind.kind);
  const used = own.some((one) => one.chosen);
  const item = (id, label, note) => {
    const here = state.kind === kind.kind && state.id === id;
    const node = button('', `list-${kind.kind}-${id}`, () => open(kind.kind, id), { 'aria-current': here ? 'true' : null, data: { focus: `list-${kind.kind}-${id}`, layout: id ?? '' } });
    node.append(element('span', { class: 'cut', text: label }), element('span', { class: 'second', text: note }));
    return element('li', {}, node);
  };
  const add = button('+', `new-${kind.kind}`, () => make(kind.kind, say('new_name'), blank(kind.kind, say('stage_n', { n: 1 }))), { 'aria-label': `${say('new_layout')}: ${kind.label}` });
  const rows = own.map((one) => item(one.id, one.name, one.protocol ? (one.chosen ? say('in_use') : '') : say('unusable')));
  const title = element('h2', {}, element('span', { text: kind.label }), add);
  return element('section', {}, title, element('ul', {}, item(null, say('department_layout'), used ? '' : say('in_use')), ...rows));
}

function undoLine() {
  if (!state.undo) return [];
  const { name } = state.undo;
  return [element('p', { class: 'hint', role: 'status' }, say('deleted', { name }), ' ', button(say('undo'), 'undo', undo))];
}

function open(kind, id) {
  Object.assign(state, { kind, id, at: 0, cell: FIRST, status: ['', false] });
  draw();
}

/** Sends one request after the other; resolves to the answer, null where there is none. */
function send(url, body) {
  const answer = sending.then(() => postJson(url, body));
  sending = answer.catch(() => null);
  return answer.then(
    (got) => {
      // What is on its way here counts before what the server had when it answered.
      layouts = got.layouts.map((one) => ({ ...one, ...waiting.get(one.id) }));
      return got;
    },
    (error) => {
      tell(error instanceof Offline ? say('offline') : say('not_kept', { detail: error.message }), true);
      return { failed: error };
    },
  );
}

function keep(id, change) {
  const layout = layouts.find((one) => one.id === id);
  Object.assign(layout, change);
  waiting.set(id, { ...waiting.get(id), ...change });
  tell(say('keeping'));
  clearTimeout(timer);
  timer = setTimeout(flush, PAUSE_MS);
}

async function flush() {
  clearTimeout(timer);
  for (const [id, change] of [...waiting]) {
    waiting.delete(id);
    const { act } = layouts.find((one) => one.id === id);
    const { failed } = await send(act.replace('ACT', 'save'), change);
    if (failed instanceof Offline) {
      waiting.set(id, { ...change, ...waiting.get(id) });
      timer = setTimeout(flush, RETRY_MS);
      return false;
    }
    if (failed) return false;
  }
  if (!waiting.size) tell(say('kept'));
  return true;
}

async function make(kind, name, protocol, chosen = false) {
  await flush();
  const made = await send('/layouts/new/', { kind, name, protocol });
  if (made.failed) return;
  if (chosen) await send(layouts.find((one) => one.id === made.id).act.replace('ACT', 'choose'), {});
  Object.assign(state, { kind, id: made.id, at: 0, cell: FIRST, status: [say('kept'), false], undo: null });
  publish({ layouts: 'kept' });
  draw('name');
  document.querySelector('[data-focus=name]')?.select?.();
}

async function undo() {
  const { kind, name, protocol, chosen } = state.undo;
  await make(kind, name, protocol, chosen);
}

function acts() {
  const change = (to, { at = state.at, cell = state.cell, typed = false } = {}) => {
    const protocol = to(protocolNow());
    if (current() && protocol !== protocolNow()) keep(state.id, { protocol });
    Object.assign(state, { at: Math.min(at, protocolNow().stages.length - 1), cell });
    if (typed) drawLater();
    else draw();
  };
  return {
    change,
    look: ({ at, cell }) => {
      const grid = document.activeElement?.closest('.layout-grid') ? 'cell' : document.activeElement?.closest('[role=tablist]') ? 'tab' : undefined;
      Object.assign(state, { at, cell });
      draw(grid ?? document.activeElement?.dataset.focus);
    },
    rename: (name) => {
      if (name && name !== current().name) keep(state.id, { name });
      drawLater();
    },
    use: async (on) => {
      const { act, kind } = current();
      await flush();
      const url = on ? act.replace('ACT', 'choose') : `/layouts/${kind}/reset/`;
      if (!(await send(url, {})).failed) tell(say('kept'));
      draw();
    },
    copy: () => {
      const name = current()?.name ?? say('department_layout');
      make(state.kind, say('copy_name', { name }), protocolNow());
    },
    remove: async () => {
      const gone = current();
      waiting.delete(gone.id);
      const { failed } = await send(gone.act.replace('ACT', 'remove'), {});
      if (failed) return;
      Object.assign(state, { id: null, at: 0, cell: FIRST, status: ['', false], undo: gone.protocol ? gone : null });
      draw(state.undo ? 'undo' : undefined);
    },
  };
}

window.addEventListener('pagehide', () => {
  for (const [id, change] of waiting) {
    const { act } = layouts.find((one) => one.id === id);
    postJson(act.replace('ACT', 'save'), change, { keepalive: true }).catch(() => null);
  }
});
window.addEventListener('beforeunload', (event) => {
  if (waiting.size && state.status[1]) event.preventDefault();
});
publish({ layouts: 'kept' });
draw();
