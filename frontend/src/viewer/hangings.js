/**
 * How the study hangs now: the stage of its hanging protocol, the earlier study beside it, and whether their stacks
 * scroll together. Which images that means is layout.js's, where they stand is stage.js's.
 */
import { drawn, publish } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { asTheyCome, films, hangFilms, isOfPrior, otherImages, ownStage, planOf, usableStages } from './layout.js';
import { isPrior, naming, placeFor, toKeep } from './keeping.js';
import { offsetAt, offsetOfMiddles, partner } from './linking.js';
import { openingSeries, placeOf, readable } from './stacks.js';
import { see, viewOf } from './together.js';

/** Two studies are compared in one window. */
function matchWindow(pane, other) {
  const [from, to] = [pane, other].map((one) => one.viewport.getProperties().voiRange);
  const same = from && to && Math.abs(from.lower - to.lower) < 0.5 && Math.abs(from.upper - to.upper) < 0.5;
  if (from && !same) other.setWindow(from.upper - from.lower, (from.upper + from.lower) / 2);
}

const LEFT_OVER = { name: 'prior', study: 'prior' };

export class Hanging {
  at = 0;
  plan = null;
  prior = null;
  chosen = null;
  loading = null;
  failure = '';
  linked = true;
  how = null;
  #offset = null;
  #turn = 0;
  #before = 0;
  /** The name of the stage whose images stand on the screen. */
  #standing = '';
  #listeners = new Set();

  /** `series`: those of the study that can be shown. `findings()` → those of the page now. `stage`: see stage.js. */
  constructor({ room, series, findings, stage, say }) {
    Object.assign(this, { room, series, findings, stage, say });
    const { hanging, priors } = room;
    const hung = hanging.kind === 'mammography' ? hangFilms(films(series)) : {};
    this.mammography = hanging.kind === 'mammography' && films(series).length > 0;
    const opening = series.length ? openingSeries(series, room.findings) : 0;
    this.current = { series, hung, opening, date: String(room.study.study_at ?? '').slice(0, 10) };
    this.others = this.mammography ? otherImages(series, hung) : [];
    this.timeline = priors.studies;
    this.chosen = this.#nearest();
    this.protocol = hanging.kind === 'mammography' && !this.mammography ? hanging.other : hanging.protocol;
    this.#use(this.protocol.stages);
  }

