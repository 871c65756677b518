/** The reading room: images left, report right, one chosen finding between them. */
import { pageKeymap } from '../lib/keymap.js';
import { part, publish, readJson } from '../lib/dom.js';
import { Selection } from '../lib/selection.js';
import { words } from '../lib/words.js';
import { Evidence } from '../report/evidence.js';
import { ReportPanel } from '../report/report.js';
import { Tasks } from '../report/tasks.js';
import { Measurements } from '../viewer/measurements.js';
import { fetchAhead } from '../viewer/ahead.js';
import { rested } from '../viewer/prefetch.js';
import { Viewer } from '../viewer/viewer.js';
import { showDue } from './due.js';
import { drawHangBar } from './hang-bar.js';
import { roomActs } from './keymap.js';
import { Live } from './live.js';
import { SecondWindow } from './second-window.js';
import { drawStrip } from './strip.js';
import { drawToolbar } from './toolbar.js';

const room = readJson('room');
const say = words(room.strings);
const selection = new Selection();
publish({ viewer: 'loading' });

const stage = part('stage');
export const viewer = new Viewer({ stage, room, say, selection, renderer: stage.dataset.renderer || 'auto' });

const measurements = new Measurements({ viewer, records: room.measurements, url: room.urls.measure });
const report = new ReportPanel({ room, say, selection, fresh: () => viewer.refresh() });
const evidence = new Evidence({ room, say, selection, viewer, measurements, report });
const keys = pageKeymap();
viewer.presets.forEach((preset) => keys.describe(`window-${preset.key}`, preset.label));
keys.note('report', ['editing_enter', 'editing_backspace', 'editing_arrows', 'editing_escape'].map((key) => say(key)));
keys.bind(roomActs({ viewer, report, evidence }));
keys.bind(report.editor.acts());
keys.bind(new Tasks({ say, keys }).acts());
const help = () => keys.run('show-keys');
document.querySelectorAll('time[data-part=due]').forEach((node) => showDue(node, say));

// Before the images: what is drawn above them afterwards would move them.
drawHangBar(part('hang'), { hanging: viewer.hanging, viewer, say, selection });
await viewer.open();
new Live({ room, say, viewer, measurements, report, evidence, line: part('room-news') });
if (room.urls.upcoming) fetchAhead({ url: room.urls.upcoming, rested });
drawToolbar(part('tools'), { viewer, say, help, marked: room.ai.state !== 'hidden' });
drawStrip(part('strip'), { viewer, say, selection });
const second = new SecondWindow({
  images: stage.closest('.images'),
  url: room.urls.second_window,
  keymap: keys,
  say,
  moved: () => viewer.stage.resized(),
  whose: room.study.patient.name,
});
keys.bind({ 'second-window': () => second.toggle() });
