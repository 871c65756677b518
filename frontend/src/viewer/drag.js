/** Scrolling by drag: the further the pointer goes, the further the stack; a whole stack fits the pane's height. */
import { state } from '@cornerstonejs/tools';

export function stepSize(height, count) {
  return Math.max(3, Math.min(20, height / Math.max(1, count)));
}

/** `enabled()` → whether the left button scrolls now. `scroll(by)` gets whole steps. */
export function bindDrag(surface, { enabled, count, scroll }) {
  let from = null;
  const stop = () => {
    from = null;
  };
  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !enabled() || count() < 2) return;
    from = event.clientY;
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener('pointermove', (event) => {
    // A press on a measure moves that, not the stack.
    if (state.isInteractingWithTool) stop();
    if (from === null) return;
    const step = stepSize(surface.clientHeight, count());
    const steps = Math.trunc((event.clientY - from) / step);
    if (steps === 0) return;
    from += steps * step;
    scroll(steps);
  });
  surface.addEventListener('pointerup', stop);
  surface.addEventListener('pointercancel', stop);
}
