/** Which way an image hangs, how large, and what its edges are called. Pure. */

/** Values of a DICOM orientation, given as "P\\FL" or ["P", "FL"]. */
function directions(orientation) {
  const values = Array.isArray(orientation) ? orientation : String(orientation ?? '').split('\\');
  return values.map((value) => String(value).trim().toUpperCase());
}

/**
 * Flips that bring the chest wall to the middle (right breast: at its right edge) and the head, or
 * the outer side in a CC view, up. Without PatientOrientation (PS3.3 C.7.6.1.1.1) nothing is flipped.
 */
export function flipsFor(side, view, orientation) {
  const [row = '', column = ''] = directions(orientation);
  const towardsChest = side === 'R' ? 'P' : 'A';
  const away = side === 'R' ? 'A' : 'P';
  const flipHorizontal = row.startsWith(away) && !row.startsWith(towardsChest);
  const up = view === 'CC' ? side : 'H';
  const flipVertical = column.startsWith(up);
  return { flipHorizontal, flipVertical };
}

/**
 * CSS pixels a millimetre at which every image still fits its pane: the one scale of all.
 * `shown`: [{extent (mm), size (CSS pixels of the pane)}]; null where there is none.
 */
export function commonZoom(shown) {
  const zooms = shown.map(({ extent, size }) => Math.min(size.width / extent.width, size.height / extent.height));
  return zooms.length ? Math.min(...zooms) : null;
}

const OPPOSITE = { R: 'L', L: 'R', A: 'P', P: 'A', H: 'F', F: 'H' };

const opposite = (text) => [...text].map((letter) => OPPOSITE[letter] ?? letter).join('');

/** Letters of a patient direction (LPS vector), strongest first, small parts left out. */
export function letters([x, y, z]) {
  const parts = [
    [Math.abs(x), x > 0 ? 'L' : 'R'],
    [Math.abs(y), y > 0 ? 'P' : 'A'],
    [Math.abs(z), z > 0 ? 'H' : 'F'],
  ];
  return parts
    .filter(([size]) => size > 0.25)
    .sort((a, b) => b[0] - a[0])
    .map(([, letter]) => letter)
    .join('');
}

/** What stands at the four edges of an image: {left, right, top, bottom}; empty where unknown. */
export function edgeLetters({ rowCosines, columnCosines, orientation, flipHorizontal, flipVertical }) {
  let [right, bottom] = directions(orientation);
  if (rowCosines && columnCosines) {
    right = letters(rowCosines);
    bottom = letters(columnCosines);
  }
  right = right ?? '';
  bottom = bottom ?? '';
  const across = [opposite(right), right];
  const down = [opposite(bottom), bottom];
  if (flipHorizontal) across.reverse();
  if (flipVertical) down.reverse();
  return { left: across[0], right: across[1], top: down[0], bottom: down[1] };
}
