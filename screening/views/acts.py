"""What can be done with one study of the list besides reading it: set aside, hand over, ask, and undo that."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import DeferReason, Study, StudyNote
from screening.selectors import open_reading, study_for
from screening.selectors.deferrals import needs_note, standing_deferral
from screening.selectors.filters import Filters
from screening.selectors.handovers import begun_by, colleagues, undoable
from screening.selectors.holding import is_held_back
from screening.selectors.standing import standing_json
from screening.services.deferring import CannotDefer, bring_back, defer_study
from screening.services.handing_over import CannotHandOver, hand_over, take_back
from screening.services.looking import record_once
from screening.services.notes import EmptyNote, write_note
from screening.states import InvalidTransition, LostRace
from screening.views.worklist import UNDO, site_asked, viewer

MORNING = time(7)
UNTIL = {
    "1h": gettext_lazy("for an hour"),
    "4h": gettext_lazy("for four hours"),
    "morning": gettext_lazy("until tomorrow morning"),
    "week": gettext_lazy("for a week"),
    "date": gettext_lazy("until the morning of"),
}


@login_required
@require_GET
@never_cache
def acts(request: HttpRequest, study_uid: str) -> HttpResponse:
    """The notes on a study and the forms of what this person may do with it, as a piece of a page."""
    user = viewer(request)
    study = study_for(user, study_uid, Action.VIEW_WORKLIST, site_asked(request))
    reading = open_reading(study)
    mine = reading is not None and reading.reader_id == user.pk
    claims = can(user, Action.CLAIM_STUDY, study.site)
    given = undoable(study, user) if claims else None
    notes = list(StudyNote.objects.filter(study=study).select_related("author"))
    if notes:
        record_once(Verb.NOTES_VIEWED, study=study, actor=user, request=request, notes=len(notes))
    deferral = standing_deferral(study)
    # Who is not told the tier is asked for words whatever it is.
    told = claims and can(user, Action.VIEW_SCORES, study.site) and not is_held_back(user, study)
    context: dict[str, Any] = {
        "study": study,
        "notes": notes,
        "may_note": can(user, Action.WRITE_NOTE, study.site),
        "asks": claims,
        "deferral": deferral,
        "may_defer": claims and study.is_readable and deferral is None and (reading is None or mine),
        "reasons": DeferReason.choices,
        "until": UNTIL.items(),
        "first_day": timezone.localdate() + timedelta(days=1),
        "pressing": told and needs_note(study, study.due_at + timedelta(days=1)),
        "may_bring_back": claims and deferral is not None,
        "may_hand_over": claims and mine,
        "colleagues": colleagues(study, user) if claims and mine else (),
        "may_take_back": given is not None and not begun_by(given),
    }
    return render(request, "screening/_acts.html", context)


@login_required
@require_GET
@never_cache
def standing(request: HttpRequest, study_uid: str) -> JsonResponse:
    """What the open reading room asks for from time to time: see `selectors.standing`."""
    user = viewer(request)
    study = study_for(user, study_uid, Action.VIEW_WORKLIST, site_asked(request))
    return JsonResponse(standing_json(study, user))


@login_required
@require_POST
def defer(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Fields reason, note, until (a key of `UNTIL`), day: 302, 400 with a sentence, 409 when another was first."""
    user, study = _to_read(request, study_uid)
    try:
        defer_study(
            study=study,
            reader=user,
            reason=request.POST.get("reason", ""),
            until=_until(request.POST),
            note=request.POST.get("note", ""),
            request=request,
        )
    except CannotDefer as error:
        return _refused(request, study, str(error))
    except (LostRace, InvalidTransition):
        return _too_late(request, study)
    return _done(request, study, "defer")


@login_required
@require_POST
def undefer(request: HttpRequest, study_uid: str) -> HttpResponse:
    user, study = _to_read(request, study_uid)
    try:
        bring_back(study=study, reader=user, request=request)
    except LostRace:
        return _too_late(request, study)
    return _done(request, study)


@login_required
@require_POST
def give(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Fields to (a user's id), note: 302, 400 with a sentence, 409 when the study is no longer one's own."""
    user, study = _to_read(request, study_uid)
    chosen = request.POST.get("to", "")
    colleague = (
        colleagues(study, user).filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    )
    note = request.POST.get("note", "")
    try:
        hand_over(study=study, reader=user, colleague=colleague, note=note, request=request)
    except CannotHandOver as error:
        return _refused(request, study, str(error))
    except LostRace:
        return _too_late(request, study)
    return _done(request, study, "hand_over")


@login_required
@require_POST
def ungive(request: HttpRequest, study_uid: str) -> HttpResponse:
    user, study = _to_read(request, study_uid)
    try:
        take_back(study=study, reader=user, request=request)
    except LostRace:
        return _too_late(request, study)
    return _done(request, study)


@login_required
@require_POST
def note(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Field text: 302 back to the list, or to the room it was written in; 400 with a sentence."""
    user = viewer(request)
    study = study_for(user, study_uid, Action.VIEW_WORKLIST, site_asked(request))
    if not can(user, Action.WRITE_NOTE, study.site):
        raise PermissionDenied(_("Your role does not allow this."))
    try:
        write_note(study=study, author=user, text=request.POST.get("text", ""), request=request)
    except EmptyNote as error:
        return _refused(request, study, str(error))
    if request.POST.get("room") == "1":
        return HttpResponseRedirect(f"{reverse('reading-room', args=[study_uid])}?site={study.site.slug}")
    return _back(request)


def _to_read(request: HttpRequest, study_uid: str) -> tuple[User, Study]:
    user = viewer(request)
    return user, study_for(user, study_uid, Action.CLAIM_STUDY, site_asked(request))


def _until(form: QueryDict) -> datetime:
    """The time a form asks for; this moment, which no deferral takes, for what is no time."""
    now = timezone.now()
    chosen = form.get("until", "")
    if chosen in ("1h", "4h"):
        return now + timedelta(hours=int(chosen[0]))
    today = timezone.localdate(now)
    days = {"morning": today + timedelta(days=1), "week": today + timedelta(days=7), "date": _day(form.get("day", ""))}
    day = days.get(chosen)
    return timezone.make_aware(datetime.combine(day, MORNING)) if day else now


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _done(request: HttpRequest, study: Study, undoable_act: str = "") -> HttpResponse:
    """Back to the list, which offers to undo the last act until the session is ended or another follows."""
    if undoable_act:
        request.session[UNDO] = {"act": undoable_act, "study": study.study_uid, "site": study.site.slug}
    else:
        request.session.pop(UNDO, None)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the list as it was narrowed; anything else in the field is left out."""
    filters = Filters.of(QueryDict(request.POST.get("back", "")[:500].removeprefix("?")).dict())
    return HttpResponseRedirect(reverse("worklist") + filters.query())


def _refused(request: HttpRequest, study: Study, sentence: str) -> HttpResponse:
    return render(request, "screening/not_done.html", {"study": study, "sentence": sentence}, status=400)


def _too_late(request: HttpRequest, study: Study) -> HttpResponse:
    return render(request, "screening/claimed.html", {"study": study}, status=409)
