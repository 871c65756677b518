/** Where labels stand so that none lies on another: each as near as it can to where it wants to be. Pure. */

const GAP = 2;
const RINGS = 14;
const EDGE = 2;

/** Do two boxes {x, y, width, height} share more than an edge? */
export function overlap(one, other, gap = 0) {
  return (
    one.x < other.x + other.width + gap &&
    other.x < one.x + one.width + gap &&
    one.y < other.y + other.height + gap &&
    other.y < one.y + one.height + gap
  );
}

/** Where a label may stand, nearest to its wish first: that, its other wishes, then rings around them. */
function* places({ want, also = [], width, height }) {
  const wishes = [want, ...also];
  for (const [x, y] of wishes) yield { x, y, width, height };
  const [across, down] = [width / 2 + GAP, height + GAP];
  for (let ring = 1; ring <= RINGS; ring += 1) {
    const around = [];
    for (let i = -ring; i <= ring; i += 1) for (const j of Math.abs(i) === ring ? range(ring) : [-ring, ring]) around.push([i * across, j * down]);
    around.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
    for (const [dx, dy] of around) for (const [x, y] of wishes) yield { x: x + dx, y: y + dy, width, height };
  }
}

const range = (ring) => Array.from({ length: 2 * ring + 1 }, (_, at) => at - ring);

/**
 * `labels`: [{want: [x, y] of the upper left corner, also: other such places as good, width, height}] in order of
 * weight; `within`: {width, height} of the pane; `taken`: boxes that stay where they are. → for each {x, y, width,
 * height, moved: whether it stands at none of its wishes}. Where the pane is full, a label stands where it wants to.
 */
export function layLabels(labels, within, taken = []) {
  const standing = [...taken];
  const kept = (box) => ({
    ...box,
    x: Math.max(EDGE, Math.min(within.width - box.width - EDGE, box.x)),
    y: Math.max(EDGE, Math.min(within.height - box.height - EDGE, box.y)),
  });
  return labels.map((label) => {
    const free = (box) => standing.every((other) => !overlap(box, other, GAP));
    const wishes = [label.want, ...(label.also ?? [])];
    let found = null;
    for (const place of places(label)) {
      const box = kept(place);
      if (!free(box)) continue;
      found = box;
      break;
    }
    const box = found ?? kept({ x: label.want[0], y: label.want[1], width: label.width, height: label.height });
    standing.push(box);
    const near = ([x, y]) => Math.abs(box.x - x) <= label.width / 2 && Math.abs(box.y - y) <= label.height / 2;
    return { ...box, moved: !wishes.some(near) };
  });
}

/** The line from a label that moved to what it names: from the middle of its nearest side. */
export function leader({ x, y, width, height }, [px, py]) {
  const ends = [
    [x, y + height / 2],
    [x + width, y + height / 2],
    [x + width / 2, y],
    [x + width / 2, y + height],
  ];
  const far = ([a, b]) => Math.hypot(a - px, b - py);
  const [x1, y1] = ends.reduce((best, end) => (far(end) < far(best) ? end : best));
  return { x1, y1, x2: px, y2: py };
}
