"""The worklist: which rows, in which order, how many of each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Site, User
from accounts.roles import Action
from screening.models import Deferral, Finding, Reading, ScoreRun, SessionStudy, Study, StudyNote, Tier
from screening.programmes import PROGRAMMES
from screening.selectors.deferrals import standing_deferrals
from screening.selectors.doors import sites_where
from screening.selectors.filters import PAGE, STATE_FILTERS, VIEWS, Filters
from screening.selectors.heads import with_heads
from screening.selectors.holding import held_back
from screening.selectors.queue import Scope, late_told, listed, queue, scope_of, tier_told, unreported, waiting
from screening.selectors.rows import Around, Row, row
from screening.selectors.sessions import Standing, next_free, standing
from screening.states import AiState, ReadingStatus, StudyStatus

__all__ = [
    "PAGE",
    "STATE_FILTERS",
    "VIEWS",
    "Filters",
    "Page",
    "Row",
    "filter_sites",
    "next_free",
    "queue",
    "worklist_page",
]


@dataclass(frozen=True, slots=True)
class Page:
    """counts: of the view by programme, "" for all, "none" for none; tiers: of the view; views: by their names.

    late, being_read: of the whole list.
    """

    rows: list[Row]
    total: int
    counts: dict[str, int]
    late: int
    being_read: int
    more: bool
    tiers: dict[str, int] = field(default_factory=dict)
    views: dict[str, int] = field(default_factory=dict)
    session: Standing | None = None


def worklist_page(user: User, filters: Filters) -> Page:
    """The rows to show, and the counts of the view and of the whole list (before any filter narrows them).

    A fixed number of queries, however many studies there are or are shown.
    """
    scope = scope_of(user)
    everything = waiting(scope)
    session = standing(scope)
    sides = {name: _side(scope, name, session) for name in VIEWS if name}
    viewed = _view(scope, filters, sides)
    chosen = _narrow(viewed, scope, filters)
    whole = not (filters.view or filters.narrowed)
    counts, tiers, late, being_read = _counts(everything, scope)
    waits = counts[""]
    if filters.view or filters.state == "reported":
        counts, tiers, _late, _being_read = _counts(viewed, scope)
    total = chosen.count() if filters.narrowed else counts[""]
    # The order from the index alone; whole rows only of what is shown.
    shown = list(chosen.values_list("pk", flat=True)[: filters.shown])
    whole_rows = {study.pk: study for study in _with_all_they_say(listed(scope).filter(pk__in=shown))}
    studies = [whole_rows[pk] for pk in shown if pk in whole_rows]
    held = held_back(user, (study for study in studies if study.site_id in scope.scores))
    around = Around(
        user=user,
        now=scope.now,
        held=held,
        hidden=held | {study.pk for study in studies if study.site_id not in scope.scores},
        may_claim=scope.claims,
        places=_places(everything, [study.pk for study in studies], from_the_top=whole),
        deferrals=_deferrals(scope, studies),
        notes=_last_notes(studies),
        priors=priors_of(studies),
        positions={entry.study: entry.position for entry in session.entries} if session else {},
        urgent=session.urgent.pk if session and session.urgent else None,
    )
    rows = [row(study, around) for study in studies]
    return Page(
        rows=rows,
        total=total,
        counts=counts,
        late=late,
        being_read=being_read,
        more=total > len(rows),
        tiers=tiers,
        views={
            "": waits,
            # What is in the view is counted already.
            **{
                name: counts[""] if name == filters.view and filters.state != "reported" else side.count()
                for name, side in sides.items()
            },
            "session": session.total - session.done if session else 0,
        },
        session=session,
    )


def _with_all_they_say(studies: QuerySet[Study]) -> QuerySet[Study]:
    readings = Reading.objects.filter(status__in=(ReadingStatus.OPEN, ReadingStatus.COMPLETED))
    return studies.prefetch_related(
        Prefetch(
            "readings",
            readings.select_related("reader", "hand_over__giver").order_by("id"),
            to_attr="current_readings",
        ),
        Prefetch("score_runs", with_heads(ScoreRun.objects.order_by("-id")), to_attr="runs"),
        Prefetch("runs__findings", Finding.objects.filter(number__lte=2).order_by("number"), to_attr="first_findings"),
    )


def _view(scope: Scope, filters: Filters, sides: dict[str, QuerySet[Study]]) -> QuerySet[Study]:
    """The studies of a view. A searched text looks through what is set aside, too: nobody is to think it lost."""
    if filters.state == "reported":
        return listed(scope).filter(status=StudyStatus.REPORTED, erased_at__isnull=True).order_by("-reported_at", "-id")
    if filters.view:
        return sides[filters.view]
    return unreported(scope) if filters.text else waiting(scope)


def _side(scope: Scope, view: str, session: Standing | None) -> QuerySet[Study]:
    """The studies of one of `VIEWS`, in the order that says most there."""
    # Ids first: with a subquery instead, the database looks at every study for each of these short lists.
    own = Reading.objects.filter(reader=scope.user)
    if view == "mine":
        return unreported(scope).filter(pk__in=_studies(own.filter(status=ReadingStatus.OPEN)))
    if view == "second":
        # Read once to the end, and yet not reported: the protocol asks for another reader.
        done = Reading.objects.filter(study=OuterRef("pk"), status=ReadingStatus.COMPLETED)
        return unreported(scope).filter(Exists(done))
    if view == "deferred":
        return unreported(scope).filter(pk__in=scope.aside)
    if view == "questions":
        return unreported(scope).filter(pk__in=_studies(StudyNote.objects.filter(asks=True, pk__in=_newest_notes())))
    if view == "signed":
        morning = timezone.localtime(scope.now).replace(hour=0, minute=0, second=0, microsecond=0)
        today = _studies(own.filter(status=ReadingStatus.COMPLETED, closed_at__gte=morning))
        return (
            listed(scope)
            .filter(pk__in=today, status=StudyStatus.REPORTED, erased_at__isnull=True)
            .order_by("-reported_at", "-id")
        )
    if session is None:
        return listed(scope).none()
    places = SessionStudy.objects.filter(session=session.session, study=OuterRef("pk")).values("position")[:1]
    return listed(scope).filter(pk__in=[entry.study for entry in session.entries]).order_by(Subquery(places))


def _studies(rows: QuerySet[Reading] | QuerySet[StudyNote]) -> list[int]:
    return list(rows.values_list("study_id", flat=True))


def _newest_notes(**of: Any) -> QuerySet[StudyNote, Any]:
    """Ids of the last note of each study, for `pk__in`."""
    return StudyNote.objects.filter(**of).order_by().values("study").annotate(newest=Max("pk")).values("newest")


def _narrow(studies: QuerySet[Study], scope: Scope, filters: Filters) -> QuerySet[Study]:
    if filters.programme:
        studies = studies.filter(programme="" if filters.programme == "none" else filters.programme)
    if filters.tier:
        studies = studies.filter(tier_told(scope), tier=filters.tier)
    if filters.site:
        studies = studies.filter(site__slug=filters.site)
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
        match = Q()
        for part in filters.text.replace(",", " ").replace("^", " ").split():
            match &= Q(patient__name__icontains=part)
        studies = studies.filter(
            match | Q(patient__patient_id__iexact=filters.text) | Q(accession_number__iexact=filters.text)
        )
    return studies


def _places(everything: QuerySet[Study], shown: list[int], *, from_the_top: bool) -> dict[int, tuple[int, int]]:
    """Study → (its place in the whole list, the place it would have without AI), for the shown ones alone.

    The rows are numbered before they are chosen: only a condition joined by OR to one on a place waits for the places.
    from_the_top: the shown ones are the first of the list, in its order, so that one of the places is known.
    """
    place = F("due_at") if from_the_top else Window(RowNumber(), order_by=("due_at", F("score").desc(), "id"))
    numbered = everything.order_by().annotate(
        place=place, place_without_ai=Window(RowNumber(), order_by=("base_due_at", "id"))
    )
    found = numbered.filter(Q(pk__in=shown) | Q(place_without_ai__lt=1))
    places = {pk: (place, other) for pk, place, other in found.values_list("pk", "place", "place_without_ai")}
    return {pk: (at, places[pk][1]) for at, pk in enumerate(shown, start=1) if pk in places} if from_the_top else places


def _counts(everything: QuerySet[Study], scope: Scope) -> tuple[dict[str, int], dict[str, int], int, int]:
    """(how many in each tab, in each tier as far as it is told, how many late, how many being read)."""
    counts = dict.fromkeys(("", "none", *PROGRAMMES), 0)
    tiers = dict.fromkeys(Tier.values, 0)
    late = being_read = 0
    for entry in (
        everything.order_by()
        .values("programme", "tier")
        .annotate(
            n=Count("pk"),
            told=Count("pk", filter=tier_told(scope)),
            late=Count("pk", filter=late_told(scope)),
            being_read=Count("pk", filter=Q(status=StudyStatus.READING)),
        )
    ):
        counts[entry["programme"] or "none"] = counts.get(entry["programme"] or "none", 0) + entry["n"]
        counts[""] += entry["n"]
        tiers[entry["tier"]] += entry["told"]
        late += entry["late"]
        being_read += entry["being_read"]
    return counts, tiers, late, being_read


def _deferrals(scope: Scope, studies: list[Study]) -> dict[int, Deferral]:
    """Study → the deferral that holds it now; no query where nothing is set aside."""
    shown = [study.pk for study in studies if study.pk in scope.aside]
    held = standing_deferrals(scope.now).filter(study__in=shown).select_related("by") if shown else ()
    return {deferral.study_id: deferral for deferral in held}


def _last_notes(studies: list[Study]) -> dict[int, StudyNote]:
    """Study → the newest note on it."""
    notes = StudyNote.objects.filter(pk__in=_newest_notes(study__in=studies))
    return {note.study_id: note for note in notes}


def priors_of(studies: list[Study]) -> dict[int, tuple[int, int]]:
    """Study → (how many earlier studies of the same person there are, how many of those came after it did).

    Only where it is known whose studies the patient row holds: with an ID, and one name and birth date.
    """
    known = {study.patient_id for study in studies if study.patient.patient_id and not study.patient.mismatch}
    past: dict[int, list[tuple[datetime, datetime]]] = {}
    others = Study.objects.filter(patient__in=known)
    for patient, taken, received in others.values_list("patient_id", "study_at", "received_at"):
        if taken is not None:
            past.setdefault(patient, []).append((taken, received))
    found = {}
    for study in studies:
        if study.study_at is None:
            continue
        earlier = [received for taken, received in past.get(study.patient_id, ()) if taken < study.study_at]
        open_ = study.status != StudyStatus.REPORTED
        found[study.pk] = (len(earlier), sum(received > study.received_at for received in earlier) if open_ else 0)
    return found


def filter_sites(user: User) -> list[Site]:
    return list(sites_where(user, Action.VIEW_WORKLIST))
