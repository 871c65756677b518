/**
 * What others do with the study while it is open: measures, decisions, earlier studies that arrive. Taken in quietly:
 * one line tells of it, images stay where they are, and nothing takes the focus or what somebody is writing.
 */
import { getJson } from '../lib/http.js';
import { News, newsWords } from './live-words.js';

export class Live {
  #busy = false;
  #told = [];

  /** `line`: where it is told. `report`, `evidence`, `measurements`, `viewer`: of the page. */
  constructor({ room, say, viewer, measurements, report, evidence, line, get = getJson }) {
    Object.assign(this, { room, say, viewer, measurements, report, evidence, line, get });
    this.mark = room.mark;
    document.addEventListener('room-state', ({ detail }) => this.heard(detail));
    const { decisions } = evidence;
    const { changed } = decisions;
    // A decision of one's own may make or end a match with an earlier finding.
    decisions.changed = (findings) => {
      const fresh = findings !== room.findings;
      changed(findings);
      if (fresh) this.askPairs();
    };
  }

  async heard(state) {
    if (!state.mark || state.mark === this.mark || this.#busy || this.#writing()) return;
    this.#busy = true;
    try {
      const known = new Set([...this.measurements.records.values()].filter((one) => one.number).map((one) => one.uid));
      const fresh = await this.get(this.room.urls.news);
      if (!this.#writing()) this.#take(fresh, known);
    } catch {
      // The next answer of the server will tell.
    } finally {
      this.#busy = false;
    }
  }

  /** Whoever decides about a finding, or stands in the list of them, is not disturbed. */
  #writing() {
    const { activeElement } = document;
    return Boolean(document.querySelector('.decision-form, .draw-hint') || activeElement?.closest('[data-part=findings]'));
  }

  #take({ mark, me, measurements, findings, priors }, known) {
    const news = new News(me);
    if (findings && !news.findings(this.room.findings, findings)) return;
    if (news.decided) {
      const maps = new Map(this.room.findings.map((one) => [one.key, one.heat_map]));
      this.report.takeFindings(findings.map((one) => ({ ...one, heat_map: maps.get(one.key) ?? null })));
      this.viewer.refresh();
      this.askPairs();
    }
    news.measures(this.measurements.heard(measurements, known));
    if (news.priors(this.room.priors, priors)) this.viewer.hanging.arrived(priors);
    this.mark = mark;
    if (news.told.length) this.#say(news.told);
  }

  /** The newest first; what was told before stays behind it, all of it where the line is pointed at. */
  #say(told) {
    this.#told = [...told, ...this.#told];
    this.line.textContent = newsWords(this.#told, this.say);
    this.line.title = this.#told.map(([key, values]) => this.say(key, values)).join('\n');
  }

  /** The pairs with the study that stands beside, as they are now. */
  async askPairs() {
    const { hanging } = this.viewer;
    const { prior } = hanging;
    if (!prior) return;
    try {
      const { pairs } = await this.get(prior.match);
      prior.pairs = pairs;
      hanging.tell();
    } catch {
      // They stand as they were; judging one says what is wrong.
    }
  }
}
