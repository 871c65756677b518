/**
 * The page's policy forbids style attributes. One line of the annotation tools sets one, through setAttribute; the
 * build writes it through the style object instead, which the policy allows.
 */

export const UPSTREAM = {
  file: '@cornerstonejs/tools/dist/esm/drawingSvg/drawTextBox.js',
  line: "textElement.setAttribute('style', combinedStyle);",
};

const CALL = /([\w.]+)\.setAttribute\(\s*(['"`])style\2\s*,\s*/g;

/** The code without such calls, and how many there were. */
export function replaceStyleAttributes(code) {
  let count = 0;
  const replaced = code.replace(CALL, (_whole, node) => {
    count += 1;
    return `${node}.style.cssText = (`;
  });
  return { code: replaced, count };
}

/** Fails the build when the tools set style attributes at another number of places than the one we know. */
export function withoutStyleAttribute() {
  const found = [];
  return {
    name: 'without-style-attribute',
    buildStart() {
      found.length = 0;
    },
    transform(code, id) {
      if (!/node_modules\/@(cornerstonejs|kitware)\//.test(id)) return null;
      const { code: replaced, count } = replaceStyleAttributes(code);
      if (!count) return null;
      found.push(...Array(count).fill(id));
      return { code: replaced, map: null };
    },
    buildEnd(error) {
      if (error || (found.length === 1 && found[0].endsWith(UPSTREAM.file))) return;
      this.error(`Style attributes are set at other places than the one known: ${found.join(', ') || 'nowhere'}.`);
    },
  };
}
