/** Where the caret stands in an editable sentence, and putting it there. */

function selectionIn(node) {
  const selection = document.getSelection();
  if (!selection || selection.rangeCount === 0 || !node.contains(selection.anchorNode)) return null;
  return selection.getRangeAt(0);
}

/** {before, after}: the text on both sides of the caret; what is selected belongs to neither. */
export function aroundCaret(node) {
  const range = selectionIn(node);
  if (!range) return { before: node.textContent, after: '' };
  const before = document.createRange();
  before.selectNodeContents(node);
  before.setEnd(range.startContainer, range.startOffset);
  const after = document.createRange();
  after.selectNodeContents(node);
  after.setStart(range.endContainer, range.endOffset);
  return { before: before.toString(), after: after.toString() };
}

/** Focuses `node` with the caret at its start or end. */
export function putCaret(node, where = 'end') {
  node.focus();
  const range = document.createRange();
  range.selectNodeContents(node);
  range.collapse(where === 'start');
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  node.scrollIntoView({ block: 'nearest' });
}
