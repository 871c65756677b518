/** The row of tools above the images: the same acts as the keys, pressed state included. */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';
import { RATES } from '../viewer/cine.js';
import { menu } from './menu.js';

const MOUSE_TOOLS = ['scroll', 'window'];
// The middle and the right mouse button do this at any time; the left one where it is asked to.
const MOVING = ['zoom', 'pan'];
const MEASURING = ['length', 'bidirectional', 'angle', 'ellipse', 'rectangle', 'arrow', 'probe'];

export function button(label, key, data) {
  const node = element('button', { type: 'button', data }, element('span', { text: label }));
  if (key) node.append(element('kbd', { text: key }));
  return node;
}

export function act(node, run) {
  node.addEventListener('click', () => {
    run();
    node.blur();
  });
  return node;
}

export const rule = () => element('i', {});

export function drawToolbar(root, { viewer, say, help, marked = true }) {
  const mouse = MOUSE_TOOLS.filter((name) => name !== 'scroll' || !viewer.mammography).map((name) =>
    act(button(say(`tool_${name}`), '', { tool: name }), () => viewer.useTool(name)),
  );
  const measuring = measures(viewer, say);
  const image = handling(viewer, say);
  const presets = viewer.presets.map((preset) =>
    act(button(preset.label, keyOf(`window-${preset.key}`), { preset: preset.key }), () => viewer.preset(preset)),
  );
  const marks = act(button(say('ai_marks'), keyOf('marks'), { marks: '' }), () => viewer.toggleMarks());
  // Whoever never sees AI results has nothing to switch on.
  marks.hidden = !marked;
  const heat = viewer.hasHeat
    ? [act(button(say('heat_map'), keyOf('heat'), { heat: '' }), () => viewer.toggleHeat()), strength(viewer, say)]
    : [];
  const cine = playing(viewer, say);
  const more = act(button('', keyOf('show-keys'), { help: '' }), help);
  more.setAttribute('aria-label', say('all_keys'));
  root.replaceChildren(...mouse, measuring.button, image.button, rule(), ...presets, presets.length ? rule() : '', marks);
  root.append(...heat, ...enlarging(viewer, say), element('span', { class: 'spacer' }), more, measuring.panel, image.panel);
  // A menu carries the name of its tool that is in the hand.
  const lightMenu = (opener, names, name) => {
    const chosen = names.includes(viewer.tool);
    opener.firstChild.textContent = say(chosen ? `tool_${viewer.tool}` : name);
    opener.setAttribute('aria-pressed', String(chosen));
  };
  const light = () => {
    root.querySelectorAll('[data-tool]').forEach((node) => {
      node.setAttribute('aria-pressed', String(node.dataset.tool === viewer.tool));
    });
    lightMenu(measuring.button, MEASURING, 'tools_measure');
    lightMenu(image.button, [...MOVING, 'loupe'], 'tools_image');
    marks.setAttribute('aria-pressed', String(viewer.marks));
    if (heat.length) {
      heat[0].setAttribute('aria-pressed', String(viewer.heat));
      heat[1].hidden = !viewer.heat;
    }
    cine.light();
  };
  viewer.listen(light);
  light();
}

function measures(viewer, say) {
  const items = MEASURING.map((name) => act(button(say(`tool_${name}`), keyOf(name), { tool: name }), () => viewer.useTool(name)));
  items.push(act(button(say('remove_measure'), keyOf('remove-measure'), {}), () => viewer.removeMeasure()));
  return menu(say('tools_measure'), items, { menu: 'measure' });
}

function handling(viewer, say) {
  const rows = [
    ['tool_loupe', 'loupe', () => viewer.toggleTool('loupe')],
    ['zoom_in', 'zoom-in', () => viewer.zoom(true)],
    ['zoom_out', 'zoom-out', () => viewer.zoom(false)],
    ['fit', 'fit', () => viewer.fit()],
    ['cine', 'cine', () => viewer.cine.toggle()],
    ['rotate', 'rotate', () => viewer.rotate()],
    ['flip_horizontal', 'flip-horizontal', () => viewer.flip(0)],
    ['flip_vertical', 'flip-vertical', () => viewer.flip(1)],
    ['invert', 'invert', () => viewer.invert()],
    ['reset', 'reset', () => viewer.reset()],
  ];
  const items = rows.map(([word, name, run]) => act(button(say(word), keyOf(name), name === 'loupe' ? { tool: name } : { act: name }), run));
  const moving = MOVING.map((name) => act(button(say(`tool_${name}`), '', { tool: name }), () => viewer.useTool(name)));
  return menu(say('tools_image'), [...moving, ...items], { menu: 'image' });
}

/** Pause and speed, while images play. */
function playing(viewer, say) {
  const [min, max] = RATES;
  const rate = element('input', { type: 'range', min, max, step: 1, value: viewer.cine.rate, 'aria-label': say('cine_rate') });
  const told = element('span', { class: 'rate' });
  const pause = act(button(say('cine'), keyOf('cine'), { cine: '' }), () => viewer.cine.toggle());
  const box = element('div', { class: 'cine', role: 'group', 'aria-label': say('cine'), hidden: true }, pause, rate, told);
  viewer.stage.root.append(box);
  const write = () => {
    told.textContent = say('cine_at', { rate: viewer.cine.rate });
  };
  rate.addEventListener('input', () => {
    viewer.cine.setRate(Number(rate.value));
    write();
  });
  rate.addEventListener('change', () => rate.blur());
  write();
  pause.setAttribute('aria-pressed', 'true');
  const light = () => {
    box.hidden = !viewer.cine.playing;
  };
  return { light };
}

function strength(viewer, say) {
  const value = Math.round(viewer.strength * 100);
  const node = element('input', { type: 'range', min: 10, max: 100, step: 10, value, 'aria-label': say('heat_strength'), hidden: true });
  node.addEventListener('input', () => viewer.setHeat(Number(node.value) / 100));
  node.addEventListener('change', () => node.blur());
  return node;
}

function enlarging(viewer, say) {
  if (!viewer.mammography) return [];
  const nodes = [act(button(say('enlarge'), keyOf('enlarge'), {}), () => viewer.enlarge())];
  if (viewer.others.length) {
    const label = say('other_images', { count: viewer.others.length });
    nodes.push(act(button(label, '', { others: '' }), () => viewer.showOthers()));
  }
  return nodes;
}
