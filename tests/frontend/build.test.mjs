import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { replaceStyleAttributes, UPSTREAM, withoutStyleAttribute } from '../../frontend/plugins/style-attribute.js';

const upstream = new URL(`../../frontend/node_modules/${UPSTREAM.file}`, import.meta.url);

test('the one line of the annotation tools that sets a style attribute is the line we replace', () => {
  const code = fs.readFileSync(upstream, 'utf8');
  assert.equal(code.split(UPSTREAM.line).length, 2);
  const { code: replaced, count } = replaceStyleAttributes(code);
  assert.equal(count, 1);
  assert.ok(replaced.includes('textElement.style.cssText = (combinedStyle);'));
});

test('a build that finds the call elsewhere, or not at all, fails', () => {
  const plugin = withoutStyleAttribute();
  const fail = { error: (message) => { throw new Error(message); } };
  plugin.buildStart();
  assert.throws(() => plugin.buildEnd.call(fail), /nowhere/);
  plugin.transform("node.setAttribute('style', x);", '/a/node_modules/@cornerstonejs/tools/dist/esm/other.js');
  assert.throws(() => plugin.buildEnd.call(fail), /other\.js/);
  plugin.buildStart();
  plugin.transform(UPSTREAM.line, `/a/node_modules/${UPSTREAM.file}`);
  plugin.buildEnd.call(fail);
});

test('no built script sets a style attribute or evaluates text', { skip: !fs.existsSync(new URL('../../static/dist/assets', import.meta.url)) }, () => {
  const folder = new URL('../../static/dist/assets/', import.meta.url);
  const bad = fs.readdirSync(folder).filter((name) => name.endsWith('.js')).filter((name) => {
    const code = fs.readFileSync(new URL(name, folder), 'utf8');
    return /setAttribute\(\s*[`'"]style[`'"]/.test(code) || /\bnew Function\(|[^.\w]eval\(/.test(code);
  });
  assert.deepEqual(bad, []);
});
