/** Forms that a passkey fills in: pressing the button asks the browser for it, and the form goes with its answer. */
import { getJson } from '../lib/http.js';
import { answer, creation, request } from './passkey.js';

async function dataOf(form) {
  if (form.dataset.optionsUrl) return getJson(form.dataset.optionsUrl);
  return JSON.parse(document.getElementById('passkey-data').textContent);
}

async function credentialFor(form) {
  const data = await dataOf(form);
  if (form.dataset.passkey === 'create') {
    const alone = form.elements.passwordless?.checked ?? false;
    return navigator.credentials.create({ publicKey: creation(data.creation_options.publicKey, alone) });
  }
  return navigator.credentials.get({ publicKey: request(data.request_options.publicKey) });
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const failed = form.querySelector('[data-failed]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      if (!globalThis.PublicKeyCredential) throw new Error(form.dataset.textNone);
      const credential = await credentialFor(form);
      form.querySelector('[data-credential]').value = JSON.stringify(answer(credential));
      form.submit();
    } catch (error) {
      // Whoever takes the key away or waits too long is told the same: browsers do not say which it was.
      failed.textContent = error.message === form.dataset.textNone ? error.message : form.dataset.textFailed;
      failed.hidden = false;
    }
  });
}
