/** Two texts, one report: both are shown, the reader decides. Nothing is lost before that. */
import { element } from '../lib/dom.js';
import { clock } from '../lib/words.js';

function list(sections) {
  return Array.isArray(sections) ? sections.map((one) => [one.name, one.sentences]) : Object.entries(sections);
}

function column(title, sections, titles) {
  const box = element('div', { class: 'version' }, element('h3', { text: title }));
  for (const [name, sentences] of list(sections)) {
    if (!sentences.length) continue;
    box.append(element('h4', { text: titles.get(name) ?? name }));
    sentences.forEach((sentence) => box.append(element('p', { text: sentence.text })));
  }
  return box;
}

/** Fills `root` with both texts and two buttons; empties it when there is no conflict. */
export function drawConflict(root, saver, { say, taken }) {
  root.replaceChildren();
  root.hidden = !saver.conflict;
  if (!saver.conflict) return;
  const { yours, theirs } = saver.conflict;
  const titles = new Map(saver.model.sections.map((section) => [section.name, section.title]));
  const who = theirs.author || say('the_ai');
  const keep = element('button', { type: 'button', class: 'primary', text: say('keep_mine') });
  const take = element('button', { type: 'button', text: say('take_theirs') });
  keep.addEventListener('click', () => saver.keepMine());
  take.addEventListener('click', () => {
    saver.takeTheirs();
    taken();
  });
  root.append(
    element('p', { role: 'alert', text: say('conflict', { who, time: clock(theirs.saved_at) }) }),
    element(
      'div',
      { class: 'versions' },
      column(say('yours'), yours ?? saver.model.toJson(), titles),
      column(who, theirs.sections, titles),
    ),
    element('div', { class: 'row' }, keep, take),
  );
}
