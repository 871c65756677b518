/**
 * Sends files in batches and hands on one answer for each. Sending twice is harmless (the server answers
 * "already here"), so a lost connection only costs time.
 */
const BATCH_FILES = 20;
const BATCH_BYTES = 32 * 1024 * 1024;
const AT_ONCE = 2;
const WAITS_S = [1, 2, 5, 10, 20, 30, 60];
const AWAY = new Set([0, 429, 502, 503, 504]);

export class Queue {
  constructor(options) {
    Object.assign(this, options);
    this.waiting = [];
    this.failed = [];
    this.sending = new Map();
    /** Requests whose bytes have all left, and whose answer has not come: the server is looking through them. */
    this.checking = new Set();
    this.total = { files: 0, bytes: 0 };
    this.done = { files: 0, bytes: 0 };
    this.stopped = false;
    this.running = 0;
  }

  get busy() {
    return this.running > 0;
  }

  add({ file, path }) {
    this.total.files += 1;
    if (!file) {
      this.#settle({ path, size: 0 }, [{ path, result: 'rejected', reason: this.say('failed') }]);
      return;
    }
    if (file.size > this.maxBytes) {
      const reason = this.say('too_large', { size: Math.floor(this.maxBytes / 1048576) });
      this.#settle({ path, size: 0 }, [{ path, result: 'rejected', reason }]);
      return;
    }
    this.total.bytes += file.size;
    this.waiting.push({ file, path, size: file.size, attempts: 0 });
  }

  retryFailed() {
    const again = this.failed.splice(0);
    for (const item of again) {
      item.attempts = 0;
      this.done.files -= 1;
      this.done.bytes -= item.size;
      this.waiting.push(item);
    }
    this.run();
  }

  run() {
    this.stopped = false;
    while (this.running < AT_ONCE && this.waiting.length) this.#worker();
    if (!this.running) this.#finish();
  }

  async #worker() {
    this.running += 1;
    while (this.waiting.length && !this.stopped) await this.#deliver(this.#batch());
    this.running -= 1;
    if (!this.running) this.#finish();
  }

  #finish() {
    this.onProgress(this.#state());
    this.onEnd(this.failed.length + (this.stopped ? this.waiting.length : 0));
  }

  /** The next files that go together; one that has failed before goes alone, so that it harms no other. */
  #batch() {
    const batch = [this.waiting.shift()];
    let bytes = batch[0].size;
    while (!batch[0].attempts && this.waiting.length && batch.length < BATCH_FILES) {
      const next = this.waiting[0];
      if (next.attempts || bytes + next.size > Math.min(BATCH_BYTES, this.maxBytes)) break;
      bytes += next.size;
      batch.push(this.waiting.shift());
    }
    return batch;
  }

  async #deliver(batch) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#post(batch);
      if (answer.results) {
        batch.forEach((item, index) => this.#settle(item, answer.results.filter((one) => one.file === index)));
        return;
      }
      if (answer.refused) {
        this.stopped = true;
        this.waiting.unshift(...batch);
        this.onNotice(this.say('signed_out'));
        return;
      }
      if (!AWAY.has(answer.status) || attempt >= WAITS_S.length) {
        this.#setAside(batch);
        return;
      }
      this.onNotice(this.say('offline', { seconds: WAITS_S[attempt] }));
      await new Promise((resolve) => setTimeout(resolve, WAITS_S[attempt] * 1000));
      this.onNotice('');
    }
  }

  #setAside(batch) {
    for (const item of batch) {
      item.attempts += 1;
      if (batch.length > 1) {
        this.waiting.unshift(item);
      } else {
        this.failed.push(item);
        this.#settle(item, [{ path: item.path, result: 'unsent', reason: this.say('failed') }]);
      }
    }
  }

  #settle(item, results) {
    this.done.files += 1;
    this.done.bytes += item.size;
    // Inside an archive the server names the member; otherwise the path known here says more than the name it got.
    const own = results.length === 1 && !results[0].path?.includes('/');
    for (const result of results) this.onResult({ ...result, path: own ? item.path : result.path });
    this.onProgress(this.#state());
  }

  #state() {
    const underWay = [...this.sending.values()].reduce((sum, bytes) => sum + bytes, 0);
    return {
      files: this.done.files,
      total: this.total.files,
      checking: this.checking.size > 0 && this.checking.size === this.sending.size,
      part: this.total.bytes ? Math.min(1, (this.done.bytes + underWay) / this.total.bytes) : 0,
    };
  }

  #post(batch) {
    const body = new FormData();
    body.append('site', this.site());
    for (const item of batch) body.append('files', item.file, item.file.name);
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const end = (answer) => {
        this.sending.delete(request);
        this.checking.delete(request);
        resolve(answer);
      };
      request.open('POST', this.url);
      request.responseType = 'json';
      request.setRequestHeader('X-CSRFToken', this.token);
      request.setRequestHeader('Accept', 'application/json');
      request.upload.onprogress = (event) => {
        const size = batch.reduce((sum, item) => sum + item.size, 0);
        this.sending.set(request, event.total ? (event.loaded / event.total) * size : 0);
        this.onProgress(this.#state());
      };
      request.upload.onload = () => {
        this.sending.set(request, batch.reduce((sum, item) => sum + item.size, 0));
        this.checking.add(request);
        this.onProgress(this.#state());
      };
      request.onload = () => {
        const results = request.response?.results;
        const toSignIn = request.status === 200 && !results;
        if (request.status === 200 && results) end({ results });
        else if (request.status === 401 || request.status === 403 || toSignIn) end({ refused: true });
        else end({ status: request.status });
      };
      request.onerror = () => end({ status: 0 });
      request.onabort = () => end({ status: 0 });
      request.send(body);
    });
  }
}
