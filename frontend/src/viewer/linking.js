/**
 * Stacks that scroll together by patient position. Two studies have two frames of reference, so their stacks are
 * linked by an offset: that between the two slices at which they were linked. Pure but for the class's state.
 */

const known = (image) => Number.isFinite(image?.position_z);

/** The image of `images` that lies nearest to `position` (mm along the normal); -1 where no position is known. */
export function nearestAt(images, position) {
  let best = -1;
  images.forEach((image, index) => {
    if (!known(image)) return;
    if (best < 0 || Math.abs(image.position_z - position) < Math.abs(images[best].position_z - position)) best = index;
  });
  return best;
}

/** The share of the way through the stack, for stacks without positions. */
function byShare(from, index, to) {
  return Math.round((index / Math.max(1, from.length - 1)) * (to.length - 1));
}

/**
 * Which image of `to` belongs to image `index` of `from`. `offset`: mm to add to a position of `from` to get that of
 * `to`; null where positions say nothing.
 */
export function partner(from, index, to, offset) {
  if (offset === null || !known(from[index])) return byShare(from, index, to);
  const at = nearestAt(to, from[index].position_z + offset);
  return at < 0 ? byShare(from, index, to) : at;
}

/** The offset that makes image `a` of `from` and `b` of `to` one place; null where either has no position. */
export function offsetAt(from, a, to, b) {
  return known(from[a]) && known(to[b]) ? to[b].position_z - from[a].position_z : null;
}

/** The offset at which the middles of two stacks lie together. */
export function offsetOfMiddles(from, to) {
  const middle = (images) => {
    const places = images.filter(known).map((image) => image.position_z);
    return places.length ? (Math.min(...places) + Math.max(...places)) / 2 : null;
  };
  const [a, b] = [middle(from), middle(to)];
  return a === null || b === null ? null : b - a;
}
