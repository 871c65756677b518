/** A page of its own for the scripts: the reading room takes it beside its own. */
import '../worklist/standing.js';
