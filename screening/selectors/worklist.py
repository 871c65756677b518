"""The worklist: which rows, in which order, and what each row says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, F, Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Site, User
from accounts.roles import Action
from screening.models import Finding, Reading, ScoreRun, Study, Tier
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where, visible_studies
from screening.selectors.heads import head_of, with_heads
from screening.selectors.phrases import ago, ai_lines, due_rule_words, patient_line, relative_due
from screening.selectors.registry import basis_words
from screening.selectors.results import speaking_run
from screening.states import AiState, ReadingStatus, RunStatus, StudyStatus

PAGE = 100
STATE_FILTERS = {
    "to_read": gettext_lazy("To read"),
    "free": gettext_lazy("Free"),
    "being_read": gettext_lazy("Being read"),
    "ai_missing": gettext_lazy("No AI result"),
    "reported": gettext_lazy("Reported"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty strings mean all."""

    programme: str = ""
    tier: str = ""
    state: str = ""
    site: str = ""
    mine: bool = False
    text: str = ""
    shown: int = PAGE

    @classmethod
    def of(cls, values: dict[str, str]) -> Filters:
        """From a query string or form; unknown values are ignored."""
        try:
            shown = min(1000, max(PAGE, int(values.get("shown", PAGE))))
        except ValueError:
            shown = PAGE
        programme = values.get("programme", "")
        tier = values.get("tier", "")
        state = values.get("state", "")
        return cls(
            programme=programme if programme in PROGRAMMES or programme == "none" else "",
            tier=tier if tier in Tier.values else "",
            state=state if state in STATE_FILTERS else "",
            site=values.get("site", "")[:50],
            mine=values.get("mine", "") == "1",
            text=values.get("text", "").strip()[:100],
            shown=shown,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the page shows it: two lines a column, every state in words."""

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
    why: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    total: int
    counts: dict[str, int]
    late: int
    being_read: int
    more: bool


def queue(user: User) -> QuerySet[Study]:
    """Unreported studies the user's worklists hold, in due order: one index, nothing starves."""
    return (
        visible_studies(user)
        .filter(site__in=sites_where(user, Action.VIEW_WORKLIST))
        .exclude(status=StudyStatus.REPORTED)
        .order_by("due_at", "-score", "id")
    )


def _narrow(studies: QuerySet[Study], user: User, filters: Filters) -> QuerySet[Study]:
    if filters.programme:
        studies = studies.filter(programme="" if filters.programme == "none" else filters.programme)
    if filters.tier:
        studies = studies.filter(tier=filters.tier)
    if filters.site:
        studies = studies.filter(site__slug=filters.site)
    if filters.mine:
        studies = studies.filter(readings__reader=user, readings__status=ReadingStatus.OPEN)
    if filters.state == "being_read":
        studies = studies.filter(status=StudyStatus.READING)
    elif filters.state == "free":
        studies = studies.exclude(status=StudyStatus.READING)
    elif filters.state == "to_read":
        studies = studies.filter(status=StudyStatus.TO_READ)
    elif filters.state == "ai_missing":
        studies = studies.filter(ai_state__in=(AiState.REFUSED, AiState.FAILED, AiState.OUT_OF_SCOPE))
    if filters.text:
        # DICOM writes FAMILY^GIVEN; a person types "family given", "family, given" or either part.
        parts = filters.text.replace(",", " ").replace("^", " ").split()
        match = Q()
        for part in parts:
            match &= Q(patient__name__icontains=part)
        studies = studies.filter(
            match | Q(patient__patient_id__iexact=filters.text) | Q(accession_number__iexact=filters.text)
        )
    return studies


def _reported(user: User) -> QuerySet[Study]:
    return (
        visible_studies(user)
        .filter(site__in=sites_where(user, Action.VIEW_WORKLIST), status=StudyStatus.REPORTED)
        .order_by("-reported_at", "-id")
    )


def worklist_page(user: User, filters: Filters) -> Page:
    """The rows to show, and the counts of the whole list (before any filter but the site's)."""
    now = timezone.now()
    everything = queue(user)
    chosen = _narrow(_reported(user) if filters.state == "reported" else everything, user, filters)
    total = chosen.count()
    studies = list(
        chosen.prefetch_related(
            Prefetch(
                "readings",
                Reading.objects.filter(status__in=(ReadingStatus.OPEN, ReadingStatus.COMPLETED)).select_related(
                    "reader"
                ),
                to_attr="current_readings",
            ),
            Prefetch("score_runs", with_heads(ScoreRun.objects.order_by("-id")), to_attr="runs"),
            Prefetch(
                "runs__findings",
                Finding.objects.filter(number__lte=2).order_by("number"),
                to_attr="first_findings",
            ),
        )[: filters.shown]
    )
    sees_scores = set(sites_where(user, Action.VIEW_SCORES).values_list("pk", flat=True))
    may_claim = set(sites_where(user, Action.CLAIM_STUDY).values_list("pk", flat=True))
    places = _places(everything, [study.pk for study in studies])
    rows = [
        _row(
            study,
            user=user,
            now=now,
            scores=study.site_id in sees_scores,
            may_claim=study.site_id in may_claim,
            place=places.get(study.pk, (0, 0))[0],
            without_ai=places.get(study.pk, (0, 0))[1],
        )
        for study in studies
    ]
    counts, late, being_read = _counts(everything, user, now)
    return Page(rows=rows, total=total, counts=counts, late=late, being_read=being_read, more=total > len(rows))


def _places(everything: QuerySet[Study], shown: list[int]) -> dict[int, tuple[int, int]]:
    """Study → (its place in the whole list, the place it would have without AI), for the shown ones alone.

    The rows are numbered before they are chosen: only a condition joined by OR to one on a place waits for the places.
    """
    numbered = everything.order_by().annotate(
        place=Window(RowNumber(), order_by=("due_at", F("score").desc(), "id")),
        place_without_ai=Window(RowNumber(), order_by=("base_due_at", "id")),
    )
    found = numbered.filter(Q(pk__in=shown) | Q(place__lt=1)).values_list("pk", "place", "place_without_ai")
    return {pk: (place, without_ai) for pk, place, without_ai in found}


def _counts(everything: QuerySet[Study], user: User, now: datetime) -> tuple[dict[str, int], int, int]:
    """(how many in each tab, how many late, how many being read) of the whole list."""
    counts = dict.fromkeys(("", "mine", "none", *PROGRAMMES), 0)
    late = being_read = 0
    for entry in (
        everything.order_by()
        .values("programme")
        .annotate(
            n=Count("pk"),
            late=Count("pk", filter=Q(due_at__lt=now)),
            being_read=Count("pk", filter=Q(status=StudyStatus.READING)),
        )
    ):
        counts[entry["programme"] or "none"] = counts.get(entry["programme"] or "none", 0) + entry["n"]
        counts[""] += entry["n"]
        late += entry["late"]
        being_read += entry["being_read"]
    counts["mine"] = everything.filter(readings__reader=user, readings__status=ReadingStatus.OPEN).count()
    return counts, late, being_read


def next_free(user: User, *, after: Sequence[int] = ()) -> Study | None:
    """The first study of the queue that nobody is reading and this user may claim.

    One's own open reading comes first: what was begun is finished first.
    """
    claimable = queue(user).filter(site__in=sites_where(user, Action.CLAIM_STUDY)).exclude(pk__in=after)
    own = claimable.filter(readings__reader=user, readings__status=ReadingStatus.OPEN).first()
    return own or claimable.exclude(status=StudyStatus.READING).first()


def filter_sites(user: User) -> list[Site]:
    return list(sites_where(user, Action.VIEW_WORKLIST))


def _row(study: Study, *, user: User, now: datetime, scores: bool, may_claim: bool, place: int, without_ai: int) -> Row:
    readings: list[Reading] = study.current_readings  # type: ignore[attr-defined]
    runs: list[ScoreRun] = study.runs  # type: ignore[attr-defined]
    reading = readings[0] if readings else None
    run = speaking_run(study, runs)
    findings: list[Finding] = run.first_findings if run and run.status == RunStatus.SUCCEEDED else []  # type: ignore[attr-defined]
    speaks = run if run and study.ai_state == AiState.SCORED and run.status == RunStatus.SUCCEEDED else None
    mine = reading is not None and reading.status == ReadingStatus.OPEN and reading.reader_id == user.pk
    free = study.status in (StudyStatus.RECEIVING, StudyStatus.QUEUED, StudyStatus.SCORING, StudyStatus.TO_READ)
    words = (
        ai_lines(study, run, findings, head_of(run) if run else {})
        if scores
        else (_("Not shown to this role"), "", "state")
    )
    due, late = relative_due(study, now)
    name, detail = patient_line(study, now)
    reader, reader_detail = _reader(study, reading, mine, now)
    return Row(
        study=study,
        tier=study.tier if scores else Tier.ROUTINE,
        tier_label=str(Tier(study.tier).label) if scores else "",
        due=due,
        late=late,
        since=_("since %(time)s") % {"time": timezone.localtime(study.received_at).strftime("%H:%M")},
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
        claimable=may_claim and free,
        releasable=may_claim and mine,
        place=place,
        place_without_ai=without_ai,
        why=_why(study, now, place, without_ai, scores, speaks),
    )


def _reader(study: Study, reading: Reading | None, mine: bool, now: datetime) -> tuple[str, str]:
    if study.status == StudyStatus.REPORTED:
        who = str(reading.reader) if reading else ""
        when = study.reported_at and timezone.localtime(study.reported_at).strftime("%H:%M")
        signed = _("signed %(time)s") % {"time": when or ""}
        later = study.instance_count - reading.instances_seen if reading else 0
        if later > 0:
            signed += " · " + ngettext("%(n)d image came later", "%(n)d images came later", later) % {"n": later}
        return who, signed
    if reading is None or reading.status != ReadingStatus.OPEN:
        return _("free"), ""
    who = _("You") if mine else str(reading.reader)
    return who, _("reading %(time)s") % {"time": ago(now - reading.claimed_at)}


def _why(
    study: Study, now: datetime, place: int, without_ai: int, scores: bool, run: ScoreRun | None
) -> tuple[str, ...]:
    """The lines that explain a place: rule, arithmetic, waiting, where it would be without AI, and the AI's right."""
    received = timezone.localtime(study.received_at)
    due = timezone.localtime(study.due_at if scores else study.base_due_at)
    day = "%H:%M" if due - received < timedelta(hours=12) and due.date() == received.date() else "%Y-%m-%d %H:%M"
    lines = []
    if study.due_rule and scores:
        rule = due_rule_words(study.due_rule)
        lines.append(rule[:1].upper() + rule[1:])
    lines.append(
        _("received %(received)s, due %(due)s") % {"received": received.strftime(day), "due": due.strftime(day)}
    )
    lines.append(_("waiting %(time)s") % {"time": ago(now - study.received_at)})
    if not scores or not place:
        return tuple(lines)
    if study.ai_state != AiState.SCORED and study.due_at == study.base_due_at:
        lines.append(_("AI has not moved it: place %(place)d") % {"place": place})
    elif place == without_ai:
        lines.append(_("place %(place)d, the same as without AI") % {"place": place})
    else:
        lines.append(_("place %(place)d; without AI it would be %(other)d") % {"place": place, "other": without_ai})
    if run is not None:
        lines.append(basis_words(run.triage_basis))
    return tuple(lines)
