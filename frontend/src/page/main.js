/** What every page has: its keys, and the list of them. */
import { startHelp } from '../lib/help.js';
import { pageKeymap } from '../lib/keymap.js';

startHelp(pageKeymap());
