"""Seeing one study of another site in an emergency: opened with a reason, to look and nothing else, for a limited time.

Where it is opened and where it ends is here; what it lets be seen is in `screening.selectors.doors`, which looks at the
clock itself: an access whose time is over shows nothing more, whether or not it has been noted yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditEvent, User, Verb
from accounts.roles import Action, can
from screening.models import GlassBreak
from screening.selectors.emergency import closed_study

SHORTEST_REASON, LONGEST_REASON = 10, 300
# So many tries by one person within the time, right or wrong; counted in the audit trail, so by all processes alike.
TRIES, WITHIN = 10, timedelta(minutes=10)


# Other apps tell people of it: called in the transaction that opens the study.
_WATCHERS: dict[str, Callable[[GlassBreak], object]] = {}


def when_glass_breaks(name: str, watcher: Callable[[GlassBreak], object]) -> None:
    """watcher: leaves word of an access for others; it must not wait for anybody."""
    _WATCHERS[name] = watcher


class TooManyTries(Exception):
    """The person has tried too often; `str(error)` says when again. Answered with 429."""


class EmergencyError(ValueError):
    """What was sent opens nothing; `str(error)` says why. Answered with 400."""


def break_glass(*, user: User, number: str, reason: str, request: HttpRequest | None = None) -> GlassBreak:
    """Open the study with this very accession number or StudyInstanceUID, of a site that allows it.

    Every try is audited, right or wrong. Raises PermissionDenied without a reader's right anywhere, `TooManyTries`,
    `EmergencyError` for a reason that is none, Http404 in one and the same sentence for what is not there, what the
    site does not allow, what is not unique and what the person sees anyhow.
    """
    if not can(user, Action.BREAK_GLASS):
        raise PermissionDenied(_("Your role does not allow this."))
    since = timezone.now() - WITHIN
    tried = AuditEvent.objects.filter(verb=Verb.GLASS_BROKEN, actor=user, at__gt=since).count()
    if tried >= TRIES:
        audit.record(Verb.ACCESS_DENIED, actor=user, detail={"emergency": tried}, denied=True, request=request)
        raise TooManyTries(_("Too many tries. Wait ten minutes."))
    words = reason.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise EmergencyError(_("Say in 10 to 300 characters what the emergency is."))
    study = closed_study(user, number.strip())
    if study is None:
        audit.record(Verb.GLASS_BROKEN, actor=user, object_type="study", denied=True, request=request)
        raise Http404(_("Nothing can be opened by this number."))
    now = timezone.now()
    with transaction.atomic():
        _end(GlassBreak.objects.filter(user=user, study=study, ended_at__isnull=True), by_hand=False)
        glass = GlassBreak.objects.create(
            user=user,
            study=study,
            reason=words,
            opened_at=now,
            expires_at=now + timedelta(minutes=study.site.break_glass_minutes),
        )
        audit.record(
            Verb.GLASS_BROKEN,
            actor=user,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"access": glass.pk, "minutes": study.site.break_glass_minutes},
            request=request,
        )
        for watcher in _WATCHERS.values():
            watcher(glass)
    return glass


def end_access(*, user: User, study_uid: str, request: HttpRequest | None = None) -> int:
    """The person has seen enough. How many accesses ended: none where there was none."""
    return _end(
        GlassBreak.objects.filter(user=user, study__study_uid=study_uid, ended_at__isnull=True),
        by_hand=True,
        request=request,
    )


def sweep_glass() -> int:
    """Note the end of what the clock has ended. Run by beat."""
    over = GlassBreak.objects.filter(ended_at__isnull=True, expires_at__lte=timezone.now())
    return _end(over, by_hand=False)


def _end(rows: QuerySet[GlassBreak], *, by_hand: bool, request: HttpRequest | None = None) -> int:
    ended = 0
    for glass in rows.select_related("study__site", "user"):
        with transaction.atomic():
            at = min(timezone.now(), glass.expires_at)
            if not GlassBreak.objects.filter(pk=glass.pk, ended_at__isnull=True).update(ended_at=at):
                continue
            audit.record(
                Verb.GLASS_ENDED,
                actor=glass.user,
                site=glass.study.site,
                object_type="study",
                object_id=glass.study.study_uid,
                detail={"access": glass.pk, "by_hand": by_hand},
                request=request,
            )
            ended += 1
    return ended
