/**
 * A text that could not be sent yet, kept in this tab so that a crash or a reload loses nothing either.
 *
 * Only while something is unsaved, only in this tab's session storage, and only encrypted (AES-GCM) with a key that
 * comes with the page: the server gives it to this person for this report alone, so on the disk of a shared
 * computer there is nothing to read. Where the browser has no cryptography (no TLS), memory alone keeps the text.
 */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const text64 = (data) => btoa(Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join(''));

export class Kept {
  #key = null;
  #last = 0;

  /** `keep`: {name, key} of the room, null where nothing may be written. */
  constructor({ keep, storage = globalThis.sessionStorage, subtle = globalThis.crypto?.subtle }) {
    Object.assign(this, { keep, storage, subtle });
  }

  get usable() {
    return Boolean(this.keep && this.subtle && this.storage);
  }

  async #secret() {
    this.#key ??= await this.subtle.importKey('raw', bytes(this.keep.key), 'AES-GCM', false, ['encrypt', 'decrypt']);
    return this.#key;
  }

  /** Keeps `what`; the newest call wins. Resolves to false where it could not be kept. */
  async put(what) {
    if (!this.usable) return false;
    this.#last += 1;
    const turn = this.#last;
    const iv = globalThis.crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(what));
    const sealed = await this.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#secret(), plain);
    if (turn !== this.#last) return false;
    try {
      this.storage.setItem(this.keep.name, `${text64(iv)}.${text64(sealed)}`);
    } catch {
      return false; // the browser's store is full or shut: memory still has the text
    }
    return true;
  }

  /** What was kept, null for nothing or what this person cannot read. */
  async get() {
    const stored = this.usable ? this.storage.getItem(this.keep.name) : null;
    if (!stored) return null;
    const [iv, sealed] = stored.split('.');
    try {
      const plain = await this.subtle.decrypt({ name: 'AES-GCM', iv: bytes(iv) }, await this.#secret(), bytes(sealed));
      return JSON.parse(new TextDecoder().decode(plain));
    } catch {
      this.drop();
      return null;
    }
  }

  drop() {
    this.#last += 1;
    if (this.keep && this.storage) this.storage.removeItem(this.keep.name);
  }
}
