/** Starts the imaging libraries once: renderer, loader, workers, tools. */
import * as core from '@cornerstonejs/core';
import dicomImageLoader from '@cornerstonejs/dicom-image-loader';
import * as tools from '@cornerstonejs/tools';

import { prepare } from './display.js';
import { LeanFiles } from './lean.js';
import { TOOL_CLASSES } from './tools.js';

const CACHE_BYTES = 1024 ** 3;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|microsoft basic render/i;

const REMEMBERED = 'gpu-is-software';

/** True when there is no WebGL or a program on the CPU stands in for the GPU: then plain canvas is quicker. */
export function gpuIsSoftware(store = window.sessionStorage) {
  const known = store.getItem(REMEMBERED);
  if (known !== null) return known === 'yes';
  const found = askTheGpu();
  store.setItem(REMEMBERED, found ? 'yes' : 'no');
  return found;
}

/** Starting a context only to ask its name takes longer than drawing an image, so a tab asks once. */
function askTheGpu() {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) return true;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return SOFTWARE.test(name);
}

const lean = new LeanFiles(dicomImageLoader.wadouri.dataSetCacheManager);

/** The ordinary loader, with display functions the renderers lack applied to the pixels, and each pixel kept once. */
function load(imageId, options) {
  const url = imageId.slice(imageId.indexOf(':') + 1);
  lean.before(url);
  const pending = dicomImageLoader.wadouri.loadImage(imageId, options);
  return {
    ...pending,
    promise: pending.promise.then((image) => {
      // What a display function changed is no longer what the scanner measured.
      image.displayed = prepare(image);
      lean.after(url);
      return image;
    }),
  };
}

/** Starts the decoder while the first image is on its way, by decoding one pixel. */
function warmUp() {
  const imageFrame = { rows: 1, columns: 1, bitsAllocated: 16, samplesPerPixel: 1, pixelRepresentation: 0 };
  const task = { imageFrame, transferSyntax: '1.2.840.10008.1.2.1', pixelData: new Uint8Array(2), decodeConfig: {} };
  const options = { preScale: { enabled: false } };
  // A decoder that cannot start says so with the first image.
  core.getWebWorkerManager().executeTask('dicomImageLoader', 'decodeTask', { ...task, options }).catch(() => null);
}

/** `renderer`: "cpu", "gpu" or "auto". Returns the rendering engine and whether it draws on the CPU. */
export function start(renderer = 'auto') {
  core.init();
  const cpu = renderer === 'auto' ? gpuIsSoftware() : renderer === 'cpu';
  core.setUseCPURendering(cpu, false);
  core.cache.setMaxCacheSize(CACHE_BYTES);
  const workers = Math.max(1, Math.min(4, Math.floor((navigator.hardwareConcurrency || 2) / 2)));
  dicomImageLoader.init({ maxWebWorkers: workers, useLegacyMetadataProvider: true });
  warmUp();
  core.imageLoader.registerImageLoader('wadouri', load);
  tools.init();
  TOOL_CLASSES.forEach((tool) => tools.addTool(tool));
  colourMeasures(tools.annotation.config.style);
  return { engine: new core.RenderingEngine('reading-room'), cpu };
}

/** Measures are the reader's: the colour of what a person does, never that of the AI. */
function colourMeasures(style) {
  const styles = style.getDefaultToolStyles();
  const [calm, bright] = ['rgb(227, 210, 111)', 'rgb(255, 240, 160)'];
  style.setDefaultToolStyles({
    ...styles,
    global: {
      ...styles.global,
      color: calm,
      colorHighlighted: bright,
      colorSelected: bright,
      textBoxColor: calm,
      textBoxColorHighlighted: bright,
      textBoxColorSelected: bright,
      textBoxFontFamily: 'system-ui, sans-serif',
      textBoxFontSize: '13px',
    },
  });
}
