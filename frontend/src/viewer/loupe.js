/** A magnifying glass: while the left button is down, the image's own pixels around the pointer, larger. */
import { cache } from '@cornerstonejs/core';

import { element } from '../lib/dom.js';
import { pixelToScreen } from './geometry.js';
import { cut, paintColours, paintGreys } from './paint.js';
import { axesOf } from './turning.js';

const SIZE = 320;
const LARGER = 3;

/** The image pixel under a point of the pane. */
function pixelAt([x, y], zero, { across, down }) {
  const [dx, dy] = [x - zero[0], y - zero[1]];
  const det = across[0] * down[1] - across[1] * down[0];
  return [(dx * down[1] - dy * down[0]) / det, (across[0] * dy - across[1] * dx) / det];
}

function regionCanvas(image, region, { voiRange, invert }) {
  const [x0, y0, x1, y1] = region;
  const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const samples = image.color ? Math.round(pixels.length / (image.columns * image.rows)) : 1;
  const part = cut(pixels, image.columns, region, samples);
  const data = new ImageData(x1 - x0, y1 - y0);
  const out = new Uint32Array(data.data.buffer);
  if (image.color) paintColours(out, part, samples, invert);
  else paintGreys(out, part, { ...voiRange, invert });
  const canvas = new OffscreenCanvas(x1 - x0, y1 - y0);
  canvas.getContext('2d').putImageData(data, 0, 0);
  return canvas;
}

function draw(glass, pane, point) {
  const { viewport, cpu } = pane;
  const image = cache.getImage(pane.imageIds[pane.index]);
  const axes = axesOf(viewport, cpu);
  if (!image || !axes) return;
  const now = Math.hypot(...axes.across);
  const scale = Math.max(now * LARGER, 1) / now;
  const [x, y] = pixelAt(point, pixelToScreen(viewport, cpu)(0, 0), axes);
  const reach = (SIZE / 2 / (now * scale)) * Math.SQRT2 + 1;
  const within = (value, most) => Math.max(0, Math.min(most, value));
  const region = [
    within(Math.floor(x - reach), image.columns),
    within(Math.floor(y - reach), image.rows),
    within(Math.ceil(x + reach), image.columns),
    within(Math.ceil(y + reach), image.rows),
  ];
  const context = glass.getContext('2d');
  context.resetTransform();
  context.fillStyle = '#000';
  context.fillRect(0, 0, SIZE, SIZE);
  if (region[2] <= region[0] || region[3] <= region[1]) return;
  const [a, b, c, d] = [...axes.across, ...axes.down].map((part) => part * scale);
  context.setTransform(a, b, c, d, SIZE / 2 - a * x - c * y, SIZE / 2 - b * x - d * y);
  context.drawImage(regionCanvas(image, region, viewport.getProperties()), region[0], region[1]);
}

/** `enabled()` → whether the left button is the loupe now. */
export function bindLoupe(pane, enabled) {
  const glass = element('canvas', { class: 'loupe', width: SIZE, height: SIZE });
  const follow = (event) => {
    const box = pane.surface.getBoundingClientRect();
    const point = [event.clientX - box.left, event.clientY - box.top];
    glass.style.translate = `${point[0] - SIZE / 2}px ${point[1] - SIZE / 2}px`;
    draw(glass, pane, point);
  };
  const hide = () => glass.remove();
  pane.surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !enabled() || !pane.opened || pane.failed) return;
    pane.surface.setPointerCapture(event.pointerId);
    pane.root.append(glass);
    follow(event);
  });
  pane.surface.addEventListener('pointermove', (event) => {
    if (glass.isConnected) follow(event);
  });
  pane.surface.addEventListener('pointerup', hide);
  pane.surface.addEventListener('pointercancel', hide);
}
