/** The reading room: images left, report right, one chosen finding between them. */
import { bindKeys } from '../lib/keys.js';
import { part, publish, readJson } from '../lib/dom.js';
import { Selection } from '../lib/selection.js';
import { words } from '../lib/words.js';
import { ReportPanel } from '../report/report.js';
import { Viewer } from '../viewer/viewer.js';
import { showDue } from './due.js';
import { drawHelp } from './help.js';
import { keymap, toTable } from './keymap.js';
import { drawStrip } from './strip.js';
import { drawToolbar } from './toolbar.js';

const room = readJson('room');
const say = words(room.strings);
const selection = new Selection();
publish({ viewer: 'loading' });

const panel = part('help');
const help = () => {
  panel.hidden = !panel.hidden;
};

const stage = part('stage');
export const viewer = new Viewer({ stage, room, say, selection, renderer: stage.dataset.renderer || 'auto' });

const report = new ReportPanel({ room, say, selection, fresh: () => viewer.refresh() });
const keys = keymap({ viewer, report, help });
bindKeys(toTable(keys));
drawHelp(panel, keys, say);
document.querySelectorAll('time[data-part=due]').forEach((node) => showDue(node, say));

await viewer.open();
drawToolbar(part('tools'), { viewer, say, help });
drawStrip(part('strip'), { viewer, say, selection });
