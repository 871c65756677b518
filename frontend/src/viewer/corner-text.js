/** The four corners and four edges of a pane: what, which slice, which window, how large, which way. */
import { metaData } from '@cornerstonejs/core';

import { signed } from '../lib/words.js';
import { magnification } from './geometry.js';
import { edgeLetters } from './hanging.js';

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
  if (facts.columnPixelSpacing && !facts.usingDefaultValues) {
    lines.br.push(`${facts.columnPixelSpacing.toFixed(2)} mm/px`);
  }
  if (scale) lines.br.push(say('zoom_at', { factor: scale.toFixed(scale < 1 ? 2 : 1) }));
  for (const corner of ['tl', 'tr']) parts[corner].textContent = lines[corner].join('\n');
  parts.br.textContent = lines.br.join(' · ');
  writeEdges(pane, facts);
}

function writeEdges(pane, facts) {
  const camera = pane.failed ? {} : pane.viewport.getCamera();
  const edges = edgeLetters({
    rowCosines: facts.usingDefaultValues || pane.flat ? null : facts.rowCosines,
    columnCosines: facts.usingDefaultValues || pane.flat ? null : facts.columnCosines,
    orientation: pane.orientation,
    flipHorizontal: camera.flipHorizontal,
    flipVertical: camera.flipVertical,
  });
  for (const [edge, letter] of Object.entries(edges)) pane.parts[edge].textContent = pane.failed ? '' : letter;
}
