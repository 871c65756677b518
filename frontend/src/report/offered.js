/** An AI draft that came after the reader began: beside the text, never over it. */
import { element } from '../lib/dom.js';

export function drawOffered(root, offered, { say, titles, editable, use }) {
  root.replaceChildren();
  const sections = (offered?.sections ?? []).filter((section) => section.sentences.length);
  root.hidden = sections.length === 0;
  if (root.hidden) return;
  const box = element('details', {}, element('summary', { text: say('draft_offered') }));
  for (const section of sections) {
    box.append(element('h4', { text: titles.get(section.name) ?? section.title }));
    for (const sentence of section.sentences) {
      const button = element('button', { type: 'button', class: 'plain', text: say('use_sentence') });
      button.addEventListener('click', () => {
        use(section.name, sentence);
        button.disabled = true;
      });
      box.append(
        element('div', { class: 'offer' }, element('span', { text: sentence.text }), editable ? button : null),
      );
    }
  }
  root.append(box);
}
