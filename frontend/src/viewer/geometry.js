/** From image pixels to the screen, the same with both renderers. */

/**
 * World position (mm) of a point in pixels of the image, where whole numbers are pixel edges.
 * The CPU renderer counts from the edge of the first pixel, the GPU from its centre.
 */
export function pixelToWorld({ origin, spacing, direction }, x, y, cpu) {
  const half = cpu ? 0 : 0.5;
  const i = (x - half) * spacing[0];
  const j = (y - half) * spacing[1];
  return [0, 1, 2].map((axis) => origin[axis] + i * direction[axis] + j * direction[3 + axis]);
}

/** A function from image pixels to [x, y] in CSS pixels of the pane; null while there is no image. */
export function pixelToScreen(viewport, cpu) {
  const data = viewport.getImageData();
  if (!data) return null;
  return (x, y) => viewport.worldToCanvas(pixelToWorld(data, x, y, cpu));
}

/** Screen pixels per image pixel. */
export function magnification(viewport, cpu) {
  const place = pixelToScreen(viewport, cpu);
  if (!place) return null;
  const [a, b] = [place(0, 0), place(100, 0)];
  return Math.hypot(b[0] - a[0], b[1] - a[1]) / 100;
}

/** Moves the camera so that `world` comes to stand at `canvas` ([x, y] in CSS pixels). */
export function bringTo(viewport, world, canvas) {
  const there = viewport.canvasToWorld(canvas);
  const { focalPoint, position } = viewport.getCamera();
  const delta = world.map((value, axis) => value - there[axis]);
  viewport.setCamera({
    focalPoint: focalPoint.map((value, axis) => value + delta[axis]),
    position: position.map((value, axis) => value + delta[axis]),
  });
}

/** Enlarges by `factor`, keeping what is under `canvas` where it is. */
export function zoomAt(viewport, factor, canvas) {
  const world = viewport.canvasToWorld(canvas);
  const { parallelScale } = viewport.getCamera();
  viewport.setCamera({ parallelScale: parallelScale / factor });
  bringTo(viewport, world, canvas);
}
