/** What must be done before a page is left by one of its forms: a text that is being written is saved first. */

const acts = new Set();

/** `act()` → true when the page may be left. */
export function beforeLeaving(act) {
  acts.add(act);
}

export async function mayLeave() {
  for (const act of acts) {
    if (!(await act())) return false;
  }
  return true;
}

/** Sends a form once, and only when the page may be left; again when it comes back from history. */
export function sendSafely(form) {
  let sent = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (sent) return;
    sent = true;
    if (await mayLeave()) form.submit();
    else sent = false;
  });
  globalThis.addEventListener?.('pageshow', () => {
    sent = false;
  });
}
