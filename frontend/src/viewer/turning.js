/** Turning, mirroring and sizing an image where it stands; read-outs ask where its axes point now. */
import { bringTo, magnification, pixelToScreen, zoomAt } from './geometry.js';

const STEP = 1.25;

/** Where the image's axes point on the screen: {across, down}, each [x, y] with y downwards, per image pixel. */
export function axesOf(viewport, cpu) {
  const place = pixelToScreen(viewport, cpu);
  if (!place) return null;
  const [zero, right, down] = [place(0, 0), place(100, 0), place(0, 100)];
  const per = (to) => [(to[0] - zero[0]) / 100, (to[1] - zero[1]) / 100];
  return { across: per(right), down: per(down) };
}

/**
 * Letters at the edges of a turned or mirrored image from those of the image as stored ({left, right, top,
 * bottom}); by the axis that points there most. Pure.
 */
export function turnedLetters(stored, { across, down }) {
  const towards = (x, y) => {
    const along = across[0] * x + across[1] * y;
    const beside = down[0] * x + down[1] * y;
    if (Math.abs(along) >= Math.abs(beside)) return along > 0 ? stored.right : stored.left;
    return beside > 0 ? stored.bottom : stored.top;
  };
  return { left: towards(-1, 0), right: towards(1, 0), top: towards(0, -1), bottom: towards(0, 1) };
}

/** {degrees, mirrored}: how far the image is turned clockwise (0, 90, 180, 270), and whether it is seen from behind. */
export function turnOf({ across, down }) {
  const mirrored = across[0] * down[1] - across[1] * down[0] < 0;
  const quarter = Math.round(Math.atan2(across[1], across[0]) / (Math.PI / 2));
  return { degrees: (((quarter % 4) + 4) % 4) * 90, mirrored };
}

const centreOf = ({ surface }) => [surface.clientWidth / 2, surface.clientHeight / 2];

/** Changes the view, and keeps what is in the middle of the pane there. */
function around({ viewport }, centre, change) {
  const world = viewport.canvasToWorld(centre);
  change(viewport);
  bringTo(viewport, world, centre);
  viewport.render();
}

const usable = (pane) => pane?.opened && !pane.failed;

/** A quarter turn, clockwise on the screen. */
export function rotate(pane) {
  if (!usable(pane)) return;
  around(pane, centreOf(pane), (viewport) => {
    const before = turnOf(axesOf(viewport, pane.cpu));
    const turned = viewport.getRotation();
    viewport.setRotation((turned + 90) % 360);
    // The renderers do not agree which way a mirrored image turns.
    if (turnOf(axesOf(viewport, pane.cpu)).degrees !== (before.degrees + 90) % 360) viewport.setRotation((turned + 270) % 360);
  });
}

/** Mirrors across the screen (`axis` 0: left to right, 1: top to bottom), however the image is turned. */
export function flip(pane, axis) {
  if (!usable(pane)) return;
  around(pane, centreOf(pane), (viewport) => {
    const before = axesOf(viewport, pane.cpu);
    const mirrored = () => {
      const { across, down } = axesOf(viewport, pane.cpu);
      return [across, down].every((now, at) => {
        const then = [before.across, before.down][at];
        return Math.sign(Math.round(now[axis] * 1e6)) === -Math.sign(Math.round(then[axis] * 1e6));
      });
    };
    const toggle = (name) => viewport.setCamera({ [name]: !viewport.getCamera()[name] });
    toggle('flipHorizontal');
    if (mirrored()) return;
    toggle('flipHorizontal');
    toggle('flipVertical');
  });
}

/** Upright and as stored, as far as this module turned it. */
export function straighten(pane) {
  if (!pane?.opened) return;
  pane.viewport.setRotation(0);
  pane.viewport.setCamera({ flipHorizontal: false, flipVertical: false });
}

export function zoom(pane, larger) {
  if (!usable(pane)) return;
  zoomAt(pane.viewport, larger ? STEP : 1 / STEP, centreOf(pane));
  pane.viewport.render();
}

/** One pixel of the image on one of the screen; where it stands so already, the whole image in the pane. */
export function fitOrActual(pane) {
  if (!usable(pane)) return;
  const { viewport, cpu, surface } = pane;
  const now = magnification(viewport, cpu);
  const actual = 1 / (globalThis.devicePixelRatio || 1);
  const centre = centreOf(pane);
  if (Math.abs(now / actual - 1) > 0.01) {
    zoomAt(viewport, actual / now, centre);
  } else {
    const { across, down } = axesOf(viewport, cpu);
    const [columns, rows] = viewport.getImageData().dimensions;
    const reach = [0, 1].map((axis) => Math.abs(across[axis]) * columns + Math.abs(down[axis]) * rows);
    zoomAt(viewport, Math.min(surface.clientWidth / reach[0], surface.clientHeight / reach[1]), centre);
    const place = pixelToScreen(viewport, cpu);
    bringTo(viewport, viewport.canvasToWorld(place(columns / 2, rows / 2)), centre);
  }
  viewport.render();
}
