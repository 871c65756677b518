/** Same-origin requests with the page's CSRF token. */

export class HttpError extends Error {
  constructor(status, body) {
    super(body?.detail || `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** No answer at all: the network is away. */
export class Offline extends Error {}

function token() {
  return document.querySelector('input[name=csrfmiddlewaretoken]')?.value ?? '';
}

async function send(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...options });
  } catch (error) {
    throw new Offline(String(error));
  }
  const type = response.headers.get('Content-Type') ?? '';
  const body = type.includes('json') ? await response.json() : null;
  if (!response.ok || body === null) throw new HttpError(response.status, body);
  return body;
}

export function getJson(url) {
  return send(url, { headers: { Accept: 'application/json' } });
}

/** `keepalive` lets a save outlive the page; browsers allow it for small bodies only. `signal` takes the request back. */
export function postJson(url, body, { keepalive = false, signal } = {}) {
  const text = JSON.stringify(body);
  return send(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token() },
    body: text,
    keepalive: keepalive && text.length < 60000,
    signal,
  });
}

/** Leaves the page by an ordinary form post, for actions that answer with a redirect. */
export function postForm(url) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'csrfmiddlewaretoken';
  field.value = token();
  form.append(field);
  document.body.append(form);
  form.submit();
}
