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

/** Where a slice lies in the patient, along the axis it faces most: "z −158.0 mm" (PS3.3 C.7.6.2); empty where unknown. */
export function positionOf({ rowCosines: row, columnCosines: column, imagePositionPatient: place }) {
  if (!row || !column || !place) return '';
  const normal = [0, 1, 2].map((axis) => Math.abs(row[(axis + 1) % 3] * column[(axis + 2) % 3] - row[(axis + 2) % 3] * column[(axis + 1) % 3]));
  const axis = normal.indexOf(Math.max(...normal));
  return Number.isFinite(place[axis]) ? `${'xyz'[axis]} ${signed(place[axis], 1)} mm` : '';
}

const isGrey = (image) => String(image?.photometric ?? '').startsWith('MONOCHROME');

export function writeCorners(pane, say) {
  const { parts, viewport, image } = pane;
  const lines = { tl: [], tr: [], br: [] };
  lines.tl.push(pane.title);
  const shown = isGrey(image) ? windowOf(viewport.getProperties().voiRange) : null;
  if (shown && !pane.failed) lines.tl.push(`W ${shown.width}  L ${signed(shown.level)}`);
  if (pane.count > 1) lines.tr.push(say('slice_of', { n: pane.index + 1, count: pane.count }));
  const id = pane.imageIds[pane.index];
  const facts = pane.failed ? {} : plane(id);
  const position = positionOf(facts);
  if (position) lines.tr.push(position);
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
  writeRuler(pane, axes, say);
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

/** Screen pixels a millimetre along the screen's vertical; null where the file gives pixels no size. */
function verticalScale(image, { across, down }) {
  if (!image?.spacing) return null;
  const [row, column] = image.spacing;
  const upright = Math.abs(down[1]) >= Math.abs(across[1]);
  return upright ? Math.hypot(...down) / row : Math.hypot(...across) / column;
}

function writeRuler(pane, axes, say) {
  const { clientWidth: width, clientHeight: height } = pane.surface;
  const perMm = axes ? verticalScale(pane.image, axes) : null;
  const name = (length) => (pane.image.spacing_at === 'detector' ? say('at_detector', { length }) : length);
  const left = pane.root.classList.contains('right-breast');
  const ruler = drawRuler(pane.ruler, perMm, { width, height, left, name });
  pane.root.dataset.ruler = ruler ? ruler.mm : '';
}
