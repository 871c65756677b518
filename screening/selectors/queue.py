"""The one order of the list, and what of it is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import HoldBack, User
from accounts.roles import ROLE_ACTIONS, Action, in_reach
from screening.models import Reading, Study
from screening.selectors.deferrals import standing_deferrals
from screening.selectors.holding import UNREPORTED
from screening.selectors.programmes import programmes_held
from screening.states import ReadingStatus, StudyStatus


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person's list is made of at one moment: sites by what they may do there, and what is set aside.

    holding: site → programmes whose AI waits there for a first opinion, None for every study; only sites with any.
    """

    user: User
    now: datetime
    sees: frozenset[int]
    claims: frozenset[int]
    scores: frozenset[int]
    aside: frozenset[int]
    holding: Mapping[int, tuple[str, ...] | None]


def scope_of(user: User) -> Scope:
    """Two queries. An inactive user, and one without a role, sees no site."""
    now = timezone.now()
    fields = ("site_id", "role", "site__hold_back_ai", "site__programme_holds")
    roles = list(in_reach(user).values_list(*fields)) if user.is_active else []
    granted = frozenset(Action.values) if user.grant is None else user.grant.actions
    actions = {site: ROLE_ACTIONS[role] & granted for site, role, _policy, _own in roles}
    holding: dict[int, tuple[str, ...] | None] = {}
    for site, _role, policy, own in roles:
        held = programmes_held(own) if policy == HoldBack.PROGRAMME else []
        if held or policy == HoldBack.ALWAYS:
            holding[site] = None if policy == HoldBack.ALWAYS else tuple(held)

    def where(action: Action) -> frozenset[int]:
        return frozenset(site for site, allowed in actions.items() if action in allowed)

    sees = where(Action.VIEW_WORKLIST)
    aside = standing_deferrals(now).filter(study__site__in=sees).values_list("study_id", flat=True)
    return Scope(
        user=user,
        now=now,
        sees=sees,
        claims=where(Action.CLAIM_STUDY),
        scores=where(Action.VIEW_SCORES),
        aside=frozenset(aside),
        holding=holding,
    )


def listed(scope: Scope) -> QuerySet[Study]:
    """Every study the person's worklists hold, reported or not, in due order."""
    return (
        Study.objects.filter(site__in=scope.sees).select_related("site", "patient").order_by("due_at", "-score", "id")
    )


def unreported(scope: Scope) -> QuerySet[Study]:
    """By the states it may have: "not reported" would look at every study there ever was."""
    return listed(scope).filter(status__in=UNREPORTED)


def waiting(scope: Scope) -> QuerySet[Study]:
    """Unreported studies that are not set aside, in due order: one index, nothing starves."""
    return unreported(scope).exclude(pk__in=scope.aside) if scope.aside else unreported(scope)


def queue(user: User) -> QuerySet[Study]:
    """`waiting` of this moment."""
    return waiting(scope_of(user))


def free_studies(scope: Scope, programme: str = "") -> QuerySet[Study]:
    """The queue as far as the person may claim it and nobody reads it. programme: as in `Filters`.

    Whose reading of a study is over never reads it again: it waits for somebody else.
    """
    over = Reading.objects.filter(reader=scope.user, status=ReadingStatus.COMPLETED)
    over = over.exclude(study__status=StudyStatus.REPORTED)
    free = waiting(scope).filter(site__in=scope.claims).exclude(status=StudyStatus.READING)
    free = free.exclude(pk__in=over.values("study"))
    if programme:
        free = free.filter(programme="" if programme == "none" else programme)
    return free


def late_told(scope: Scope) -> Q:
    """Studies that are late as far as the person may know: by the due time without AI where its tier is not told."""
    told = tier_told(scope)
    return (told & Q(due_at__lt=scope.now)) | (~told & Q(base_due_at__lt=scope.now))


def tier_told(scope: Scope) -> Q:
    """Studies of which the person may be told the tier in a filter or a count: AI is not hidden from them at the
    site, and it is not held back until a first opinion."""
    everything = [site for site, programmes in scope.holding.items() if programmes is None]
    told = Q(site__in=scope.scores - set(everything))
    for site, programmes in scope.holding.items():
        if programmes is not None:
            told &= ~Q(site=site, programme__in=programmes)
    return told
