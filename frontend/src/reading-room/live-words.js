/** What is new between the study as the page has it and as the server has it now. Pure. */

const MOST_TOLD = 2;
const version = (finding) => finding.decision?.version ?? 0;

export class News {
  /** [[key of the words, their values]] of what others did, in the order in which it is told. */
  told = [];
  decided = false;

  /** `me`: the name of who reads; their own acts are no news to them. */
  constructor(me) {
    this.me = me;
  }

  #tell(who, ...words) {
    if (who !== this.me) this.told.push(words);
  }

  /** False where the page knows more than `now`: the answer was on its way while something was decided here. */
  findings(before, now) {
    const known = new Map(before.map((one) => [one.key, one]));
    if (now.some((one) => known.has(one.key) && version(one) < version(known.get(one.key)))) return false;
    for (const one of now) {
      const old = known.get(one.key);
      known.delete(one.key);
      if (old && version(old) === version(one)) continue;
      this.decided = true;
      const who = one.decision?.author ?? '';
      if (!old && one.origin === 'human') this.#tell(who, 'news_finding_own', { who, n: one.number });
      else if (old) this.#tell(who, 'news_finding', { who, n: one.number, state: one.decision?.label ?? '' });
    }
    for (const gone of known.values()) {
      this.decided = true;
      this.told.push(['news_finding_gone', { n: gone.number }]);
    }
    return true;
  }

  /** `changes`: [{record, what}] of what the images took in. */
  measures(changes) {
    for (const { record, what } of changes) {
      const values = { who: record.author, what: record.key?.toUpperCase() ?? '' };
      if (what === 'removed') this.told.push(['news_measure_removed', values]);
      else this.#tell(record.author, `news_measure_${what}`, values);
    }
  }

  /** Is the patient's past another than the page has? */
  priors(before, now) {
    const known = new Set(before.studies.map((one) => one.uid));
    const fresh = now.studies.filter((one) => !known.has(one.uid));
    for (const one of fresh) this.told.push(['news_prior', { date: one.date }]);
    return fresh.length > 0 || now.studies.length !== before.studies.length;
  }
}

/** One line: what was done first, and how much more there was. */
export function newsWords(told, say) {
  const words = told.slice(0, MOST_TOLD).map(([key, values]) => say(key, values));
  if (told.length > MOST_TOLD) words.push(say('news_more', { count: told.length - MOST_TOLD }));
  return words.join(' ');
}
