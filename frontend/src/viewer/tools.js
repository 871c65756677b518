/** What the mouse does: left button as chosen, middle pans, right zooms. Scrolling is the pane's own. */
import {
  Enums,
  LengthTool,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';

const { Primary, Auxiliary, Secondary } = Enums.MouseBindings;

export const TOOLS = {
  window: WindowLevelTool.toolName,
  zoom: ZoomTool.toolName,
  pan: PanTool.toolName,
  length: LengthTool.toolName,
};

export function makeToolGroup(id) {
  const group = ToolGroupManager.createToolGroup(id);
  Object.values(TOOLS).forEach((name) => group.addTool(name));
  return group;
}

/** Makes `chosen` (a key of TOOLS, or "scroll") the left button's work; measures stay visible and can be moved. */
export function chooseTool(group, chosen) {
  const bindings = new Map(Object.values(TOOLS).map((name) => [name, []]));
  bindings.get(TOOLS.pan).push({ mouseButton: Auxiliary });
  bindings.get(TOOLS.zoom).push({ mouseButton: Secondary });
  if (TOOLS[chosen]) bindings.get(TOOLS[chosen]).push({ mouseButton: Primary });
  for (const [name, list] of bindings) {
    if (list.length) group.setToolActive(name, { bindings: list });
    else if (name === TOOLS.length) group.setToolPassive(name, { removeAllBindings: true });
    else group.setToolDisabled(name);
  }
}
