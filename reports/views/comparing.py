"""Earlier studies beside the current one, and matches between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.models import MatchVerdict
from reports.selectors.beside import beside_json, pairs_told
from reports.selectors.priors import pairs_json, prior_for
from reports.services.comparing import MatchConflict, judge_match
from reports.views.reading_room import json_body, signed_in
from screening.models import Study
from screening.selectors import study_for


def _both(request: HttpRequest, study_uid: str, prior_uid: str, action: Action) -> tuple[User, Study, Study]:
    user = signed_in(request)
    study = study_for(user, study_uid, action, request.GET.get("site"))
    return user, study, prior_for(user, study, prior_uid)


@require_GET
@login_required
@never_cache
def prior(request: HttpRequest, study_uid: str, prior_uid: str) -> HttpResponse:
    """The images of an earlier study and how its findings compare; an audited look at that study."""
    try:
        user, study, earlier = _both(request, study_uid, prior_uid, Action.VIEW_IMAGES)
    except PermissionDenied as error:
        return _refused(403, str(error))
    except Http404 as error:
        return _refused(404, str(error))
    audit.record(
        Verb.STUDY_OPENED,
        actor=user,
        site=earlier.site,
        object_type="study",
        object_id=earlier.study_uid,
        detail={"beside": study.study_uid},
        request=request,
    )
    return JsonResponse(beside_json(study, earlier, user))


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def match(request: HttpRequest, study_uid: str, prior_uid: str) -> HttpResponse:
    """{"finding", "prior_finding", "verdict"} → 200 with every pair, 400 unusable, 409 no longer so. By GET the pairs
    as they stand, for a room that shows the earlier study already."""
    try:
        user, study, earlier = _both(request, study_uid, prior_uid, Action.VIEW_IMAGES)
        if request.method == "GET":
            return JsonResponse({"pairs": pairs_told(study, earlier, user)})
        if not can(user, Action.EDIT_REPORT, study.site):
            raise PermissionDenied
        sent = json_body(request)
        words = (
            [sent.get(name) for name in ("finding", "prior_finding", "verdict")] if isinstance(sent, Mapping) else []
        )
        if len(words) != 3 or not all(isinstance(word, str) for word in words) or words[2] not in MatchVerdict.values:
            return _refused(400, _("Not usable: a match names two findings and a verdict."))
        judge_match(
            study=study,
            prior=earlier,
            reader=user,
            finding=str(words[0]),
            prior_finding=str(words[1]),
            verdict=MatchVerdict(str(words[2])),
            request=request,
        )
    except MatchConflict as error:
        return _refused(409, str(error), pairs=pairs_json(study, earlier))
    except PermissionDenied as error:
        return _refused(403, str(error))
    except Http404 as error:
        return _refused(404, str(error))
    return JsonResponse({"pairs": pairs_json(study, earlier)})


def _refused(status: int, detail: str, **more: Any) -> HttpResponse:
    return JsonResponse({"detail": detail or _("Your role does not allow this."), **more}, status=status)
