/** Small helpers to make and find elements. Text only ever goes in as text, never as markup. */

/**
 * Makes an element. Props named `text`, `class`, `on<Event>` and `data` are special; the rest are attributes
 * (false and null leave the attribute out).
 */
export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name === 'class') node.className = value;
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2).toLowerCase(), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The one element that carries `data-part="name"`. */
export function part(name, root = document) {
  const node = root.querySelector(`[data-part="${name}"]`);
  if (!node) throw new Error(`The page has no part "${name}".`);
  return node;
}

export function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Resolves when what was changed stands on the screen, also what had to be drawn again for its new size. */
export function drawn() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

/** What tests and assistive scripts may poll: data attributes of the root element. */
export function publish(values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) delete document.documentElement.dataset[name];
    else document.documentElement.dataset[name] = String(value);
  }
}
