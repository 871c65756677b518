/** Beside every file of the build its compressed forms, so that the server never compresses while somebody waits. */
import fs from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const WORTH_IT = /\.(js|css|wasm|svg|json)$/;
const LEAST = 1024;

/** The compressed forms of some bytes, each with its ending; none where they save nothing. */
export function forms(name, data) {
  if (!WORTH_IT.test(name) || data.length < LEAST) return [];
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } };
  return [
    ['.br', brotliCompressSync(data, brotli)],
    ['.gz', gzipSync(data, { level: 9 })],
  ].filter(([, packed]) => packed.length < data.length * 0.9);
}

export function compressed(out) {
  return {
    name: 'compressed',
    closeBundle() {
      const folder = path.join(out, 'assets');
      for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
        const file = path.join(folder, name);
        for (const [ending, packed] of forms(name, fs.readFileSync(file))) fs.writeFileSync(file + ending, packed);
      }
    },
  };
}
