"""Erasing on request: what goes of a study, which rows become tombstones, and holds that forbid it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import (
    Deferral,
    Erasure,
    Finding,
    FindingDecision,
    GlassBreak,
    HandOver,
    Instance,
    LegalHold,
    Measurement,
    Patient,
    Reading,
    Scope,
    ScoreRun,
    Study,
    StudyNote,
    Tier,
    Tombstone,
)
from screening.scoring.forgetting import finding_without_study, without_study
from screening.services.ordering import forget_orders
from screening.states import RUN_TABLE, STUDY_TABLE, InvalidTransition, LostRace, RunStatus, StudyStatus, advance
from screening.storage import storage

SHORTEST_REASON = 5
LONGEST_REASON = 300
# In the place of what a person wrote who looked at the study in an emergency.
ERASED_REASON = "(erased)"
log = structlog.get_logger(__name__)


class NotErasable(Exception):
    """A hold, a reading under way or the reason stands in the way; `str(error)` says what. Answered with 400."""


def check_reason(study: Study, reason: str) -> str:
    """The reason without blanks around it. It stays for good, so it must not name whose content goes. Raises
    `NotErasable`."""
    words = reason.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise NotErasable(_("Give a reason of 5 to 300 characters."))
    patient = study.patient
    parts = [part for name in patient.name.split("=") for part in name.split("^")]
    named = [part for part in (*parts, patient.patient_id, study.accession_number) if len(part.strip()) > 2]
    if any(part.strip().casefold() in words.casefold() for part in named):
        raise NotErasable(_("The reason stays: do not name the patient or their numbers in it."))
    return words


def may_erase(actor: User, study: Study) -> None:
    """Raises PermissionDenied."""
    if not can(actor, Action.ERASE_CONTENT, study.site):
        raise PermissionDenied(_("Your role does not allow this."))


def begin_erasure(*, study: Study, scope: Scope, reason: str, actor: User) -> Erasure:
    """Called inside the transaction of the erasure, with the study's row locked. Raises PermissionDenied, `NotErasable`."""
    may_erase(actor, study)
    words = check_reason(study, reason)
    if LegalHold.objects.filter(study=study, lifted_at__isnull=True).exists():
        raise NotErasable(_("This study is on legal hold: nothing of it may be erased."))
    if study.status == StudyStatus.READING:
        raise NotErasable(_("Somebody is reading this study: it must be given back first."))
    if study.erasures.filter(scope__in=(scope, Scope.STUDY)).exists():
        raise NotErasable(_("This has been erased already."))
    return Erasure.objects.create(
        site=study.site,
        study=study,
        scope=scope,
        reason=words,
        objects_gone=len(_files_of(study)) if scope == Scope.STUDY else 0,
        by=actor,
        at=timezone.now(),
    )


def empty(erasure: Erasure, rows: models.QuerySet[Any], **content: Any) -> int:
    """Empty `content` of insert-only `rows`; each gets a tombstone first, without which the database refuses. Returns
    how many there were."""
    keys = list(rows.values_list("pk", flat=True))
    table = rows.model._meta.db_table
    known = set(Tombstone.objects.filter(table_name=table, row_id__in=keys).values_list("row_id", flat=True))
    Tombstone.objects.bulk_create(
        [Tombstone(erasure=erasure, table_name=table, row_id=key) for key in keys if key not in known]
    )
    return rows.model._base_manager.filter(pk__in=keys).update(**content)


def empty_words(erasure: Erasure) -> None:
    """What people wrote beside images and findings: notes, and texts of measurements and decisions."""
    study = erasure.study
    empty(erasure, Measurement.objects.filter(study=study), text="")
    empty(erasure, FindingDecision.objects.filter(study=study), note="")
    empty(erasure, StudyNote.objects.filter(study=study), text="")
    Reading.objects.filter(study=study).update(opinion="", first_opinion_text="")
    Deferral.objects.filter(study=study).update(note="")
    GlassBreak.objects.filter(study=study).update(reason=ERASED_REASON)
    HandOver.objects.filter(reading__study=study).update(note="")


def erase_study_content(erasure: Erasure) -> None:
    """Images, AI results, measurements, descriptions and whose the study was. Called inside the transaction of the
    erasure. After: the study is a tombstone that no door leads to; its files are removed once that is committed.

    Raises `NotErasable` when the study moved on.
    """
    study = erasure.study
    empty(erasure, Measurement.objects.filter(study=study), text="", points=[], values=[], plane=None)
    empty(erasure, FindingDecision.objects.filter(study=study), note="", values={})
    _end_scoring(erasure)
    Finding.objects.filter(run__study=study).update(
        type="", location="", size_mm=None, probability=0, box=[0, 0, 0, 0], contour=None, attributes={}
    )
    ScoreRun.objects.filter(study=study).update(result={}, reason="")
    files = _files_of(study)
    study.series.all().delete()
    forget_orders(study)
    old = study.patient
    _without_a_name(study)
    _drop_if_alone(old)
    try:
        advance(study, STUDY_TABLE, "erase", **_NOTHING, erased_at=erasure.at)
    except (LostRace, InvalidTransition) as error:
        raise NotErasable(_("The study has changed meanwhile. Look again.")) from error
    transaction.on_commit(partial(remove_files, files))


