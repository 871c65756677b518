/** How pixels become grey. */

/**
 * The sigmoid display function of PS3.3 C.11.2.1.3.1, applied to pixels before display, because only one of
 * the two renderers knows it. Output 0…`top` with a window that spans it, so windowing stays possible.
 */
export function sigmoidTable(low, high, center, width, top = 4095) {
  const table = new Uint16Array(high - low + 1);
  for (let value = low; value <= high; value += 1) {
    table[value - low] = Math.round(top / (1 + Math.exp((-4 * (value - center)) / width)));
  }
  return table;
}

const first = (value) => (Array.isArray(value) ? value[0] : value);

/** The same for a VOI LUT (PS3.3 C.11.2.1.1): a table over `low`…`high`, clamped at its ends. */
export function lutTable(low, high, { firstValueMapped, lut }) {
  const table = new Uint16Array(high - low + 1);
  for (let value = low; value <= high; value += 1) {
    table[value - low] = lut[Math.max(0, Math.min(lut.length - 1, value - firstValueMapped))];
  }
  return table;
}

/** The file's first window, or null when it has none that can be used. */
function fileWindow(image) {
  const center = Number(first(image.windowCenter));
  const width = Number(first(image.windowWidth));
  return width > 0 && Number.isFinite(width) && Number.isFinite(center) ? { center, width } : null;
}

function setWindow(image, low, high) {
  image.windowWidth = Math.max(1, high - low + 1);
  image.windowCenter = (low + high + 1) / 2;
}

/** What the file asks for beyond a plain window, as a table over its pixel values; null for nothing. */
function tableFor(image, low, high, sigmoid, lut) {
  const shown = fileWindow(image);
  const bytes = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const top = bytes.BYTES_PER_ELEMENT === 1 ? 255 : 4095;
  if (sigmoid && shown) return { table: sigmoidTable(low, high, shown.center, shown.width, top), to: top };
  // Where a file has both a window and a table, either is right (C.11.2.1); the window can be changed.
  if (!shown && lut?.lut?.length) {
    const to = lut.lut.reduce((most, value) => Math.max(most, value), 1);
    return to <= 255 || top > 255 ? { table: lutTable(low, high, lut), to } : null;
  }
  return null;
}

/**
 * Makes a loaded image ready for either renderer, in place: a sound window, and the sigmoid or the
 * VOI LUT applied to the pixels when the file asks for one. Returns whether the pixels were changed.
 */
export function prepare(image) {
  // The loader hands on only the first letter of the function's name; the renderers refuse that.
  const sigmoid = String(image.voiLUTFunction ?? '').startsWith('S');
  const lut = image.voiLUT;
  image.voiLUTFunction = 'LINEAR';
  image.voiLUT = undefined;
  const low = Math.floor(image.minPixelValue);
  const high = Math.ceil(image.maxPixelValue);
  const asked = !image.color && high - low < 65536 ? tableFor(image, low, high, sigmoid, lut) : null;
  if (!asked) {
    const shown = fileWindow(image);
    if (shown) Object.assign(image, { windowCenter: shown.center, windowWidth: shown.width });
    else setWindow(image, low, high);
    return false;
  }
  const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = asked.table[Math.round(pixels[at]) - low];
  image.minPixelValue = asked.table.reduce((least, value) => Math.min(least, value), asked.to);
  image.maxPixelValue = asked.table.reduce((most, value) => Math.max(most, value), 0);
  setWindow(image, 0, asked.to);
  return true;
}
