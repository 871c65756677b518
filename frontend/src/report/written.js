/** What is being written just now, as the review looks at it: the report, an amendment of it, or an addendum to it. */

/** What the list of issues beside the report tells already, without asking the server. */
const TOLD = new Set(['section-missing', 'ai-rejected']);
const NOTHING = new Set();

/**
 * {kind, told, body, go, tell, over}; null while nothing is written. told: rules that are told elsewhere. body(): what
 * the server is asked about. go(remark): the caret goes there. tell(text): what stands beside the signature.
 * over(keys, reason): signs all the same.
 */
export function written(panel) {
  const { room, model, signing, after, addenda } = panel;
  const body = () => ({ sections: model.toJson(), ...(model.answers ? { answers: model.answers.toJson() } : {}) });
  const go = (remark) => goInText(panel, remark);
  if (room.can.edit) {
    const over = (keys, reason) => signing.sign(signing.meaning, { signed_over: keys, reason });
    return { kind: 'report', told: TOLD, body, go, tell: (text) => signing.tell(text), over };
  }
  if (after.amending) return { kind: 'amendment', told: NOTHING, body, go, ...signs(after.amendment) };
  if (!addenda.isOpen) return null;
  const added = () => ({ addendum: addenda.text.value });
  return { kind: 'addendum', told: NOTHING, body: added, go: (remark) => addenda.go(remark), ...signs(addenda) };
}

const signs = (form) => ({ tell: (text) => form.tell(text), over: (keys, reason) => form.signOver(keys, reason) });

/** Into the field that is open, the sentence, or the section. */
function goInText({ sections, editor }, remark) {
  if (remark.answer && editor.fields?.goTo(remark.answer)) return;
  if (remark.sentence) sections.focus(remark.sentence);
  else sections.enterSection(remark.section);
}
