/** What the mouse does: left button as chosen, middle pans, right zooms. Scrolling is the pane's own. */
import { cache, eventTarget, metaData, utilities } from '@cornerstonejs/core';
import {
  AngleTool,
  ArrowAnnotateTool,
  BidirectionalTool,
  EllipticalROITool,
  Enums,
  LengthTool,
  PanTool,
  ProbeTool,
  RectangleROITool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
  annotation,
  utilities as toolUtilities,
} from '@cornerstonejs/tools';

import { linesFor } from './measure-text.js';
import { scaleOf, worldToPixel } from './measures.js';
import { askText } from './text-field.js';

const { Primary, Auxiliary, Secondary } = Enums.MouseBindings;

/** Tools that leave something on the image, by the names the page uses. */
export const MEASURES = {
  length: LengthTool,
  bidirectional: BidirectionalTool,
  angle: AngleTool,
  ellipse: EllipticalROITool,
  rectangle: RectangleROITool,
  arrow: ArrowAnnotateTool,
  probe: ProbeTool,
};

const HANDLING = { window: WindowLevelTool, zoom: ZoomTool, pan: PanTool };
const ALL = { ...HANDLING, ...MEASURES };

export const TOOLS = Object.fromEntries(Object.entries(ALL).map(([name, tool]) => [name, tool.toolName]));
export const TOOL_CLASSES = Object.values(ALL);

const measured = new Set(Object.keys(MEASURES).map((name) => TOOLS[name]));

/** Hounsfield units only where the file gives a rescale and claims no other unit (PS3.3 C.11.1.1.2). */
function hounsfield(imageId) {
  const series = metaData.get('generalSeriesModule', imageId);
  const rescale = metaData.get('modalityLutModule', imageId);
  const type = String(rescale?.rescaleType ?? 'HU').trim() || 'HU';
  return series?.modality === 'CT' && Number.isFinite(rescale?.rescaleIntercept) && type === 'HU';
}

/** The pixels behind a measure; null for colour, and where a display function has changed them. */
function valuesOf(imageId) {
  const image = cache.getImage(imageId);
  if (!image || image.color || image.displayed) return null;
  const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
  return { pixels, columns: image.columns, rows: image.rows, unit: hounsfield(imageId) ? 'HU' : '' };
}

/** `host`: {say, cpu, imageOf(viewport) → image of the page, field → element for a text field}. */
function lines(tool, host) {
  return (data, target) => {
    const imageId = String([target].flat()[0] ?? '').replace(/^imageId:/, '');
    const shown = utilities.getViewportsWithImageURI(utilities.imageIdToURI(imageId));
    const viewport = shown.find((one) => one.getCurrentImageId() === imageId);
    const place = viewport?.getImageData();
    if (!place) return [];
    return linesFor(tool, {
      points: data.handles.points.map((point) => worldToPixel(place, point, host.cpu)),
      scale: scaleOf(host.imageOf(viewport)),
      values: valuesOf(imageId),
      say: host.say,
    });
  };
}

function arrowTexts(host) {
  const ask = (value, done) => askText(host.field(), { label: host.say('arrow_text'), button: host.say('arrow_keep'), value, done });
  return {
    getTextCallback: (done) => ask('', done),
    changeTextCallback: (data, _event, done) => ask(data.label ?? data.text ?? '', (text) => text && done(text)),
  };
}

export function makeToolGroup(id, host) {
  const group = ToolGroupManager.createToolGroup(id);
  for (const name of Object.values(TOOLS)) {
    const own = name === TOOLS.arrow ? arrowTexts(host) : measured.has(name) ? { getTextLines: lines(name, host) } : {};
    group.addTool(name, own);
  }
  // What was just drawn is the chosen one, so that the same key that takes away a chosen measure takes it back.
  eventTarget.addEventListener(Enums.Events.ANNOTATION_COMPLETED, ({ detail }) => {
    annotation.selection.setAnnotationSelected(detail.annotation.annotationUID, true);
  });
  return group;
}

/** Makes `chosen` (a key of TOOLS; "scroll" and "loupe" are the panes' own) the left button's work; measures stay visible and can be moved. */
export function chooseTool(group, chosen) {
  const bindings = new Map(Object.values(TOOLS).map((name) => [name, []]));
  bindings.get(TOOLS.pan).push({ mouseButton: Auxiliary });
  bindings.get(TOOLS.zoom).push({ mouseButton: Secondary });
  if (TOOLS[chosen]) bindings.get(TOOLS[chosen]).push({ mouseButton: Primary });
  for (const [name, list] of bindings) {
    if (list.length) group.setToolActive(name, { bindings: list });
    else if (measured.has(name)) group.setToolPassive(name, { removeAllBindings: true });
    else group.setToolDisabled(name);
  }
}

/** Takes away the chosen measures of these viewports' images. Returns how many there were. */
export function removeChosen(viewports) {
  const chosen = annotation.selection
    .getAnnotationsSelected()
    .map((uid) => annotation.state.getAnnotation(uid))
    .filter((one) => one && measured.has(one.metadata.toolName));
  chosen.forEach((one) => {
    annotation.selection.setAnnotationSelected(one.annotationUID, false);
    annotation.state.removeAnnotation(one.annotationUID);
  });
  toolUtilities.triggerAnnotationRenderForViewportIds(viewports.map((viewport) => viewport.id));
  return chosen.length;
}
