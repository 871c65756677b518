/** Drawing a box on an image: the one gesture for a finding of one's own, and for putting another's in its place. */
import { svg } from '../lib/dom.js';
import { worldToPixel, scaleOf } from './measures.js';

const LEAST = 4;

/** [x, y] in pixels of the image that stands in a pane, of a point in CSS pixels of the pane. */
function pixelAt(pane, [x, y]) {
  return worldToPixel(pane.viewport.getImageData(), pane.viewport.canvasToWorld([x, y]), pane.cpu);
}

/** The longer side of a box in mm, null where the image has no spacing. */
function sizeOf([x0, y0, x1, y1], image) {
  const scale = scaleOf(image);
  if (scale.unit !== 'mm') return {};
  return { size_mm: Math.round(Math.max((x1 - x0) * scale.x, (y1 - y0) * scale.y) * 10) / 10 };
}

/**
 * Waits for a box on any of the stage's panes. Resolves to {sop_uid, frame, box, size_mm}, or null when it is given up
 * (Escape, a press without a drag).
 */
export function drawBox(stage) {
  return new Promise((resolve) => {
    const { root } = stage;
    const rectangle = svg('rect', { class: 'drawing', rx: 2 });
    // The images may stand in a window of their own.
    const pages = new Set([document, root.ownerDocument]);
    let from = null;
    let pane = null;
    const at = (event) => {
      const frame = pane.surface.getBoundingClientRect();
      return [event.clientX - frame.left, event.clientY - frame.top];
    };
    const end = (result) => {
      for (const [name, listener] of Object.entries(listeners)) root.removeEventListener(name, listener, true);
      pages.forEach((page) => page.removeEventListener('keydown', escape, true));
      root.classList.remove('drawing-box');
      rectangle.remove();
      resolve(result);
    };
    const escape = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      end(null);
    };
    const listeners = {
      pointerdown(event) {
        pane = stage.panes.find((one) => one.root.contains(event.target) && one.opened && !one.failed && one.image);
        if (!pane || event.button !== 0) return;
        event.stopPropagation();
        event.preventDefault();
        root.setPointerCapture?.(event.pointerId);
        from = at(event);
        pane.layer.append(rectangle);
      },
      pointermove(event) {
        if (!from) return;
        event.stopPropagation();
        const [x, y] = at(event);
        const place = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), width: Math.abs(x - from[0]), height: Math.abs(y - from[1]) };
        for (const [name, value] of Object.entries(place)) rectangle.setAttribute(name, value);
      },
      pointerup(event) {
        if (!from) return;
        event.stopPropagation();
        const to = at(event);
        if (Math.abs(to[0] - from[0]) < LEAST || Math.abs(to[1] - from[1]) < LEAST) {
          end(null);
          return;
        }
        // The image may be turned or mirrored, so the box is that around all four corners.
        const corners = [from, [to[0], from[1]], to, [from[0], to[1]]].map((point) => pixelAt(pane, point));
        const xs = corners.map(([x]) => x);
        const ys = corners.map(([, y]) => y);
        const { image } = pane;
        const within = (value, most) => Math.round(Math.max(0, Math.min(most, value)) * 100) / 100;
        const box = [
          within(Math.min(...xs), image.columns),
          within(Math.min(...ys), image.rows),
          within(Math.max(...xs), image.columns),
          within(Math.max(...ys), image.rows),
        ];
        end({ sop_uid: image.sop_uid, frame: image.frame, box, ...sizeOf(box, image) });
      },
      // The imaging tools listen for the mouse, which comes as well.
      mousedown: (event) => event.stopPropagation(),
      mousemove: (event) => from && event.stopPropagation(),
      mouseup: (event) => event.stopPropagation(),
    };
    for (const [name, listener] of Object.entries(listeners)) root.addEventListener(name, listener, true);
    pages.forEach((page) => page.addEventListener('keydown', escape, true));
    root.classList.add('drawing-box');
  });
}
