"""Where a reader stands in their session, what comes next, and what should not wait behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from accounts.models import User
from screening.models import OrderPriority, Reading, ReadingSession, Study, Tier
from screening.selectors.queue import Scope, free_studies, scope_of, waiting
from screening.states import ReadingStatus, StudyStatus

# Due within this time counts as urgent whatever brought it there.
SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A study's place in a session. read, mine: by the session's reader. waits: its turn is still to come."""

    position: int
    study: int
    read: bool
    mine: bool
    aside: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a session is. done: entries that no longer wait for the reader.

    current: position of the study being read, None between two. following: the study that is read after it.
    urgent: a free study that should not wait behind it.
    """

    session: ReadingSession
    entries: tuple[Entry, ...]
    following: Study | None
    urgent: Study | None

    @property
    def total(self) -> int:
        return len(self.entries)

    @property
    def read(self) -> int:
        return sum(entry.read for entry in self.entries)

    @property
    def aside(self) -> int:
        return sum(entry.aside for entry in self.entries)

    @property
    def done(self) -> int:
        return sum(not (entry.waits or entry.mine) for entry in self.entries)

    @property
    def current(self) -> int | None:
        return next((entry.position for entry in self.entries if entry.mine), None)

    @property
    def finished(self) -> bool:
        return self.done == self.total


def open_session(user: User) -> ReadingSession | None:
    return ReadingSession.objects.filter(reader=user, ended_at=None).select_related("reader").first()


def standing(scope: Scope) -> Standing | None:
    """The reader's open session; four queries at most, whatever its size."""
    session = open_session(scope.user)
    if session is None:
        return None
    entries = _entries(session, scope)
    following = _first_waiting(entries, scope)
    urgent = more_urgent(scope, following) if following else None
    return Standing(session=session, entries=entries, following=following, urgent=urgent)


def _entries(session: ReadingSession, scope: Scope) -> tuple[Entry, ...]:
    """In the order of the session; those of a site the reader no longer reads at wait for nobody."""
    own = Reading.objects.filter(study=OuterRef("study"), reader=scope.user)
    rows = session.entries.annotate(
        mine=Exists(own.filter(status=ReadingStatus.OPEN)), read=Exists(own.filter(status=ReadingStatus.COMPLETED))
    ).values_list("position", "study_id", "passed", "mine", "read", "study__status", "study__site_id")
    taken = (StudyStatus.READING, StudyStatus.REPORTED)
    return tuple(
        Entry(
            position=position,
            study=study,
            read=read,
            mine=mine,
            aside=study in scope.aside,
            waits=not (passed or read or study in scope.aside or status in taken) and site in scope.claims,
        )
        for position, study, passed, mine, read, status, site in rows
    )


def _first_waiting(entries: Sequence[Entry], scope: Scope, after: Sequence[int] = ()) -> Study | None:
    """The first study of the frozen order whose turn is still to come."""
    pk = next((entry.study for entry in entries if entry.waits and entry.study not in after), None)
    return free_studies(scope).filter(pk=pk).first() if pk is not None else None


def more_urgent(scope: Scope, following: Study) -> Study | None:
    """A free study that is urgent and due before the one the session would give next, whether it is in the
    session or not: a frozen order must not hide it. AI without the right to move the queue moves nothing here."""
    moved = Q(tier__in=(Tier.CRITICAL, Tier.URGENT), due_at__lt=F("base_due_at"))
    ordered = Q(order_priority__in=(OrderPriority.STAT, OrderPriority.URGENT))
    return (
        free_studies(scope)
        .filter(moved | ordered | Q(due_at__lte=scope.now + SOON), due_at__lt=following.due_at)
        .exclude(pk=following.pk)
        .first()
    )


def next_free(user: User, *, after: Sequence[int] = ()) -> Study | None:
    """The study that "next" leads to: what was begun is finished first, then the session's order, else the queue's.

    after: studies to leave out. None at the end of a session, and when nothing is free.
    """
    scope = scope_of(user)
    own = Reading.objects.filter(reader=user, status=ReadingStatus.OPEN).values("study")
    begun = waiting(scope).filter(site__in=scope.claims, pk__in=own).exclude(pk__in=after).first()
    if begun is not None:
        return begun
    session = open_session(user)
    if session is not None:
        return _first_waiting(_entries(session, scope), scope, after)
    return free_studies(scope).exclude(pk__in=after).first()