def forget_in_later_results(study: Study) -> list[int]:
    """Takes out of the results of the patient's other studies what was measured on this one and compared with theirs.

    Called inside the transaction of the erasure, before whose the study was goes. Returns the ids of the studies.
    """
    days = {
        (run.get("attributes") or {}).get("study_date") for run in study.score_runs.values_list("result", flat=True)
    }
    day = next((each for each in sorted(filter(None, days))), "")
    if not day and study.study_at:
        day = timezone.localtime(study.study_at).date().isoformat()
    changed = []
    runs = ScoreRun.objects.filter(study__patient=study.patient_id, study__site=study.site_id).exclude(study=study)
    for run in runs.select_for_update():
        told = without_study(run.result, study.study_uid, day)
        if told is None:
            continue
        ScoreRun.objects.filter(pk=run.pk).update(result=told)
        for finding in run.findings.all():
            attributes = finding_without_study(finding.attributes, study.study_uid, day)
            if attributes is not None:
                Finding.objects.filter(pk=finding.pk).update(attributes=attributes)
        changed.append(run.study_id)
    return list(dict.fromkeys(changed))


def _end_scoring(erasure: Erasure) -> None:
    """A worker that has the images already records nothing any more: its run is no longer its own."""
    for run in ScoreRun.objects.filter(study=erasure.study, status__in=(RunStatus.PENDING, RunStatus.RUNNING)):
        with suppress(LostRace):  # it came in this moment, and is emptied with the others
            advance(run, RUN_TABLE, "fail", finished_at=erasure.at, lease_until=None)


_NOTHING: Mapping[str, Any] = {
    "accession_number": "",
    "study_at": None,
    "description": "",
    "instance_count": 0,
    "route_reason": "",
    "ai_reason": "",
    "tier": Tier.ROUTINE,
    "tier_rule": "",
    "due_rule": "",
    "score": 0.0,
}


def _files_of(study: Study) -> list[str]:
    """The keys of stored files that no other study has too."""
    own = Instance.objects.filter(series__study=study)
    shared = Instance.objects.filter(sha256__in=own.values("sha256")).exclude(series__study=study)
    return sorted(set(own.values_list("sha256", flat=True)) - set(shared.values_list("sha256", flat=True)))


def remove_files(keys: Iterable[str]) -> None:
    """A file that cannot be removed stops no other; the log says which, and removing them again does no harm."""
    for key in keys:
        if Instance.objects.filter(sha256=key).exists():
            continue  # the same bytes came in again, for another study
        try:
            storage().erase(key)
        except OSError as error:
            log.error("file_not_erased", key=key, errno=error.errno)


def _without_a_name(study: Study) -> None:
    nobody, _created = Patient.objects.get_or_create(
        site=study.site, issuer="", patient_id="", unidentified_study_uid=study.study_uid
    )
    Patient.objects.filter(pk=nobody.pk).update(name="", birth_date=None, sex="", mismatch=False)
    Study.objects.filter(pk=study.pk).update(patient=nobody)
    study.patient = nobody


def _drop_if_alone(patient: Patient) -> None:
    """A patient whose last study is gone goes too, with whoever was merged into them; what else refers to them was moved
    to the tombstone before."""
    if patient.unidentified_study_uid or patient.studies.exists():
        return
    merged = [merge.gone for merge in patient.merges.filter(undone_at__isnull=True).select_related("gone")]
    patient.delete()
    for each in merged:
        _drop_if_alone(each)


def set_hold(*, study: Study, actor: User, reason: str, request: HttpRequest | None = None) -> LegalHold:
    """After: nothing of the study is erased until the hold is lifted. Raises PermissionDenied, `NotErasable`."""
    may_erase(actor, study)
    words = check_reason(study, reason)
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        if study.erased_at is not None or LegalHold.objects.filter(study=study, lifted_at__isnull=True).exists():
            raise NotErasable(_("This study is on hold already, or erased."))
        hold = LegalHold.objects.create(study=study, reason=words, set_by=actor, set_at=timezone.now())
        _record_hold(hold, actor, request, on=True)
    return hold


def lift_hold(*, study: Study, actor: User, request: HttpRequest | None = None) -> None:
    """Raises PermissionDenied, `NotErasable` when there is none."""
    may_erase(actor, study)
    with transaction.atomic():
        open_ = LegalHold.objects.filter(study=study, lifted_at__isnull=True)
        hold = open_.first()
        if hold is None or not open_.filter(pk=hold.pk).update(lifted_by=actor, lifted_at=timezone.now()):
            raise NotErasable(_("This study is not on hold."))
        _record_hold(hold, actor, request, on=False)


def _record_hold(hold: LegalHold, actor: User, request: HttpRequest | None, *, on: bool) -> None:
    audit.record(
        Verb.LEGAL_HOLD_CHANGED,
        actor=actor,
        site=hold.study.site,
        object_type="study",
        object_id=hold.study.study_uid,
        detail={"hold": hold.pk, "on": on},
        request=request,
    )
