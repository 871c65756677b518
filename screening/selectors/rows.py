"""What a row of the worklist says: two lines a column, every state in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from screening.models import Deferral, Finding, Reading, ScoreRun, Study, StudyNote, Tier
from screening.selectors.heads import head_of
from screening.selectors.phrases import ago, ai_lines, patient_line, relative_due
from screening.selectors.results import speaking_run
from screening.selectors.why import Reason, why
from screening.states import AiState, ReadingStatus, RunStatus, StudyStatus

FREE = (StudyStatus.RECEIVING, StudyStatus.QUEUED, StudyStatus.SCORING, StudyStatus.TO_READ)


@dataclass(frozen=True, slots=True)
class Badge:
    """A short word on the row, the sentence that announces it when it appears, and its tone ("" or "warn")."""

    name: str
    words: str
    news: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the page shows it."""

    study: Study
    tier: str
    tier_label: str
    due: str
    late: bool
    since: str
    patient: str
    patient_detail: str
    what: str
    what_detail: str
    ai: str
    ai_detail: str
    ai_class: str
    advisory: bool
    reader: str
    reader_detail: str
    mine: bool
    claimable: bool
    releasable: bool
    place: int
    place_without_ai: int
    reasons: tuple[Reason, ...]
    badges: tuple[Badge, ...]
    deferral: Deferral | None
    position: int | None

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons as lines."""
        return tuple(reason.text for reason in self.reasons)

    @property
    def url(self) -> str:
        return f"{reverse('reading-room', args=(self.study.study_uid,))}?site={self.study.site.slug}"

    @property
    def claim_url(self) -> str:
        return reverse("study-claim", args=(self.study.study_uid,))

    @property
    def acts_url(self) -> str:
        return f"{reverse('study-acts', args=(self.study.study_uid,))}?site={self.study.site.slug}"

    @property
    def back_at(self) -> str:
        """When a study that is set aside comes back, in words; empty for any other."""
        if self.deferral is None:
            return ""
        return _("back %(time)s") % {"time": timezone.localtime(self.deferral.until).strftime("%Y-%m-%d %H:%M")}

    @property
    def advisory_words(self) -> str:
        return _("Advisory: does not move the queue")

    @property
    def news(self) -> str:
        """What a listener is told once when it becomes so."""
        return " ".join(badge.news for badge in self.badges if badge.news)


@dataclass(frozen=True, slots=True)
class Around:
    """What the rows of a page need to know beyond their studies; asked for once for all of them.

    places: study → (place, place without AI). priors: study → (earlier studies, of them new since it was received).
    hidden: studies whose AI the user may not see. positions: study → place in the open session. urgent: the study
    that should not wait behind it.
    """

    user: User
    now: datetime
    hidden: set[int]
    may_claim: frozenset[int]
    places: dict[int, tuple[int, int]]
    deferrals: dict[int, Deferral]
    notes: dict[int, StudyNote]
    priors: dict[int, tuple[int, int]]
    positions: dict[int, int]
    held: set[int]
    urgent: int | None = None


def row(study: Study, around: Around) -> Row:
    """study: with `current_readings` (and their hand-overs), `runs` and their `first_findings` prefetched."""
    user, now = around.user, around.now
    readings: list[Reading] = study.current_readings  # type: ignore[attr-defined]
    runs: list[ScoreRun] = study.runs  # type: ignore[attr-defined]
    reading = next((one for one in readings if one.status == ReadingStatus.OPEN), readings[-1] if readings else None)
    read = any(one.reader_id == user.pk and one.status == ReadingStatus.COMPLETED for one in readings)
    scores = study.pk not in around.hidden
    run = speaking_run(study, runs)
    findings: list[Finding] = run.first_findings if run and run.status == RunStatus.SUCCEEDED else []  # type: ignore[attr-defined]
    speaks = run if run and study.ai_state == AiState.SCORED and run.status == RunStatus.SUCCEEDED else None
    mine = reading is not None and reading.status == ReadingStatus.OPEN and reading.reader_id == user.pk
    may_claim = study.site_id in around.may_claim
    head = head_of(run) if run else {}
    words = ai_lines(study, run, findings, head) if scores else _hidden_words(study, around)
    due, late = relative_due(study, now, with_ai=scores)
    name, detail = patient_line(study, now)
    reader, reader_detail = _reader(study, reading, mine, now)
    place, without_ai = around.places.get(study.pk, (0, 0))
    deferral = around.deferrals.get(study.pk)
    return Row(
        study=study,
        tier=study.tier if scores else Tier.ROUTINE,
        tier_label=str(Tier(study.tier).label) if scores else "",
        due=due,
        late=late,
        since=_since(study, now),
        patient=name,
        patient_detail=detail,
        what=study.description or study.modality or _("No description"),
        what_detail=ngettext("%(n)d image · %(site)s", "%(n)d images · %(site)s", study.instance_count)
        % {"n": study.instance_count, "site": study.site.name},
        ai=words[0],
        ai_detail=words[1],
        ai_class=words[2],
        advisory=bool(scores and speaks and not speaks.may_triage),
        reader=reader,
        reader_detail=reader_detail,
        mine=mine,
        claimable=may_claim and study.status in FREE and not read,
        releasable=may_claim and mine,
        place=place,
        place_without_ai=without_ai,
        reasons=why(study, now, place, without_ai, scores, speaks, head, deferral),
        badges=tuple(_badges(study, reading, runs, around, name)),
        deferral=deferral,
        position=around.positions.get(study.pk),
    )


def _since(study: Study, now: datetime) -> str:
    received = timezone.localtime(study.received_at)
    today = received.date() == timezone.localdate(now)
    return _("since %(time)s") % {"time": received.strftime("%H:%M" if today else "%m-%d %H:%M")}


def _hidden_words(study: Study, around: Around) -> tuple[str, str, str]:
    if study.pk in around.held:
        return _("Held back"), _("shown after your first opinion"), "state"
    return _("Not shown to this role"), "", "state"


def _reader(study: Study, reading: Reading | None, mine: bool, now: datetime) -> tuple[str, str]:
    if study.status == StudyStatus.REPORTED:
        who = str(reading.reader) if reading else ""
        when = study.reported_at and timezone.localtime(study.reported_at).strftime("%H:%M")
        signed = _("signed %(time)s") % {"time": when or ""}
        later = study.instance_count - reading.instances_seen if reading else 0
        return who, f"{signed} · {_late_words(later)}" if later > 0 else signed
    if reading is None or reading.status != ReadingStatus.OPEN:
        return _("free"), ""
    who = _("You") if mine else str(reading.reader)
    given = getattr(reading, "hand_over", None)
    if given is not None:
        return who, _("handed over by %(who)s") % {"who": given.giver}
    return who, _("reading %(time)s") % {"time": ago(now - reading.claimed_at)}


def _late_words(images: int) -> str:
    return ngettext("%(n)d image came later", "%(n)d images came later", images) % {"n": images}


def _badges(study: Study, reading: Reading | None, runs: list[ScoreRun], around: Around, name: str) -> list[Badge]:
    badges = []
    if study.pk == around.urgent:
        badges.append(Badge("urgent", _("more urgent than your session"), tone="warn"))
    late = max(0, study.instance_count - reading.instances_seen) if reading else 0
    if late:
        words = _late_words(late)
        badges.append(Badge(f"late-{late}", words, f"{name}: {words}.", "warn"))
    elif reading is None and runs and study.status == StudyStatus.RECEIVING:
        # Scored once already: it was complete, and is no longer.
        words = _("more images are coming")
        badges.append(Badge("late", words, f"{name}: {words}.", "warn"))
    earlier, new = around.priors.get(study.pk, (0, 0))
    if new:
        words = ngettext("new prior", "%(n)d new priors", new) % {"n": new}
        badges.append(Badge(f"prior-{new}", words, f"{name}: {words}.", "warn"))
    elif earlier:
        badges.append(Badge("priors", ngettext("%(n)d prior", "%(n)d priors", earlier) % {"n": earlier}))
    note = around.notes.get(study.pk)
    if note is not None and note.asks:
        badges.append(Badge("asked", _("asked %(time)s ago") % {"time": ago(around.now - note.at)}))
    elif note is not None:
        words = _("question answered")
        badges.append(Badge(f"answered-{note.pk}", words, f"{name}: {words}."))
    return badges
