/**
 * Files without their pixels. The loader keeps every file it has read beside the decoded image, so each slice
 * would be in memory twice; of a single-frame file only the header is asked for again.
 */

const PIXELS = 'x7fe00010';

function headerOnly(dataSet, header, end) {
  dataSet.byteArray = header;
  for (const [tag, element] of Object.entries(dataSet.elements)) {
    if (element.dataOffset >= end) delete dataSet.elements[tag];
    for (const item of element.items ?? []) if (item.dataSet) headerOnly(item.dataSet, header, end);
  }
}

/** Keeps of `dataSet`, in place, what lies before its pixels. False when there is nothing to gain. */
export function dropPixels(dataSet) {
  const pixels = dataSet?.elements?.[PIXELS];
  if (!pixels || dataSet.byteArray.length < pixels.dataOffset) return false;
  headerOnly(dataSet, dataSet.byteArray.slice(0, pixels.dataOffset), pixels.dataOffset);
  return true;
}

/** Drops pixels behind the loader's back, and lets it read the file again where it needs them again. */
export class LeanFiles {
  #lean = new Set();
  #files;

  /** `files`: the loader's cache of files (isLoaded, get, unload). */
  constructor(files) {
    this.#files = files;
  }

  /** To be called before a file's image is loaded: a file without pixels cannot give one. */
  before(url) {
    if (!this.#lean.delete(url)) return;
    while (this.#files.isLoaded(url)) this.#files.unload(url);
  }

  /** To be called once the image is there. Files of several frames are kept whole for the others. */
  after(url) {
    if (/[?&]frame=/.test(url) || !this.#files.isLoaded(url)) return;
    if (dropPixels(this.#files.get(url))) this.#lean.add(url);
  }
}
