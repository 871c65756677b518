/**
 * A person's own phrases: "/name" while writing becomes its words. What is known of the study and of the chosen finding
 * fills {side} and the like; what is not known stays to be filled, chosen, so that typing takes its place.
 */
import { element } from '../lib/dom.js';

const MOST = 6;
const BEGUN = /(?:^|\s)\/([\p{L}\p{N}-]*)$/u;

/** [{name, text}] whose names begin with `begun`. Pure. */
export function matching(phrases, begun) {
  const low = begun.toLowerCase();
  return phrases.filter((phrase) => phrase.name.startsWith(low)).slice(0, MOST);
}

/** Fills {name} places; an unknown one stays. Pure. */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (values[name] ? String(values[name]) : whole));
}

/** The words before the caret with "/name" replaced. Pure. */
export function expanded(before, text) {
  return before.replace(BEGUN, (whole) => `${whole.startsWith('/') ? '' : whole[0]}${text}`);
}

export class Phrases {
  #list = null;
  #at = 0;
  #found = [];

  /** `values()` → what fills the places of a phrase. */
  constructor({ phrases, say, values }) {
    Object.assign(this, { phrases, say, values });
  }

  #before(node) {
    const selection = document.getSelection();
    if (!selection?.rangeCount || !node.contains(selection.anchorNode)) return node.textContent;
    const range = document.createRange();
    range.selectNodeContents(node);
    range.setEnd(selection.anchorNode, selection.anchorOffset);
    return range.toString();
  }

  /** Shows what fits to "/…" before the caret. */
  typed(node) {
    const begun = BEGUN.exec(this.#before(node));
    this.#found = begun ? matching(this.phrases, begun[1]) : [];
    this.#at = 0;
    if (begun && !this.#found.length && !this.phrases.length) this.#draw(node, true);
    else if (this.#found.length) this.#draw(node);
    else this.close();
  }

  #draw(node, none = false) {
    this.#list ??= element('ul', { class: 'phrases', role: 'listbox', 'aria-label': this.say('phrases') });
    const rows = this.#found.map((phrase, place) => {
      const row = element('li', { role: 'option', 'aria-selected': String(place === this.#at), class: place === this.#at ? 'on' : '' });
      row.append(element('b', { text: `/${phrase.name}` }), ' ', element('span', { class: 'cut', text: phrase.text }));
      row.addEventListener('mousedown', (event) => {
        event.preventDefault();
        this.#take(node, phrase);
        node.dispatchEvent(new Event('input'));
      });
      return row;
    });
    if (none) rows.push(element('li', { class: 'second', text: this.say('phrases_none') }));
    this.#list.replaceChildren(...rows);
    node.closest('.s').append(this.#list);
    node.addEventListener('blur', () => this.close(), { once: true });
  }

  close() {
    this.#found = [];
    this.#list?.remove();
  }

  /** Keys while the list is open. Returns true when a phrase was put in: the text of `node` is new. */
  key(event, node) {
    const full = BEGUN.exec(this.#before(node));
    if (!full || !this.#found.length) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#at = (this.#at + (event.key === 'ArrowDown' ? 1 : -1) + this.#found.length) % this.#found.length;
      this.#draw(node);
      return false;
    }
    if (event.key === 'Escape') {
      event.preventDefault();
      this.close();
      return false;
    }
    const whole = this.phrases.find((phrase) => phrase.name === full[1].toLowerCase());
    const wanted = event.key === ' ' ? whole : ['Tab', 'Enter'].includes(event.key) ? this.#found[this.#at] : null;
    if (!wanted) return false;
    event.preventDefault();
    this.#take(node, wanted);
    return true;
  }

  #take(node, phrase) {
    const before = this.#before(node);
    const after = node.textContent.slice(before.length);
    const words = expanded(before, filled(phrase.text, this.values()));
    node.textContent = words + after;
    this.close();
    this.#choose(node, words.length);
  }

  /** The first place that nobody filled is chosen; else the caret stands behind the words. */
  #choose(node, end) {
    const open = /\{\w+\}/.exec(node.textContent);
    const range = document.createRange();
    const text = node.firstChild;
    if (!text) return;
    range.setStart(text, open ? open.index : end);
    range.setEnd(text, open ? open.index + open[0].length : end);
    const selection = document.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
}
