/** Which images are fetched before they are asked for, and in which order. Pure. */
import { openingSeries, placeOf } from './stacks.js';

/** Of every five slices fetched, so many lie where the reader is going. */
const FORWARD = 4;

/**
 * Indices to fetch around `at`, soonest wanted first: nearest both ways while standing, mostly onwards while
 * scrolling. `towards`: 1, −1 or 0. `most`: how many fit in the memory that may be used, that of `at` included.
 */
export function order(at, count, { towards = 0, most = count } = {}) {
  const lanes = { onwards: [], back: [] };
  const forward = towards < 0 ? -1 : 1;
  for (let step = 1; step < count; step += 1) {
    if (at + step * forward >= 0 && at + step * forward < count) lanes.onwards.push(at + step * forward);
    if (at - step * forward >= 0 && at - step * forward < count) lanes.back.push(at - step * forward);
  }
  const share = towards === 0 ? 1 : FORWARD;
  const found = [];
  while (found.length < most - 1 && (lanes.onwards.length || lanes.back.length)) {
    found.push(...lanes.onwards.splice(0, share), ...lanes.back.splice(0, 1));
  }
  return found.slice(0, Math.max(0, most - 1));
}

/** How many images of `bytes` each fit into `room` bytes; at least three, so that a neighbour is always there. */
export function fitting(bytes, room) {
  return bytes > 0 ? Math.max(3, Math.floor(room / bytes)) : Infinity;
}

/**
 * The files of a study that is not open yet, in the order in which opening it will want them, up to `budget`
 * bytes: [url]. `study`: {hang, series: [{uid, images: [{url, sop_uid, frame, bytes}]}], first}, where `first` is
 * the place of the first finding or null.
 */
export function filesAhead({ hang, series, first }, budget) {
  if (!series.length) return [];
  const wanted = hang === 'mammography' ? series.flatMap((one) => one.images) : stackFirst(series, first);
  const chosen = new Set();
  let left = budget;
  for (const image of wanted) {
    if (chosen.has(image.url)) continue;
    if (image.bytes > left) break;
    left -= image.bytes;
    chosen.add(image.url);
  }
  return [...chosen];
}

function stackFirst(series, first) {
  const findings = first ? [first] : [];
  const place = first ? placeOf(first, series) : null;
  const at = place ? place.series : openingSeries(series, findings);
  const { images } = series[at];
  const index = place ? place.index : Math.floor(images.length / 2);
  const others = series.filter((one) => one !== series[at]).flatMap((one) => one.images);
  return [images[index], ...order(index, images.length).map((each) => images[each]), ...others];
}
