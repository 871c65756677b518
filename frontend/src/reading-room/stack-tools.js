/** What of a stack is shown, in the bar of how images hang: three planes, a slab, another series. */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';
import { SLABS } from '../viewer/planes.js';
import { act, button, rule } from './toolbar.js';

export function stackTools(viewer, say) {
  const volume = volumes(viewer, say);
  const nodes = [...volume.nodes, ...chooser(viewer, say)];
  viewer.listen(volume.light);
  volume.light();
  return nodes.length ? [rule(), ...nodes] : [];
}

/** Three planes and the slab, with its thickness while it is on. */
function volumes(viewer, say) {
  if (viewer.mammography || !viewer.series.some((series) => series.volume)) return { nodes: [], light: () => {} };
  const planes = act(button(say('planes'), keyOf('planes'), { minor: '', planes: '' }), () => viewer.planes.toggle('three'));
  const slab = act(button(say('slab'), keyOf('slab'), { minor: '', slab: '' }), () => viewer.planes.toggle('slab'));
  const thick = element('select', { 'aria-label': say('slab_thickness'), data: { part: 'slab-mm' }, hidden: true });
  for (const mm of SLABS) thick.append(element('option', { value: mm, text: say('slab_mm', { mm }), selected: mm === viewer.planes.slabMm }));
  thick.addEventListener('change', () => {
    viewer.planes.setSlab(Number(thick.value));
    thick.blur();
  });
  const light = () => {
    planes.setAttribute('aria-pressed', String(viewer.planes.layout === 'three'));
    const on = Boolean(viewer.planes.layout) && viewer.planes.thick;
    slab.setAttribute('aria-pressed', String(on));
    thick.hidden = !on;
  };
  return { nodes: [planes, slab, thick], light };
}

function chooser(viewer, say) {
  if (viewer.mammography || viewer.series.length < 2) return [];
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
  return [select];
}
