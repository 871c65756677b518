import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countOf, spanOf } from '../../frontend/src/report/review.js';

const remark = (severity, more = {}) => ({ severity, rule: 'side', start: 0, end: 4, ...more });

test('nothing to say shows nothing; warnings are counted, what blocks is counted alone', () => {
  assert.equal(countOf([]), null);
  assert.deepEqual(countOf([remark('warning'), remark('warning')]), { key: 'review_count', count: 2, blocking: false });
  assert.deepEqual(countOf([remark('warning'), remark('blocking')]), { key: 'review_blocking', count: 1, blocking: true });
});

test('words that were cut since are not underlined past the end of the text', () => {
  assert.deepEqual(spanOf(remark('warning', { start: 2, end: 9 }), 5), [2, 5]);
  assert.equal(spanOf(remark('warning', { start: 6, end: 9 }), 5), null);
});
