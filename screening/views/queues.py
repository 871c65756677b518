"""The administrator's page of workers and queues: what runs, waits and failed, and trying a failed run again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from config.jobs import JOBS
from screening.models import Study
from screening.programmes import PROGRAMMES
from screening.selectors import operation
from screening.selectors import queues as selected
from screening.selectors.doors import sites_where
from screening.services.retrying import NotRetried, retry_failed

# No worker takes what waits for so long.
PATIENCE_S = 300


@login_required
@require_GET
@never_cache
def queues(request: HttpRequest) -> HttpResponse:
    person = _allowed(request, Action.VIEW_STATUS)
    now = timezone.now()
    sites = list(sites_where(person, Action.VIEW_STATUS))
    failed = operation.failed_studies(sites)
    names = {key: str(programme.label) for key, programme in PROGRAMMES.items()}
    waiting = selected.waiting(sites, now)
    audit.record(Verb.QUEUES_VIEWED, actor=person, detail={"sites": len(sites)}, request=request)
    context = {
        "runs": operation.runs_now(now, sites),
        "running": [
            (names.get(run.programme, run.programme), run, took, left)
            for run, took, left in selected.running(sites, now)
        ],
        "waiting": [(names.get(run.programme, run.programme), run, seconds) for run, seconds in waiting],
        "failed": [(names.get(study.programme, study.programme), study) for study in failed[: selected.SHOWN]],
        "failed_count": failed.count(),
        "reasons": [(names.get(one.programme, one.programme), one) for one in operation.without_result(now, sites)],
        "jobs": [(name, job) for name, job in sorted(JOBS.items())],
        "nobody": bool(waiting) and waiting[0][1] > PATIENCE_S,
        "shown": selected.SHOWN,
        "may_retry": can(person, Action.MANAGE_MODELS),
    }
    return render(request, "screening/queues.html", context)


@login_required
@require_POST
def run_retry(request: HttpRequest, study_id: int) -> HttpResponse:
    """Score a failed study once more."""
    person = _allowed(request, Action.MANAGE_MODELS)
    sites = sites_where(person, Action.MANAGE_MODELS)
    study = Study.objects.filter(pk=study_id, site__in=sites).select_related("site").first()
    if study is None:
        raise Http404(_("There is no such study."))
    try:
        retry_failed(study=study, actor=person, request=request)
    except NotRetried as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The study is scored again."))
    return redirect("queues")


def _allowed(request: HttpRequest, action: Action) -> User:
    if not isinstance(request.user, User) or not can(request.user, action):
        raise PermissionDenied(_("Only administrators see how the department runs."))
    return request.user
