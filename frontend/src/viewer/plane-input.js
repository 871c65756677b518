/** The mouse over a plane: left as chosen (crosshair, or scrolling where there is none), middle pans, right zooms. */
import { stepSize } from './drag.js';

const [LEFT, MIDDLE, RIGHT] = [0, 1, 2];
const ZOOM_STEP = 0.005;

function workOf(event, host, measure) {
  if (event.button === MIDDLE) return 'pan';
  if (event.button === RIGHT) return 'zoom';
  if (event.button !== LEFT) return null;
  if (measure) return 'measure';
  const tool = host.tool();
  if (['window', 'zoom', 'pan'].includes(tool)) return tool;
  return host.crossed ? 'cross' : 'scroll';
}

/** `host`: the planes (planes.js). */
export function bindPlane(view, host) {
  const { root } = view;
  let work = null;
  let last = null;
  let measure = null;
  const point = (event) => {
    const box = root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const moved = {
    cross: (at) => host.crossAt(view.voxelAt(at)),
    pan: ([x, y]) => host.pan(view, [x - last[0], y - last[1]]),
    zoom: ([, y]) => host.zoomBy(Math.exp((last[1] - y) * ZOOM_STEP)),
    window: ([x, y]) => host.windowBy(x - last[0], y - last[1]),
    measure: (at) => measure.move(at),
    scroll: ([, y]) => {
      const step = stepSize(root.clientHeight, view.count);
      const steps = Math.trunc((y - last[1]) / step);
      if (steps) host.scroll(steps);
      return steps * step;
    },
  };
  root.addEventListener('pointerdown', (event) => {
    host.activate(view);
    measure = event.button === LEFT ? (host.measures?.press(view, point(event)) ?? null) : null;
    work = workOf(event, host, measure);
    if (!work) return;
    root.setPointerCapture(event.pointerId);
    last = point(event);
    if (work === 'cross') moved.cross(last);
  });
  root.addEventListener('pointermove', (event) => {
    const at = point(event);
    if (!work) host.measures?.hover(view, at);
    if (!work) return;
    const used = moved[work](at);
    last = work === 'scroll' ? [at[0], last[1] + used] : at;
  });
  const stop = (event) => {
    if (work === 'measure') measure.end(point(event));
    work = null;
  };
  root.addEventListener('pointerup', stop);
  root.addEventListener('pointercancel', stop);
  root.addEventListener('contextmenu', (event) => event.preventDefault());
  root.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      event.stopPropagation();
      host.activate(view);
      if (event.ctrlKey) host.zoomBy(event.deltaY > 0 ? 1 / 1.12 : 1.12);
      else host.scroll(Math.sign(event.deltaY));
    },
    { passive: false },
  );
}
