/**
 * Parts of the imaging libraries that the room never reaches are left out of the build: 1.2 MB that every page
 * would otherwise read before its first image. Each is replaced by what little of it is used, and anything that
 * does reach further says so by throwing.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const need = createRequire(import.meta.url);
const LIBRARIES = ['core', 'dicom-image-loader', 'metadata', 'tools', 'utils'];

/** Of the dictionary's 5,000 keywords those that the imaging libraries' own sources mention, in whatever case. */
export function keywordsUsed(dictionary) {
  const byLower = new Map(Object.keys(dictionary).map((name) => [name.toLowerCase(), name]));
  const used = new Set();
  for (const library of LIBRARIES) {
    const folder = need.resolve(`@cornerstonejs/${library}`).replace(/dist\/.*$/, 'dist/esm');
    for (const file of fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.js'))) {
      for (const [word] of fs.readFileSync(path.join(folder, file), 'utf8').matchAll(/[A-Za-z]\w{2,}/g)) {
        const keyword = byLower.get(word.toLowerCase());
        if (keyword) used.add(keyword);
      }
    }
  }
  return [...used].sort();
}

/**
 * dcmjs reads and writes files; we read ours with dicom-parser. Its log looks into cookies and storage for each of
 * its forty names, which takes longer than drawing an image: warnings and errors go to the console, no more.
 */
export async function dcmjsInShort() {
  const { default: dcmjs } = await import('dcmjs');
  const { nameMap } = dcmjs.data.DicomMetaDictionary;
  const names = Object.fromEntries(
    keywordsUsed(nameMap).map((name) => {
      const { tag, vr, vm } = nameMap[name];
      return [name, { tag, vr, vm, name }];
    }),
  );
  const { constants } = dcmjs;
  const used = ['IMPLICIT_LITTLE_ENDIAN', 'EXPLICIT_LITTLE_ENDIAN', 'DEFLATED_EXPLICIT_LITTLE_ENDIAN', 'EXPLICIT_BIG_ENDIAN'];
  const syntaxes = Object.fromEntries(used.map((name) => [name, constants[name]]));
  return `
    const quiet = () => {};
    const loggers = new Map();
    const make = () => ({
      trace: quiet, debug: quiet, info: quiet, log: quiet,
      warn: (...said) => console.warn(...said), error: (...said) => console.error(...said),
      setLevel: quiet, setDefaultLevel: quiet, getLevel: () => 3, enableAll: quiet, disableAll: quiet,
      levels: { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, SILENT: 5 },
    });
    export const log = { ...make(), getLogger: (name) => loggers.get(name) ?? loggers.set(name, make()).get(name) };
    class LeftOut { constructor() { throw new Error('Left out of this build: see plugins/unreached.js.'); } }
    export const constants = ${JSON.stringify(syntaxes)};
    export const data = { DicomMetaDictionary: { dictionary: {}, nameMap: ${JSON.stringify(names)} } };
    export const utilities = { DicomMetadataListener: LeftOut };
    const reading = { AsyncDicomReader: LeftOut };
    export default { log, constants, data, utilities, async: reading };
  `;
}

const LEFT_OUT = `export default { newInstance() { throw new Error('Left out of this build: see plugins/unreached.js.'); } };`;

/** [what is asked for, what it gets]. Surfaces from XML files, and a renderer that the room does not choose. */
export const REPLACED = [
  [/^dcmjs$/, dcmjsInShort],
  [/@kitware\/vtk\.js\/IO\/XML\/XMLPolyDataReader(\.js)?$/, () => LEFT_OUT],
  [/\/WebGPU\/Profiles\/\w+(\.js)?$/, () => 'export {};'],
];

/** Fails the build when one of them is not asked for any more, so that the list stays true. */
export function withoutUnreached() {
  const met = new Set();
  return {
    name: 'without-unreached',
    enforce: 'pre',
    buildStart() {
      met.clear();
    },
    resolveId(source) {
      const at = REPLACED.findIndex(([pattern]) => pattern.test(source));
      if (at < 0) return null;
      met.add(at);
      return `\0left-out-${at}.js`;
    },
    load(id) {
      const at = /^\0left-out-(\d+)\.js$/.exec(id);
      return at ? REPLACED[Number(at[1])][1]() : null;
    },
    buildEnd(error) {
      const gone = REPLACED.filter((_each, at) => !met.has(at)).map(([pattern]) => String(pattern));
      if (!error && gone.length) this.error(`No longer asked for by the libraries: ${gone.join(', ')}.`);
    },
  };
}