  /** The earlier study that is shown beside when none is named. */
  #nearest() {
    return this.timeline.find((one) => one.alike) ?? this.timeline.find((one) => one.modality === this.room.study.modality) ?? null;
  }

  /** The studies of the patient as they are known now: the timeline has them, and what is shown stays as it is. */
  arrived(priors) {
    this.room.priors = priors;
    this.timeline = priors.studies;
    this.chosen = this.timeline.find((one) => one.uid === this.chosen?.uid) ?? this.#nearest();
    const names = [this.at, this.#before].map((at) => this.stages[at]?.name);
    this.#use(this.protocol.stages);
    [this.at, this.#before] = names.map((name) => Math.max(0, this.stages.findIndex((stage) => stage.name === name)));
    this.tell();
  }

  #use(stages) {
    this.stages = usableStages(stages, Boolean(this.chosen));
    if (!this.mammography || Object.keys(this.current.hung).length) return;
    const loose = asTheyCome(films(this.series));
    this.others = this.others.filter((image) => !loose.places.some((place) => place.images[0].sop_uid === image.sop_uid));
    this.stages = [loose, ...this.stages];
  }

  /** `listener()` is called whenever the stage, the earlier study or the link changes. */
  listen(listener) {
    this.#listeners.add(listener);
  }

  tell() {
    publish({
      stage: this.#standing,
      prior: this.prior && this.shownPrior ? this.prior.uid : null,
      linked: this.shownPrior ? (this.linked ? 'yes' : 'no') : null,
      pairs: this.prior ? this.prior.pairs.map((pair) => pair.state).join(' ') : null,
    });
    for (const listener of this.#listeners) listener();
  }

  get stageNow() {
    return this.stages[this.at];
  }

  get shownPrior() {
    return Boolean(this.plan?.places.some((place) => place.study === 'prior'));
  }

  /** Findings of the earlier study, under keys and numbers of their own. */
  get priorFindings() {
    return (this.prior?.findings ?? []).map((one) => ({ ...one, key: `prior:${one.key}`, number: `P${one.number}`, heat_map: null }));
  }

  get allSeries() {
    return this.prior ? [...this.series, ...this.prior.series] : this.series;
  }

  /** Opens the first stage, at `finding` when its image hangs there. */
  open(finding) {
    return this.go(0, finding);
  }

  step(by) {
    const at = Math.max(0, Math.min(this.stages.length - 1, this.at + by));
    return at === this.at ? null : this.go(at);
  }

  /** Goes to a stage. Of two asked for at once the later one stands. */
  async go(at, finding = null) {
    const turn = (this.#turn += 1);
    const stage = this.stages[at];
    if (isOfPrior(stage) && !(await this.#loaded())) return;
    if (turn !== this.#turn) return;
    if (!isOfPrior(stage)) this.#before = at;
    this.at = at;
    await this.#lay(stage, finding);
  }

  async #lay(stage, finding) {
    const plan = stage.places[0].images ? stage : planOf(stage, { current: this.current, prior: this.prior, presets: this.room.presets });
    this.plan = plan;
    const { active } = this.stage;
    const lead = this.#lead(active, finding, plan);
    const places = plan.places.map((place) => this.#toShow(place, lead));
    this.stage.root.classList.toggle('films', this.mammography);
    // What is said of the plan takes its room first: the images are then laid once, where they stay.
    for (const listener of this.#listeners) listener();
    await this.stage.lay({ rows: plan.rows, columns: plan.columns, places });
    this.tell();
    this.#tellWhenDrawn(plan);
  }

  /** What was laid is drawn with the next frame, and once more where the page around it grew or shrank. */
  async #tellWhenDrawn(plan) {
    await drawn();
    if (plan !== this.plan) return;
    this.#standing = plan.name;
    publish({ stage: plan.name });
  }

  /** The stack and slice by which the others open: the active one's, or that of a finding. */
  #lead(active, finding, plan) {
    const place = placeOf(finding, this.series);
    if (place) return { images: this.series[place.series].images, index: place.index };
    if (active?.count > 1 && !isPrior(active)) return { images: active.images, index: active.index };
    const first = plan.places.find((one) => one.images && one.study === 'current');
    return first ? { images: first.images, index: Math.floor(first.images.length / 2) } : null;
  }

  #toShow(place, lead) {
    const classes = place.chest_wall ? [place.chest_wall === 'right' ? 'right-breast' : 'left-breast'] : [];
    if (place.study === 'prior') classes.push('prior');
    const area = `${place.row} / ${place.column} / span ${place.rows} / span ${place.columns}`;
    if (place.missing) return { id: place.name, area, classes, sentence: this.#sentence(place.missing), show: null };
    const dated = place.study === 'prior' ? `${this.say('prior_of', { date: this.prior.date })} · ` : '';
    const show = {
      images: place.images,
      index: place.index ?? this.#indexIn(place, lead),
      title: `${dated}${place.title}`,
      window: place.window,
      hanging: place.align ?? null,
      notes: (place.notes ?? []).map((note) => this.say(note)),
    };
    return { id: place.name, area, classes, show };
  }

  #sentence([key, values]) {
    const named = Object.entries(values).map(([name, value]) => [name, value?.say ? this.say(value.say) : value]);
    return this.say(key, Object.fromEntries(named));
  }

  #indexIn(place, lead) {
    const { images } = place;
    // A film says nothing of where in a stack to begin.
    if (!lead || lead.images.length < 2) return Math.floor(images.length / 2);
    if (place.study === 'prior') {
      this.#relate(lead.images, lead.index, images);
      return partner(lead.images, lead.index, images, this.#offset);
    }
    return images[0].url === lead.images[0].url ? lead.index : partner(lead.images, lead.index, images, 0);
  }

  /** How far apart the two studies' positions are: by a lesion they share, by their organ, by the middles of their stacks. */
  #relate(from, index, to) {
    const lesion = this.#sharedLesion(from, to);
    if (lesion) {
      this.#offset = offsetAt(from, lesion.now, to, lesion.then);
      this.how = ['linked_at_lesion', { n: lesion.number }];
      return;
    }
    const { series, organ_shift_mm: shift } = this.prior;
    if (Number.isFinite(shift) && series.some((one) => one.images === to && one.orientation === 'axial')) {
      // Positions of an axial stack grow towards the feet.
      this.#offset = -shift;
      this.how = ['linked_by_organ', {}];
      return;
    }
    this.#offset = offsetOfMiddles(from, to);
    this.how = [this.#offset === null ? 'linked_by_share' : 'linked_by_position', {}];
  }

  #sharedLesion(from, to) {
    const usable = (this.prior?.pairs ?? []).filter((pair) => pair.state !== 'rejected');
    const ordered = [...usable].sort((a, b) => Number(b.state === 'confirmed') - Number(a.state === 'confirmed'));
    const indexOf = (images, finding) =>
      images.findIndex((image) => image.sop_uid === finding?.sop_uid && image.frame === finding?.frame);
    for (const pair of ordered) {
      const now = indexOf(from, this.findings().find((one) => one.key === pair.finding));
      const then = indexOf(to, this.prior.findings.find((one) => one.key === pair.prior));
      if (now >= 0 && then >= 0 && offsetAt(from, now, to, then) !== null) return { now, then, number: pair.number };
    }
    return null;
  }

  /** A stack went to another slice: those that are linked with it follow. */
  follow(pane) {
    for (const other of this.#linkedWith(pane)) {
      other.goTo(partner(pane.images, pane.index, other.images, this.#offsetBetween(pane, other)));
    }
  }

  /** The active stack was drawn: what is linked with it shows the same part at the same scale and in the same window. */
  drawn(pane) {
    for (const other of this.#linkedWith(pane)) {
      if (see(other, viewOf(pane))) other.viewport.render();
      if (isPrior(other) !== isPrior(pane) && other.modality === pane.modality) matchWindow(pane, other);
    }
  }

  /** The other stacks that go where the active one goes: only those of the same plane. */
  #linkedWith(pane) {
    if (!this.linked || this.plan?.link !== 'position' || pane !== this.stage.active || pane.count < 2 || pane.failed) return [];
    const plane = (one) => this.allSeries.find((series) => series.images === one.images)?.orientation;
    return this.stage.panes.filter((other) => other !== pane && other.count > 1 && other.opened && !other.failed && plane(other) === plane(pane));
  }

  #offsetBetween(pane, other) {
    const [a, b] = [pane, other].map(isPrior);
    if (a === b) return 0;
    return this.#offset === null ? null : a ? -this.#offset : this.#offset;
  }

  /** Unlinks the stacks, or links them again at the slices that stand now. */
  toggleLink() {
    if (!this.shownPrior) return;
    this.linked = !this.linked;
    const then = this.stage.panes.find((pane) => isPrior(pane) && pane.count > 1);
    const now = this.stage.panes.find((pane) => !isPrior(pane) && pane.count > 1);
    if (this.linked && now && then) {
      this.#offset = offsetAt(now.images, now.index, then.images, then.index);
      this.how = ['linked_here', { now: now.index + 1, then: then.index + 1 }];
    }
    this.tell();
  }

  /** The earlier study beside the current one, or away again. */
  async togglePrior() {
    if (this.shownPrior) {
      await this.go(this.#before);
      return;
    }
    if (this.chosen) await this.#beside();
  }

  /** Puts one study of the timeline beside the current one. */
  async choosePrior(uid) {
    const entry = this.timeline.find((one) => one.uid === uid);
    if (!entry) return;
    if (this.chosen !== entry) {
      this.chosen = entry;
      this.prior = null;
      this.#use(this.protocol.stages);
      this.at = Math.min(this.at, this.stages.length - 1);
    }
    await this.#beside();
  }

  #beside() {
    const { active } = this.stage;
    const view = active?.image?.view;
    const fit = (stage) => isOfPrior(stage) && (!this.mammography || stage.places.some((place) => place.view === view));
    let at = this.stages.findIndex(fit);
    if (at < 0) at = this.stages.findIndex(isOfPrior);
    if (at >= 0 && this.chosen.modality === this.room.study.modality) return this.go(at);
    return this.#besideAnother();
  }

  /** Beside what stands there now, where the protocol has no place for such a study. */
  async #besideAnother() {
    if (!(await this.#loaded())) return;
    const film = this.mammography ? { laterality: this.stage.active?.image?.laterality ?? '', view: this.stage.active?.image?.view ?? '' } : {};
    const stage = ownStage(1, 2, [{ name: 'main', ...film }, LEFT_OVER]);
    await this.#lay({ ...stage, name: 'beside', label: 'stage_prior', link: this.mammography ? 'none' : stage.link }, null);
  }

  /** Loads the chosen earlier study once. Returns whether it is there; what went wrong is said. */
  async #loaded() {
    const entry = this.chosen;
    if (this.prior?.uid === entry?.uid) return Boolean(entry);
    this.loading = entry;
    this.failure = '';
    this.tell();
    try {
      const { series, ...told } = await getJson(entry.url);
      const shown = readable(series);
      this.prior = { ...entry, ...told, series: shown, opening: 0, hung: hangFilms(films(shown)) };
    } catch (error) {
      this.failure = this.say('prior_failed', { detail: error.message });
    }
    this.loading = null;
    this.tell();
    return this.prior?.uid === entry.uid;
  }

  /** The pair of today's finding `key`, if any that is not rejected. */
  pairOf(key) {
    return this.prior?.pairs.find((pair) => pair.finding === key && pair.state !== 'rejected') ?? null;
  }

  /** Shows a finding's earlier self on the stack beside it, and links the two there. */
  async meet(key) {
    const pair = this.shownPrior && this.pairOf(key);
    if (!pair) return;
    const place = placeOf(this.prior.findings.find((one) => one.key === pair.prior), this.prior.series);
    const pane = this.stage.panes.find((one) => isPrior(one) && one.count > 1);
    if (!place || !pane || this.prior.series[place.series].images[0].url !== pane.images[0].url) return;
    const { active } = this.stage;
    if (active && active !== pane && active.count > 1) {
      this.#offset = offsetAt(active.images, active.index, pane.images, place.index);
      this.how = ['linked_at_lesion', { n: pair.number }];
    }
    await pane.goTo(place.index);
    this.tell();
  }

  /** What stands there now as a protocol of the reader's own: this stage first, the others after it. */
  asProtocol() {
    const original = this.protocol.stages.find((stage) => stage.name === this.plan.name);
    // Without an earlier study a stage shows only half of itself: it is kept whole.
    const half = original && original.places.length > this.plan.places.length;
    const first = half ? original : toKeep(this);
    const rest = this.protocol.stages.filter((stage) => stage.name !== first.name);
    return { schema: 1, kind: this.room.hanging.kind, stages: [first, ...rest].slice(0, 12) };
  }

  /** A grid of the reader's: places that are new show further series, those that stand keep theirs. */
  async grid(rows, columns) {
    const shown = this.stage.panes.filter((pane) => pane.count).map((pane) => placeFor(pane, this));
    const series = this.series.filter((one) => !one.localiser);
    while (shown.length < rows * columns) {
      const next = series[shown.length % Math.max(1, series.length)];
      shown.push({ name: `place-${shown.length + 1}`, ...naming(next) });
    }
    await this.#lay(ownStage(rows, columns, shown), null);
  }

  /** Back to the department's stages; the first of them is shown. */
  back() {
    return this.take(this.room.hanging.department ?? this.protocol);
  }

  /** Hangs the study by another protocol; the first of its stages is shown. */
  async take(protocol) {
    this.protocol = protocol;
    this.#use(protocol.stages);
    await this.go(0);
  }
}
