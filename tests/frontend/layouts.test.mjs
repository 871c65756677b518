/** Building a hanging protocol: whatever is pressed, places stay inside their stage and apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as model from '../../frontend/src/layouts/model.js';

const stageOf = (rows, columns) => model.resize(model.blank('lung', 'One').stages[0], rows, columns);

/** As reports/layouts/schema.py checks it. */
function sound(stage) {
  const taken = new Set();
  for (const place of stage.places) {
    for (let row = place.row; row < place.row + place.rows; row += 1) {
      for (let column = place.column; column < place.column + place.columns; column += 1) {
        if (row < 1 || column < 1 || row > stage.rows || column > stage.columns || taken.has(`${row}/${column}`)) return false;
        taken.add(`${row}/${column}`);
      }
    }
  }
  return stage.places.length > 0 && new Set(stage.places.map(({ name }) => name)).size === stage.places.length;
}

test('a place grows over what is free and stops at the edge and at its neighbour', () => {
  let stage = stageOf(2, 3);
  stage = model.grow(stage, 'place-1', 0, 1);
  stage = model.addPlace('lung', stage, 1, 3);
  assert.equal(model.grow(stage, 'place-1', 0, 1), stage);
  stage = model.grow(stage, 'place-1', 1, 0);
  assert.deepEqual(model.placeAt(stage, 2, 2).name, 'place-1');
  assert.equal(model.grow(stage, 'place-1', 1, 0), stage);
  assert.equal(model.grow(stage, 'place-2', 0, -1), stage);
  assert.deepEqual(model.emptyCells(stage), [{ row: 2, column: 3 }]);
});

test('a smaller grid cuts what reaches over its edge and never leaves a stage empty', () => {
  let stage = model.grow(stageOf(1, 3), 'place-1', 0, 2);
  assert.equal(model.resize(stage, 1, 2).places[0].columns, 2);
  stage = model.removePlace(model.addPlace('lung', stageOf(2, 2), 2, 2), 'place-1');
  assert.deepEqual(model.resize(stage, 1, 1).places.map(({ row, column }) => [row, column]), [[1, 1]]);
  assert.equal(model.removePlace(stage, 'place-2'), stage);
});

test('arrows go from place to place, over spans, to empty cells, and stop at the edge', () => {
  let stage = model.grow(stageOf(2, 3), 'place-1', 0, 1);
  stage = model.addPlace('lung', stage, 1, 3);
  assert.deepEqual(model.neighbour(stage, { row: 1, column: 1 }, 0, 1), { row: 1, column: 3 });
  assert.deepEqual(model.neighbour(stage, { row: 1, column: 3 }, 0, -1), { row: 1, column: 1 });
  assert.deepEqual(model.neighbour(stage, { row: 1, column: 3 }, 1, 0), { row: 2, column: 3 });
  assert.deepEqual(model.neighbour(stage, { row: 1, column: 3 }, -1, 0), { row: 1, column: 3 });
});

test('mammograms begin with the films that are not there yet, chest walls towards the middle', () => {
  let stage = model.resize(model.blank('mammography', 'One').stages[0], 2, 2);
  for (const [row, column] of [[1, 2], [2, 1], [2, 2]]) stage = model.addPlace('mammography', stage, row, column);
  assert.deepEqual(stage.places.map(model.filmOf), ['RCC', 'LCC', 'RMLO', 'LMLO']);
  assert.deepEqual(stage.places.map((place) => place.chest_wall), ['right', 'left', 'right', 'left']);
  assert.equal(stage.scale, 'common');
});

test('stages are added, copied, moved and removed, and one stays', () => {
  let protocol = model.blank('other', 'A');
  assert.equal(model.removeStage(protocol, 0), protocol);
  protocol = model.copyStage(model.addStage(protocol, 'B'), 1);
  assert.deepEqual(protocol.stages.map(({ name, label }) => [name, label]), [['own-1', 'A'], ['own-2', 'B'], ['own-3', 'B']]);
  protocol = model.moveStage(protocol, 2, -1);
  assert.deepEqual(protocol.stages.map(({ name }) => name), ['own-1', 'own-3', 'own-2']);
  assert.equal(model.moveStage(protocol, 0, -1), protocol);
  for (let n = 0; n < 20; n += 1) protocol = model.addStage(protocol, 'C');
  assert.equal(protocol.stages.length, model.MOST_STAGES);
});

test('whatever is pressed in whatever order, the stage stays sound', () => {
  let seed = 7;
  const random = (most) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * most);
  };
  let stage = stageOf(2, 2);
  for (let n = 0; n < 3000; n += 1) {
    const place = stage.places[random(stage.places.length)];
    const acts = [
      () => model.resize(stage, 1 + random(4), 1 + random(4)),
      () => model.addPlace('lung', stage, 1 + random(stage.rows), 1 + random(stage.columns)),
      () => model.removePlace(stage, place.name),
      () => model.grow(stage, place.name, random(3) - 1, random(3) - 1),
    ];
    stage = acts[random(acts.length)]();
    assert.ok(sound(stage), JSON.stringify(stage));
  }
});
