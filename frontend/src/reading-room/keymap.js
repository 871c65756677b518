/** What the keys of the reading room do. Which keys those are, and how they are listed, says accounts/keymap.py. */

/** {name of an act: function}; null where this study has no use for it. */
export function roomActs({ viewer, report }) {
  return {
    'previous-slice': () => viewer.scroll(-1),
    'next-slice': () => viewer.scroll(1),
    'first-slice': () => viewer.toEnd(-1),
    'last-slice': () => viewer.toEnd(1),
    ...Object.fromEntries(viewer.presets.map((preset) => [`window-${preset.key}`, () => viewer.preset(preset)])),
    invert: () => viewer.invert(),
    reset: () => viewer.reset(),
    length: () => viewer.toggleLength(),
    marks: () => viewer.toggleMarks(),
    heat: () => viewer.toggleHeat(),
    'previous-finding': () => viewer.stepFinding(-1),
    'next-finding': () => viewer.stepFinding(1),
    enlarge: viewer.mammography ? () => viewer.enlarge() : null,
    edit: () => report.sections.enter(),
    normal: () => report.insertNormal(),
    save: () => report.save(),
    sign: () => report.sign(),
    claim: () => report.claim(),
    next: () => report.next(),
  };
}
