/** The signed versions of a report: who signed and co-signed each, and what the next one changed in it. */
import { element, part, publish } from '../lib/dom.js';

export function drawSignedTexts(versions, say) {
  const root = part('signed-texts');
  const newest = versions.at(-1);
  root.hidden = !newest;
  publish({ versions: versions.length, cosigned: newest?.cosigned.length ?? 0 });
  if (!newest) return;
  root.replaceChildren(...signatures(newest, say));
  if (newest.changes.length) root.append(changed(newest, say));
  for (const version of versions.slice(0, -1).reverse()) root.append(old(version, say));
}

function signatures(version, say) {
  const line = say('signed_line', { signer: version.signer, meaning: version.meaning_label, time: version.signed_words });
  return [
    element('p', { class: 'second', text: line }),
    version.reason ? element('p', { class: 'second', text: say('amended_reason', { reason: version.reason }) }) : null,
    ...version.cosigned.map((each) =>
      element('p', { class: 'second', text: say('cosigned_line', { signer: each.signer, time: each.signed_words }) }),
    ),
  ].filter(Boolean);
}

/** What went is struck out, what came is underlined: never told by colour alone. */
function changed(version, say) {
  const kinds = { gone: ['del', say('went')], new: ['ins', say('came')] };
  const box = element('details', { data: { part: 'what-changed' } }, element('summary', { text: say('what_it_changed') }));
  for (const section of version.changes) {
    const text = element('p', { class: 'said' });
    for (const [kind, words] of section.pieces) {
      const [tag, label] = kinds[kind] ?? [];
      text.append(tag ? element(tag, {}, element('span', { class: 'visually-hidden', text: `${label} ` }), words) : words);
    }
    box.append(element('h4', { text: section.title }), text);
  }
  return box;
}

function old(version, say) {
  const line = say('version_replaced', { n: version.number, signer: version.signer, time: version.signed_words });
  const box = element('details', { class: 'old-text', data: { version: version.number } }, element('summary', { text: line }));
  for (const section of version.sections) {
    box.append(element('h4', { text: section.title }), element('p', { class: 'said', text: section.text }));
  }
  box.append(...signatures(version, say));
  if (version.changes.length) box.append(changed(version, say));
  return box;
}
