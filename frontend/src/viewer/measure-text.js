/** The lines beside a measure, in the reader's words and in units that are true of the image. Pure. */
import { signed } from '../lib/words.js';
import { angle, distance, ellipse, rectangle, statistics } from './measures.js';

function inUnit(value, facts, square = '') {
  const { unit, at } = facts.scale;
  const text = `${value.toFixed(unit === 'px' || value >= 1000 ? 0 : 1)} ${unit}${square}`;
  return at ? facts.say('at_detector', { length: text }) : text;
}

function area(make, facts) {
  const drawn = make(facts.points, facts.scale);
  const lines = [inUnit(drawn.area, facts, '²')];
  const { values } = facts;
  const found = values ? statistics(values.pixels, values.columns, values.rows, drawn) : null;
  if (!found) return lines;
  const unit = values.unit ? ` ${values.unit}` : '';
  lines.unshift(facts.say('roi_mean', { mean: signed(found.mean, 1) + unit, sd: found.sd.toFixed(1) }));
  lines.push(facts.say('roi_range', { min: signed(found.min), max: signed(found.max) + unit }));
  return lines;
}

function two({ points, ...facts }) {
  const lengths = [distance(points[0], points[1], facts.scale), distance(points[2], points[3], facts.scale)];
  const [long, short] = lengths.sort((a, b) => b - a);
  return [`${long.toFixed(facts.scale.unit === 'px' ? 0 : 1)} × ${inUnit(short, facts)}`];
}

function corner(facts) {
  if (facts.points.length < 3) return [];
  const degrees = angle(facts.points, facts.scale);
  return degrees === null ? [] : [`${degrees.toFixed(1)}°`];
}

function probe({ points, values }) {
  const [x, y] = points[0].map(Math.floor);
  if (!values || x < 0 || y < 0 || x >= values.columns || y >= values.rows) return [];
  return [`${signed(values.pixels[y * values.columns + x])} ${values.unit}`.trim()];
}

const LINES = {
  Length: (facts) => [inUnit(distance(facts.points[0], facts.points[1], facts.scale), facts)],
  Bidirectional: two,
  Angle: corner,
  EllipticalROI: (facts) => area(ellipse, facts),
  RectangleROI: (facts) => area(rectangle, facts),
  Probe: probe,
};

/**
 * `facts`: {points ([x, y] in pixels), scale (see `scaleOf`), values: {pixels, columns, rows, unit} or null
 * where the pixels mean nothing, say}.
 */
export function linesFor(tool, facts) {
  return LINES[tool](facts);
}
