"""Trying a failed score run again, one click a study."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import ScoreRun, Study
from screening.scoring.bundle import BundleError
from screening.selectors.operation import failed_studies
from screening.services.scoring import request_score_again


class NotRetried(Exception):
    """There is nothing to try again; `str(error)` says why."""


def retry_failed(*, study: Study, actor: User, request: HttpRequest | None = None) -> ScoreRun:
    """Ask for the score of a study once more whose scoring failed; the failed run stays. The row's lock makes a
    double click one run.

    Raises PermissionDenied, and `NotRetried` for a study that is reported, being scored, not failed, or that no
    usable model reads.
    """
    if not can(actor, Action.MANAGE_MODELS, study.site):
        raise PermissionDenied(_("Your role does not allow this."))
    with transaction.atomic():
        locked = Study.objects.select_for_update().select_related(None).get(pk=study.pk)
        if not failed_studies([study.site]).filter(pk=locked.pk).exists():
            raise NotRetried(_("This study is no longer failed: it is being scored, has a result or is reported."))
        failed = locked.score_runs.order_by("-id").first()
        locked.site = study.site
        try:
            run = request_score_again(study=locked)
        except BundleError as error:
            raise NotRetried(str(error)) from error
        if run is None:
            raise NotRetried(_("This study is no longer failed: it is being scored, has a result or is reported."))
        audit.record(
            Verb.RUN_RETRIED,
            actor=actor,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"failed_run": failed.pk if failed else None, "run": run.pk},
            request=request,
        )
    return run
