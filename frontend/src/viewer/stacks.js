/** From the page's series to what the image loader and the key bindings need. Pure. */

/** The address of one frame; the loader counts frames from 1, as DICOM does. */
export function imageId(image) {
  if (image.frames <= 1) return `wadouri:${image.url}`;
  return `wadouri:${image.url}${image.url.includes('?') ? '&' : '?'}frame=${image.frame}`;
}

/** Series that can be shown, the one with most images of the programme's kind first in reading order kept. */
export function readable(series) {
  return series.filter((one) => one.images.length > 0);
}

/** The series to open: that of the first finding, else the one with most images. */
export function openingSeries(series, findings) {
  const marked = findings.map((finding) => series.findIndex((one) => one.uid === finding.series_uid));
  const first = marked.find((index) => index >= 0);
  if (first !== undefined) return first;
  let best = 0;
  series.forEach((one, index) => {
    if (one.images.length > series[best].images.length) best = index;
  });
  return best;
}

/** Where a finding lives: {series, index}, or null when its image is not among those shown. */
export function placeOf(finding, series) {
  if (!finding?.sop_uid) return null;
  for (let at = 0; at < series.length; at += 1) {
    const index = series[at].images.findIndex(
      (image) => image.sop_uid === finding.sop_uid && image.frame === finding.frame,
    );
    if (index >= 0) return { series: at, index };
  }
  return null;
}

/**
 * How a finding shows on an image: "own" on its frame, "near" on slices its extent still reaches
 * (from position_z, mm), null elsewhere.
 */
export function nearness(finding, image, own) {
  if (finding.sop_uid === image.sop_uid && finding.frame === image.frame) return 'own';
  if (!own || !finding.size_mm || own.position_z === null || image.position_z === null) return null;
  if (own.position_z === undefined || image.position_z === undefined) return null;
  return Math.abs(own.position_z - image.position_z) <= finding.size_mm / 2 ? 'near' : null;
}

/** Indices to fetch ahead, nearest first, both ways from `at`. */
export function outward(at, count) {
  const order = [];
  for (let step = 1; step < count; step += 1) {
    if (at + step < count) order.push(at + step);
    if (at - step >= 0) order.push(at - step);
  }
  return order;
}

export function clampIndex(index, count) {
  return Math.max(0, Math.min(count - 1, index));
}
