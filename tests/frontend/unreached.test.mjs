import assert from 'node:assert/strict';
import test from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { forms } from '../../frontend/plugins/compressed.js';
import { REPLACED, dcmjsInShort, withoutUnreached } from '../../frontend/plugins/unreached.js';

async function shortened() {
  const text = await dcmjsInShort();
  return { text, module: await import(`data:text/javascript,${encodeURIComponent(text)}`) };
}

test('what stands in for the DICOM dictionary has every keyword that the libraries mention, and little more', async () => {
  const { text, module } = await shortened();
  const { nameMap } = module.data.DicomMetaDictionary;
  assert.deepEqual(nameMap.Rows, { tag: '(0028,0010)', vr: 'US', vm: '1', name: 'Rows' });
  for (const name of ['ImagePositionPatient', 'PixelSpacing', 'DiffusionBValue', 'VOILUTFunction']) assert.ok(nameMap[name], name);
  assert.equal(module.constants.EXPLICIT_LITTLE_ENDIAN, '1.2.840.10008.1.2.1');
  assert.ok(text.length < 60_000, `${text.length} characters`);
});

test('its log keeps what went wrong and asks neither cookies nor storage', async () => {
  const { module } = await shortened();
  const log = module.log.getLogger('cs3d');
  assert.equal(module.log.getLogger('cs3d'), log);
  for (const level of ['trace', 'debug', 'info', 'warn', 'error']) assert.equal(typeof log[level], 'function');
  assert.equal(log.info('nothing'), undefined);
});

test('whoever reaches further than the room does is told so', async () => {
  const { module } = await shortened();
  assert.throws(() => new module.default.async.AsyncDicomReader(), /Left out of this build/);
});

test('a library that no longer asks for a part ends the build', () => {
  const plugin = withoutUnreached();
  const said = [];
  plugin.buildStart();
  assert.equal(plugin.resolveId('./geometry.js'), null);
  for (const name of ['dcmjs', '@kitware/vtk.js/IO/XML/XMLPolyDataReader.js']) assert.match(plugin.resolveId(name), /left-out/);
  plugin.buildEnd.call({ error: (words) => said.push(words) });
  assert.equal(said.length, 1);
  assert.match(said[0], /WebGPU/);
  plugin.resolveId('../WebGPU/Profiles/Volume.js');
  plugin.buildEnd.call({ error: (words) => said.push(words) });
  assert.equal(said.length, 1);
  assert.equal(REPLACED.length, 3);
});

test('a file is kept in both compressed forms, each the same bytes, where that saves something', () => {
  const data = Buffer.from('const slice = 1;\n'.repeat(500));
  const made = Object.fromEntries(forms('room.js', data));
  assert.deepEqual(gunzipSync(made['.gz']), data);
  assert.deepEqual(brotliDecompressSync(made['.br']), data);
  assert.deepEqual(forms('room.png', data), []);
  assert.deepEqual(forms('tiny.js', Buffer.from('1')), []);
});
