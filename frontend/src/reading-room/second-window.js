/**
 * Two monitors: the room's images stand in a second window, its report stays here.
 *
 * The very elements move, so that viewer, measures and choice go on as they are; nothing has to be kept in step. The
 * second window is a page of ours (same session, same policy) without a script of its own: what is pressed and moved
 * in it is handed to this window. When it closes, the images come back; when this page leaves, the window is emptied
 * at once, and the next room of this tab fills it again.
 */
import { element, part, publish } from '../lib/dom.js';

const OPEN = 'firstread-second-window';
// The imaging tools listen for the end of a drag on the document of this window.
const MOVES = ['mousemove', 'mouseup', 'touchmove', 'touchend', 'keyup'];
const LOOK_MS = 60;

/** The name of this tab's second window: each tab has one of its own. */
function ownName() {
  return sessionStorage.getItem(OPEN) ?? `${OPEN}-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
}

function handOn(event) {
  const copy = new event.constructor(event.type, event);
  document.dispatchEvent(copy);
}

export class SecondWindow {
  #popup = null;
  #note = null;
  #watch = 0;

  /** `images`: the element that moves. `url`: the page of the second window. `moved()` is called when it stands anew. */
  constructor({ images, url, keymap, say, moved, whose }) {
    Object.assign(this, { images, url, keymap, say, moved, whose, name: ownName() });
    this.#drawButton();
    window.addEventListener('pagehide', () => this.#leave());
    window.addEventListener('pageshow', (event) => event.persisted && this.back());
    this.#again();
  }

  /** At the end of the line under the images, with which it moves. */
  #drawButton() {
    const button = element('button', { type: 'button', class: 'plain second-button', data: { second: '' } }, element('span', { text: this.say('second_window') }));
    button.append(element('kbd', { text: this.keymap.keyOf('second-window') }));
    button.addEventListener('click', () => {
      this.toggle();
      button.blur();
    });
    this.button = button;
    this.images.append(button);
  }

  get away() {
    return Boolean(this.#note);
  }

  toggle() {
    if (this.away) this.back();
    else this.open();
  }

  /** Must follow a press of a key or a button, else browsers open no window. */
  open() {
    this.#popup = window.open(this.url, this.name, 'popup,width=1600,height=1000');
    publish({ second: this.#popup ? 'opening' : 'refused' });
    document.querySelector('.window-refused')?.remove();
    if (this.#popup) this.#whenReady();
    else document.body.append(element('p', { class: 'notice window-refused', role: 'alert', text: this.say('window_refused') }));
  }

  /** After this tab went to another study: the window may still be there. */
  #again() {
    if (!sessionStorage.getItem(OPEN)) return;
    sessionStorage.removeItem(OPEN);
    this.#popup = window.open('', this.name);
    if (this.#slot()) this.#take();
    else this.#popup?.close();
  }

  #slot() {
    try {
      return this.#popup?.document.querySelector('[data-part="slot"]') ?? null;
    } catch {
      return null; // It shows something of another origin, or is gone.
    }
  }

  #whenReady() {
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      if (this.#popup.closed) this.back();
      else if (!this.away && this.#popup.document.readyState === 'complete' && this.#slot()) this.#take();
    }, LOOK_MS);
  }

  #take() {
    const { document: there } = this.#popup;
    for (const link of document.querySelectorAll('link[rel="stylesheet"]')) {
      if (![...there.querySelectorAll('link[rel="stylesheet"]')].some((one) => one.href === link.href)) {
        there.head.append(there.importNode(link));
      }
    }
    there.title = document.title;
    part('whose', there).textContent = this.whose;
    this.#note = element('div', { class: 'images-away', role: 'status' }, element('span', { text: this.say('images_away') }));
    this.#note.append(element('button', { type: 'button', text: this.say('images_back'), onClick: () => this.back() }));
    this.images.replaceWith(this.#note);
    part('slot', there).replaceChildren(this.images);
    document.documentElement.dataset.images = 'away';
    this.button.setAttribute('aria-pressed', 'true');
    this.keymap.listenIn(there, () => this.#followFocus());
    for (const type of MOVES) there.addEventListener(type, handOn);
    this.#popup.addEventListener('pagehide', () => this.back());
    this.#popup.addEventListener('resize', () => this.moved());
    this.#whenReady();
    this.moved();
    publish({ second: 'open' });
  }

  /** A key that put the caret into the report is followed by typing there. */
  #followFocus() {
    if (document.activeElement && document.activeElement !== document.body) window.focus();
  }

  /** The images stand in this window again, and the other one closes. */
  back() {
    clearInterval(this.#watch);
    if (!this.away) return;
    this.#note.replaceWith(this.images);
    this.#note = null;
    delete document.documentElement.dataset.images;
    this.button.setAttribute('aria-pressed', 'false');
    this.#popup?.close();
    this.#popup = null;
    this.moved();
    publish({ second: 'closed' });
  }

  /** Nothing of this patient stays in a window that this page no longer rules. */
  #leave() {
    clearInterval(this.#watch);
    if (!this.away) return;
    sessionStorage.setItem(OPEN, this.name);
    this.#slot()?.replaceChildren();
    part('whose', this.#popup.document).textContent = '';
    this.#popup.document.title = '';
  }
}
