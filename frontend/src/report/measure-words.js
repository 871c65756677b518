/** A measurement in words, for its row and for a sentence of the report. Pure. */
import { signed } from '../lib/words.js';

const UNITS = { mm: 'mm', px: 'px', mm2: 'mm²', px2: 'px²', deg: '°', HU: 'HU' };

function figure({ value, unit }) {
  const whole = unit.startsWith('px') || Math.abs(value) >= 1000;
  const text = signed(value, whole ? 0 : 1);
  return unit === 'deg' ? `${text}°` : [text, UNITS[unit] ?? unit].filter(Boolean).join(' ');
}

/** "8.2 mm", "8.2 × 5.1 mm", "120.4 mm², mean −612.0 HU": what the server says of it; '' while it has said nothing. */
export function measuredText(record, say) {
  const named = Object.fromEntries((record.values ?? []).map((each) => [each.name, each]));
  if (record.tool === 'arrow') return record.text;
  if (named.long_axis && named.short_axis) {
    const { value, unit } = named.long_axis;
    return `${signed(value, unit === 'px' ? 0 : 1)} × ${figure(named.short_axis)}`;
  }
  const first = named.length ?? named.angle ?? named.value ?? named.area;
  if (!first) return '';
  const parts = [figure(first)];
  if (named.mean) parts.push(say('measured_mean', { mean: figure(named.mean) }));
  return parts.join(', ');
}

const AXES = { sagittal: 0, coronal: 1, axial: 2 };

/** The plane of a measure across the slices, in words, and where that lies in the patient: {plane, at}. */
function planeWords({ name, points }, say) {
  const axis = AXES[name];
  const at = points.reduce((sum, place) => sum + place[axis], 0) / points.length;
  return { plane: say(`plane_in_${name}`), at: `${'xyz'[axis]} ${signed(at, 1)} mm` };
}

/** The same as it stands in the measure's row. */
export function rowPlace(record, series, say) {
  if (record.plane) return say('measure_place_plane', planeWords(record.plane, say));
  const place = placeWords(record, series);
  return place ? place.view || say('measure_place', place) : '';
}

/** Where it lies, as people count: {series, image, count} from 1, and {view} of a film; null off the page. */
export function placeWords(record, series) {
  for (const one of series) {
    const at = one.images.findIndex((image) => image.sop_uid === record.sop_uid && image.frame === record.frame);
    if (at < 0) continue;
    const { laterality, view } = one.images[at];
    const film = view ? [laterality, view].filter(Boolean).join(' ') : '';
    return { series: one.number ?? series.indexOf(one) + 1, image: at + 1, count: one.images.length, view: film };
  }
  return null;
}

/** The sentence that goes into the report. */
export function sentenceOf(record, series, say) {
  const place = placeWords(record, series);
  const value = measuredText(record, say);
  const at = record.basis === 'detector' ? say('at_detector', { length: value }) : value;
  const said = record.tool === 'arrow' ? value : `${say(`measure_${record.tool}`)} ${at}`;
  if (record.plane) {
    const at = series.findIndex((one) => one.uid === record.series_uid);
    return say('measure_sentence_plane', { said, series: series[at]?.number ?? at + 1, ...planeWords(record.plane, say) });
  }
  if (!place) return `${said}.`;
  if (place.view) return say('measure_sentence_view', { said, view: place.view });
  return say('measure_sentence', { said, series: place.series, image: place.image });
}

/** Does a sentence that rests on a measurement say another value than it has now? */
export function tellsOtherwise(text, record, say) {
  const value = record ? measuredText(record, say).split(',')[0] : null;
  return value === null || (value !== '' && !text.includes(value));
}
