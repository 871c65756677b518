/**
 * Stacks that are compared are seen at one scale and at one place: what is done to the active one, the others do.
 * Lengths are the renderers' millimetres; a pane is {viewport, size (CSS pixels)}. Pure.
 */

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function frameOf(viewport) {
  const { origin, spacing, dimensions, direction } = viewport.getImageData();
  const [row, column] = [[...direction].slice(0, 3), [...direction].slice(3, 6)];
  const [across, down] = [(spacing[0] * dimensions[0]) / 2, (spacing[1] * dimensions[1]) / 2];
  const middle = origin.map((value, axis) => value + row[axis] * across + column[axis] * down);
  return { row, column, middle };
}

/** {perPixel: millimetres a CSS pixel, across, down: from the middle of the image to that of the pane, mm}. */
export function viewOf({ viewport, size }) {
  const { row, column, middle } = frameOf(viewport);
  const { focalPoint, parallelScale } = viewport.getCamera();
  const from = focalPoint.map((value, axis) => value - middle[axis]);
  return { perPixel: (2 * parallelScale) / size.height, across: dot(from, row), down: dot(from, column) };
}

/** Shows `pane` as `view` says. Returns whether anything had to change: less than half a pixel is nothing. */
export function see(pane, view) {
  const now = viewOf(pane);
  const moved = Math.max(Math.abs(view.across - now.across), Math.abs(view.down - now.down)) / view.perPixel;
  if (moved < 0.5 && Math.abs(view.perPixel / now.perPixel - 1) < 1e-3) return false;
  const { row, column } = frameOf(pane.viewport);
  const { focalPoint, position } = pane.viewport.getCamera();
  const step = row.map((_, axis) => row[axis] * (view.across - now.across) + column[axis] * (view.down - now.down));
  pane.viewport.setCamera({
    parallelScale: (view.perPixel * pane.size.height) / 2,
    focalPoint: focalPoint.map((value, axis) => value + step[axis]),
    position: position.map((value, axis) => value + step[axis]),
  });
  return true;
}
