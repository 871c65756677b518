import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

import { compressed } from './plugins/compressed.js';
import { withoutStyleAttribute } from './plugins/style-attribute.js';
import { withoutUnreached } from './plugins/unreached.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, '../static/dist');
const entries = ['layouts', 'page', 'preferences', 'reading-room', 'sign-in', 'standing', 'tasks', 'worklist', 'upload'];

const HAN = '@expo-google-fonts/noto-sans-sc';
const FONTS = {
  'DejaVuSans.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  'DejaVuSans-Bold.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
  'DejaVuSans-Oblique.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans-Oblique.ttf',
  LICENSE: 'dejavu-fonts-ttf/LICENSE',
  'NotoSansSC-Regular.ttf': `${HAN}/400Regular/NotoSansSC_400Regular.ttf`,
  'LICENSE-NotoSansSC': `${HAN}/LICENSE_FONT`,
};

/** The printed report needs fonts with every script a name may have; they travel with the build. */
function printFonts() {
  return {
    name: 'print-fonts',
    closeBundle() {
      const to = path.join(out, 'fonts');
      fs.mkdirSync(to, { recursive: true });
      for (const [name, from] of Object.entries(FONTS)) {
        fs.copyFileSync(path.resolve(here, 'node_modules', from), path.join(to, name));
      }
    },
  };
}

const input = Object.fromEntries(
  entries
    .map((name) => [name, path.resolve(here, 'src', name, 'main.js')])
    .filter(([, file]) => fs.existsSync(file)),
);

export default defineConfig({
  root: here,
  base: '/static/dist/',
  publicDir: false,
  logLevel: 'warn',
  plugins: [withoutUnreached(), withoutStyleAttribute(), printFonts(), compressed(out)],
  worker: { format: 'es' },
  build: {
    outDir: out,
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 6000,
    rolldownOptions: {
      input,
      checks: { pluginTimings: false },
      // The codecs' glue asks for Node modules on a branch that browsers never take.
      onwarn: (warning, tell) => /externalized for browser/.test(warning.message) || tell(warning),
    },
  },
});
