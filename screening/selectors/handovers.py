"""Who may be handed a study, and which act of the list can still be undone."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User, Verb
from accounts.roles import Action, can, roles_with
from screening.models import HandOver, Reading, Study
from screening.selectors.deferrals import standing_deferral
from screening.selectors.phrases import person_name
from screening.states import ReadingStatus


def colleagues(study: Study, user: User) -> QuerySet[User]:
    """The people who read at the study's site, by name: not the user, nor whose reading of it is over."""
    over = Reading.objects.filter(study=study, status=ReadingStatus.COMPLETED)
    return (
        User.objects.filter(
            is_active=True, memberships__site=study.site_id, memberships__role__in=roles_with(Action.CLAIM_STUDY)
        )
        .exclude(pk=user.pk)
        .exclude(pk__in=over.values("reader"))
        .order_by("last_name", "first_name", "username")
    )


def undoable(study: Study, giver: User) -> HandOver | None:
    """The hand-over by `giver` under which the study is being read now."""
    return (
        HandOver.objects.filter(reading__study=study, reading__status=ReadingStatus.OPEN, giver=giver)
        .select_related("reading__reader", "reading__study")
        .first()
    )


def begun_by(given: HandOver) -> bool:
    """Has the colleague opened the study since it was handed over?"""
    return AuditEvent.objects.filter(
        at__gte=given.at,
        verb=Verb.STUDY_OPENED,
        actor=given.reading.reader_id,
        site=given.reading.study.site_id,
        object_id=given.reading.study.study_uid,
    ).exists()


def undo_offered(user: User, last: object) -> dict[str, str] | None:
    """What a list offers to undo: {words, url, site} of the last act kept in the person's sign-in, None when it
    can no longer be undone. last: {act: "defer" or "hand_over", study, site}."""
    if not isinstance(last, dict) or last.get("act") not in ("defer", "hand_over"):
        return None
    studies = Study.objects.filter(site__slug=str(last.get("site")), study_uid=str(last.get("study")))
    study = studies.select_related("patient", "site").first()
    if study is None or not can(user, Action.CLAIM_STUDY, study.site):
        return None
    name = person_name(study.patient.name)
    if last["act"] == "defer":
        deferral = standing_deferral(study)
        if deferral is None:
            return None
        until = timezone.localtime(deferral.until).strftime("%Y-%m-%d %H:%M")
        words = _("%(name)s is set aside until %(until)s.") % {"name": name, "until": until}
        return {"words": words, "url": reverse("study-bring-back", args=[study.study_uid]), "site": study.site.slug}
    given = undoable(study, user)
    if given is None or begun_by(given):
        return None
    words = _("%(name)s was handed over to %(who)s.") % {"name": name, "who": given.reading.reader}
    return {"words": words, "url": reverse("study-take-back", args=[study.study_uid]), "site": study.site.slug}
