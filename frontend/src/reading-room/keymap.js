/** Every key of the reading room, in one table: what it is called, what it does, where it is listed. */

/** [{group, keys, name, run}]; `name` is a key of the page's strings. */
export function keymap({ viewer, report, help }) {
  const list = [
    { group: 'images', keys: ['ArrowUp'], name: 'key_previous_slice', run: () => viewer.scroll(-1) },
    { group: 'images', keys: ['ArrowDown'], name: 'key_next_slice', run: () => viewer.scroll(1) },
    { group: 'images', keys: ['Home'], name: 'key_first_slice', run: () => viewer.toEnd(-1) },
    { group: 'images', keys: ['End'], name: 'key_last_slice', run: () => viewer.toEnd(1) },
    ...viewer.presets.map((preset) => ({
      group: 'images',
      keys: [preset.key],
      label: preset.label,
      run: () => viewer.preset(preset),
    })),
    { group: 'images', keys: ['I'], name: 'key_invert', run: () => viewer.invert() },
    { group: 'images', keys: ['Space'], name: 'key_reset', run: () => viewer.reset() },
    { group: 'images', keys: ['L'], name: 'key_length', run: () => viewer.toggleLength() },
    { group: 'images', keys: ['M'], name: 'key_marks', run: () => viewer.toggleMarks() },
    { group: 'images', keys: ['H'], name: 'key_heat', run: () => viewer.toggleHeat() },
    { group: 'images', keys: ['['], name: 'key_previous_finding', run: () => viewer.stepFinding(-1) },
    { group: 'images', keys: [']'], name: 'key_next_finding', run: () => viewer.stepFinding(1) },
    { group: 'report', keys: ['E'], name: 'key_edit', run: () => report.sections.enter() },
    { group: 'report', keys: ['N'], name: 'key_normal', run: () => report.insertNormal() },
    { group: 'report', keys: ['Ctrl+S'], name: 'key_save', run: () => report.save() },
    { group: 'report', keys: ['Ctrl+Enter'], name: 'key_sign', run: () => report.sign() },
    { group: 'report', keys: ['C'], name: 'key_claim', run: () => report.claim() },
    { group: 'report', keys: ['J'], name: 'key_next', run: () => report.next() },
    { group: 'report', keys: ['?'], name: 'key_help', run: help },
  ];
  if (viewer.mammography) {
    list.push({ group: 'images', keys: ['F'], name: 'key_enlarge', run: () => viewer.enlarge() });
  }
  return list;
}

/** Name as `lib/keys` gives it → function. Throws when two acts want one key. */
export function toTable(list) {
  const table = new Map();
  for (const { keys, run } of list) {
    for (const key of keys) {
      const name = key.toLowerCase();
      if (table.has(name)) throw new Error(`Two acts on the key ${key}.`);
      table.set(name, run);
    }
  }
  return table;
}
