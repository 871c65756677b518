/** The page where a person chooses their keys. Without this script the fields take text. */
import { part } from '../lib/dom.js';
import { startCapture } from './capture.js';

part('keys').querySelectorAll('input[name]:not([type="hidden"])').forEach((field) => startCapture(field));
