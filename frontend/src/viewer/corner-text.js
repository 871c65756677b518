/** The four corners and four edges of a pane: what, which slice, which window, how large, which way. */
import { metaData } from '@cornerstonejs/core';

import { signed } from '../lib/words.js';
import { magnification } from './geometry.js';
import { edgeLetters } from './hanging.js';
import { drawRuler } from './ruler.js';
import { axesOf, turnedLetters, turnOf } from './turning.js';

/** W and L of a display range, whole numbers. */
export function windowOf(range) {
  if (!range) return null;
  return { width: Math.round(range.upper - range.lower), level: Math.round((range.upper + range.lower) / 2) };
}

function plane(imageId) {
  return metaData.get('imagePlaneModule', imageId) ?? {};
}

export function writeCorners(pane, say) {
  const { parts, viewport, image } = pane;
  const lines = { tl: [], tr: [], br: [] };
  lines.tl.push(pane.title);
  const shown = windowOf(viewport.getProperties().voiRange);
  if (shown && !pane.failed) lines.tl.push(`W ${shown.width}  L ${signed(shown.level)}`);
  if (pane.count > 1) lines.tr.push(say('slice_of', { n: pane.index + 1, count: pane.count }));
  if (Number.isFinite(image?.position_z)) lines.tr.push(`z ${signed(image.position_z, 1)} mm`);
  const id = pane.imageIds[pane.index];
  const facts = pane.failed ? {} : plane(id);
  const scale = pane.failed ? null : magnification(viewport, pane.cpu);
  const axes = pane.failed ? null : axesOf(viewport, pane.cpu);
  const turn = axes ? turnOf(axes) : { degrees: 0, mirrored: false };
  if (turn.degrees) lines.br.push(say('turned', { degrees: turn.degrees }));
  if (turn.mirrored && !pane.hanging) lines.br.push(say('flipped'));
  if (facts.columnPixelSpacing && !facts.usingDefaultValues) {
    lines.br.push(`${facts.columnPixelSpacing.toFixed(2)} mm/px`);
  }
  if (scale) lines.br.push(say('zoom_at', { factor: scale.toFixed(scale < 1 ? 2 : 1) }));
  for (const corner of ['tl', 'tr']) parts[corner].textContent = lines[corner].join('\n');
  parts.br.textContent = lines.br.join(' · ');
  writeEdges(pane, facts, axes);
  writeRuler(pane, axes);
}

function writeEdges(pane, facts, axes) {
  const stored = edgeLetters({
    rowCosines: facts.usingDefaultValues || pane.flat ? null : facts.rowCosines,
    columnCosines: facts.usingDefaultValues || pane.flat ? null : facts.columnCosines,
    orientation: pane.orientation,
  });
  const edges = axes ? turnedLetters(stored, axes) : stored;
  for (const [edge, letter] of Object.entries(edges)) pane.parts[edge].textContent = pane.failed ? '' : letter;
}

/** Screen pixels a millimetre along the screen's vertical; null where the pixels have no size in the patient. */
function verticalScale(image, { across, down }) {
  if (!image?.spacing || image.spacing_at !== 'patient') return null;
  const [row, column] = image.spacing;
  const upright = Math.abs(down[1]) >= Math.abs(across[1]);
  return upright ? Math.hypot(...down) / row : Math.hypot(...across) / column;
}

function writeRuler(pane, axes) {
  const { clientWidth: width, clientHeight: height } = pane.surface;
  const perMm = axes ? verticalScale(pane.image, axes) : null;
  const left = pane.root.classList.contains('right-breast');
  const ruler = drawRuler(pane.ruler, perMm, { width, height, left });
  pane.root.dataset.ruler = ruler ? ruler.mm : '';
}
