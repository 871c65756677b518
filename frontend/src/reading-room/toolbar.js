/** The row of tools above the images: the same acts as the keys, pressed state included. */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';

const MOUSE_TOOLS = ['scroll', 'window', 'zoom', 'pan'];

function button(label, key, data) {
  const node = element('button', { type: 'button', data }, element('span', { text: label }));
  if (key) node.append(element('kbd', { text: key }));
  return node;
}

export function drawToolbar(root, { viewer, say, help }) {
  const act = (node, run) => {
    node.addEventListener('click', () => {
      run();
      node.blur();
    });
    return node;
  };
  const tools = MOUSE_TOOLS.filter((name) => name !== 'scroll' || !viewer.mammography).map((name) =>
    act(button(say(`tool_${name}`), '', { tool: name }), () => viewer.useTool(name)),
  );
  tools.push(act(button(say('tool_length'), keyOf('length'), { tool: 'length' }), () => viewer.useTool('length')));
  const presets = viewer.presets.map((preset) =>
    act(button(preset.label, keyOf(`window-${preset.key}`), { preset: preset.key }), () => viewer.preset(preset)),
  );
  const marks = act(button(say('ai_marks'), keyOf('marks'), { marks: '' }), () => viewer.toggleMarks());
  const heat = viewer.hasHeat
    ? [act(button(say('heat_map'), keyOf('heat'), { heat: '' }), () => viewer.toggleHeat()), strength(viewer, say)]
    : [];
  const invert = act(button(say('invert'), keyOf('invert'), { minor: '' }), () => viewer.invert());
  const reset = act(button(say('reset'), keyOf('reset'), { minor: '' }), () => viewer.reset());
  const more = act(button('', keyOf('show-keys'), { help: '' }), help);
  more.setAttribute('aria-label', say('all_keys'));
  const rule = () => element('i', {});
  root.replaceChildren(...tools, rule(), ...presets, presets.length ? rule() : '', marks, ...heat, invert, reset);
  root.append(...chooser(viewer, say, act), element('span', { class: 'spacer' }), more);
  const light = () => {
    root.querySelectorAll('[data-tool]').forEach((node) => {
      node.setAttribute('aria-pressed', String(node.dataset.tool === viewer.tool));
    });
    marks.setAttribute('aria-pressed', String(viewer.marks));
    if (heat.length) {
      heat[0].setAttribute('aria-pressed', String(viewer.heat));
      heat[1].hidden = !viewer.heat;
    }
  };
  viewer.listen(light);
  light();
}

function strength(viewer, say) {
  const value = Math.round(viewer.strength * 100);
  const node = element('input', { type: 'range', min: 10, max: 100, step: 10, value, 'aria-label': say('heat_strength'), hidden: true });
  node.addEventListener('input', () => viewer.setHeat(Number(node.value) / 100));
  node.addEventListener('change', () => node.blur());
  return node;
}

function chooser(viewer, say, act) {
  if (viewer.mammography) {
    const nodes = [act(button(say('enlarge'), keyOf('enlarge'), {}), () => viewer.enlarge())];
    if (viewer.others.length) {
      const label = say('other_images', { count: viewer.others.length });
      nodes.push(act(button(label, '', { others: '' }), () => viewer.showOthers()));
    }
    return nodes;
  }
  if (viewer.series.length < 2) return [];
  const select = element('select', { 'aria-label': say('series'), data: { part: 'series' } });
  viewer.series.forEach((series, index) => {
    const name = [series.number, series.description || series.modality].filter(Boolean).join(' · ');
    const label = `${name} (${series.images.length})`;
    select.append(element('option', { value: index, text: label, selected: index === viewer.at }));
  });
  select.addEventListener('change', () => {
    viewer.openSeries(Number(select.value));
    select.blur();
  });
  viewer.listen(() => {
    select.value = String(viewer.at);
  });
  return [element('i', {}), select];
}
