/** The upload page: what is dropped or chosen goes to the server in batches; every file gets its answer. */
import { part, publish, readJson } from '../lib/dom.js';
import { words } from '../lib/words.js';
import { fromDrop, fromInput } from './collect.js';
import { Arrived } from './arrived.js';
import { Queue } from './queue.js';
import { Report } from './report.js';

function start(form) {
  const say = words(readJson('upload-words'));
  const zone = part('dropzone', form);
  const report = new Report(document, say);
  const arrived = new Arrived({ root: part('arrived'), rows: part('arrived-rows'), url: form.dataset.arrivedUrl });
  const queue = new Queue({
    url: form.dataset.url,
    maxBytes: Number(form.dataset.maxBytes),
    token: form.querySelector('input[name=csrfmiddlewaretoken]').value,
    site: () => form.elements.site.value,
    say,
    onResult: (result) => {
      report.add(result);
      if (result.result !== 'rejected') arrived.add(result.study_uid);
    },
    onProgress: (state) => report.progress(state),
    onNotice: (text) => report.notice(text),
    onEnd: (failed) => {
      publish({ upload: 'done' });
      report.end(failed);
      arrived.look(form.elements.site.value);
    },
  });

  async function take(files) {
    let count = 0;
    publish({ upload: 'sending' });
    report.begin();
    for await (const file of files) {
      queue.add(file);
      count += 1;
      if (count % 50 === 0) report.status(say('reading', { total: count }));
    }
    if (!count) {
      report.notice(say('no_files'));
      publish({ upload: 'ready' });
      return;
    }
    queue.run();
  }

  for (const input of form.querySelectorAll('input[type=file]')) {
    input.addEventListener('change', () => {
      const files = fromInput(input.files);
      take(files);
      input.value = '';
    });
  }
  for (const button of form.querySelectorAll('[data-opens]')) {
    button.addEventListener('click', () => document.getElementById(button.dataset.opens).click());
  }
  // A file dropped beside the zone would otherwise replace the page, and end the transfer.
  for (const name of ['dragover', 'drop']) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
  zone.addEventListener('dragover', () => zone.classList.add('over'));
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (event) => {
    zone.classList.remove('over');
    take(fromDrop(event.dataTransfer));
  });
  part('again').addEventListener('click', () => {
    publish({ upload: 'sending' });
    report.begin();
    queue.retryFailed();
  });
  window.addEventListener('beforeunload', (event) => {
    if (queue.busy) event.preventDefault();
  });
  publish({ upload: 'ready' });
}

const form = document.getElementById('upload');
if (form) start(form);
