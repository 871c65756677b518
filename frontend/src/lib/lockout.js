/**
 * For a moment after a study is opened, signing it and going on do nothing: a second press was meant for the study
 * before. The page says how long: `data-lock-out`, in seconds.
 */
export class LockOut {
  constructor({ seconds, now = () => performance.now() }) {
    Object.assign(this, { seconds, now });
    this.began = now();
  }

  /** Seconds until presses count again; 0 when they do. */
  get left() {
    return Math.max(0, this.seconds - (this.now() - this.began) / 1000);
  }
}

let shared = null;

function fromPage() {
  const place = document.querySelector('[data-lock-out]');
  return { place, lock: new LockOut({ seconds: Number(place?.dataset.lockOut ?? 0) }) };
}

/** Begins with the page; a press in that time is swallowed, and the page says so. */
export function startLockOut() {
  shared ??= fromPage();
}

/** Was the press too early to be meant for this study? */
export function lockedOut() {
  startLockOut();
  const { place, lock } = shared;
  if (!place || lock.left === 0) return false;
  place.textContent = place.dataset.textLocked;
  setTimeout(() => {
    place.textContent = '';
  }, lock.left * 1000);
  return true;
}

/** A form that is sent once, however often its key is pressed; again when the page comes back from history. */
export function sendOnce(form) {
  let sent = false;
  form.addEventListener('submit', (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener('pageshow', () => {
    sent = false;
  });
}
