/** The line under the images: which finding of how many, and what is known about it. */
import { element } from '../lib/dom.js';
import { keyOf } from '../lib/keymap.js';

/** An empty list says nothing of the images while the AI's view is not this person's to see. */
const NOTHING = { held_back: 'ai_held_back', hidden: 'ai_hidden' };

export function drawStrip(root, { viewer, say, selection }) {
  const write = () => {
    const count = viewer.findings.length;
    const finding = viewer.findings.find((one) => one.key === selection.key);
    const number = finding ? say('finding_of', { n: finding.number, count }) : say('findings_count', { count });
    const parts = count ? [element('span', { text: number })] : [element('span', { text: say(NOTHING[viewer.room.ai.state] ?? 'no_marks') })];
    if (count) parts.push(element('span', {}, element('kbd', { text: keyOf('previous-finding') }), ' ', element('kbd', { text: keyOf('next-finding') })));
    if (finding) {
      const about = [finding.label, finding.location].filter(Boolean).join(', ');
      parts.push(element('span', { class: 'cut', text: about }));
    }
    root.replaceChildren(...parts);
  };
  viewer.listen(write);
  selection.listen(write);
  write();
}
