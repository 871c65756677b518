"""Exports without persons: asked for, made by a worker study by study, kept for a limited time, removed.

A worker claims an export with a lease and takes one study after another; each study's files and report are one
transaction, so a lost worker's export is taken up at the study it had not finished. Objects lie in the store of images,
under its encryption; a file that two exports share goes with the later of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from config.jobs import JOBS, enqueue
from screening.deidentify.rules import KINDS_OF_CHANGE, Pseudonyms, Report
from screening.models import Export, ExportFile, ExportStudy, Instance, Study
from screening.services.deidentifying import NoKey, counts_of, freed_objects, pseudonyms, record_export
from screening.states import EXPORT_TABLE, ExportStatus, InvalidTransition, LostRace, advance
from screening.storage import storage

JOB = JOBS["export_studies"]
LEASE = timedelta(seconds=JOB.lease_s)
KEPT = timedelta(days=7)
MOST_STUDIES = 2000
SHORTEST_REASON = 5
# A turn ends after the study that passes this: what else waits in the queue, reports to be sent say, comes in between.
TURN_S = 20.0
# A message that was lost is sent again after so long.
UNHEARD = timedelta(seconds=30)
log = structlog.get_logger(__name__)


class ExportError(ValueError):
    """What was asked cannot be done; `str(error)` says why. Answered with 400."""


class _NotOurs(Exception):
    """Somebody else has the export now, or it was removed."""


def ask_export(
    *,
    site: Site,
    studies: Iterable[Study],
    project: str,
    reason: str,
    recipient: str,
    with_reports: bool,
    actor: User,
    request: HttpRequest | None = None,
) -> Export:
    """A new export of `studies`, all of `site`; a worker makes it. Raises PermissionDenied, `ExportError`."""
    if not can(actor, Action.EXPORT_DEIDENTIFIED, site):
        raise PermissionDenied(_("Your role does not allow this."))
    chosen = list(studies)
    words = {"project": project.strip(), "reason": reason.strip(), "recipient": recipient.strip()}
    if not words["project"] or len(words["project"]) > 64:
        raise ExportError(_("Give the project a name of at most 64 characters: one project, one set of new names."))
    if not SHORTEST_REASON <= len(words["reason"]) <= 300:
        raise ExportError(_("Give a reason of 5 to 300 characters."))
    if not words["recipient"] or len(words["recipient"]) > 120:
        raise ExportError(_("Say in at most 120 characters who receives it."))
    if not chosen:
        raise ExportError(_("No study of this site matches."))
    if len(chosen) > MOST_STUDIES:
        raise ExportError(_("That is more than %(most)d studies: choose fewer.") % {"most": MOST_STUDIES})
    if any(study.site_id != site.pk or study.erased_at is not None for study in chosen):
        raise ExportError(_("No study of this site matches."))
    try:
        pseudonyms(words["project"])
    except NoKey:
        raise ExportError(_("There is no key of de-identification yet: the operator makes one.")) from None
    with transaction.atomic():
        export = Export.objects.create(
            site=site, with_reports=with_reports, asked_by=actor, asked_at=timezone.now(), **words
        )
        ExportStudy.objects.bulk_create([ExportStudy(export=export, study=study) for study in chosen])
        detail = {"studies": len(chosen), "project": words["project"], "reports": with_reports}
        record(Verb.EXPORT_ASKED, export, actor, request, **detail)
        enqueue("export_studies", export.pk)
    return export


def run_export(export_id: int) -> bool:
    """Make one export. False when it is not due or somebody else has it."""
    export = _claim(export_id)
    if export is None:
        return False
    try:
        names = pseudonyms(export.project)
        until = time.monotonic() + TURN_S
        for row in export.studies.filter(done_at__isnull=True).select_related("study__site", "study__patient"):
            _one_study(export, row, names)
            if time.monotonic() > until and export.studies.filter(done_at__isnull=True).exists():
                _next_turn(export)
                return True
        with _owned(export) as owned:
            now = timezone.now()
            advance(owned, EXPORT_TABLE, "finish", finished_at=now, expires_at=now + KEPT, lease_until=None)
    except _NotOurs:
        log.info("export_taken_over", export=export.pk)
    except NoKey:
        _fail(export, "no_key")
    except OSError as error:
        log.error("export_failed", export=export.pk, errno=error.errno)
        _fail(export, "storage")
    return True


def _claim(export_id: int) -> Export | None:
    with transaction.atomic():
        export = _due().select_for_update(of=("self",)).filter(pk=export_id).first()
        if export is None:
            return None
        if export.lost >= JOB.attempts:
            advance(export, EXPORT_TABLE, "claim")
            advance(export, EXPORT_TABLE, "fail", failure="lost", finished_at=timezone.now(), lease_until=None)
            return None
        # Counted as lost until a study is finished: then it was not.
        told = {"attempt": export.attempt + 1, "lost": export.lost + 1, "lease_until": timezone.now() + LEASE}
        advance(export, EXPORT_TABLE, "claim", **told)
    return export


def _due() -> QuerySet[Export]:
    now = timezone.now()
    waits = Q(status=ExportStatus.WAITING)
    lost = Q(status=ExportStatus.RUNNING, lease_until__lte=now)
    return Export.objects.filter(waits | lost).select_related("site", "asked_by")


@contextmanager
def _owned(export: Export) -> Iterator[Export]:
    """The export's row, locked, while this attempt still owns it. Raises `_NotOurs`."""
    with transaction.atomic():
        rows = Export.objects.select_for_update().filter(status=ExportStatus.RUNNING, attempt=export.attempt)
        row = rows.filter(pk=export.pk).first()
        if row is None:
            raise _NotOurs
        yield row


def _one_study(export: Export, row: ExportStudy, names: Pseudonyms) -> None:
    study = row.study
    new_uid = names.uid(study.study_uid)
    report, left_out, files = Report(), Counter[str](), []
    if study.erased_at is not None:
        left_out["The study was erased on request meanwhile."] = 1
    else:
        for freed in freed_objects(study, names, with_reports=export.with_reports):
            if freed.refused:
                left_out[freed.refused] += 1
                continue
            key = storage().put(freed.data)
            counts = {kind: getattr(freed.report, kind).total() for kind in KINDS_OF_CHANGE}
            path = f"{new_uid}/{freed.uid}.dcm"
            files.append(ExportFile(of=row, path=path, sha256=key, size=len(freed.data), counts=counts))
            report.add(freed.report)
            _beat(export)
    with _owned(export):
        Export.objects.filter(pk=export.pk).update(lost=0)
        ExportFile.objects.bulk_create(files, batch_size=200)
        row.done_at, row.new_uid = timezone.now(), new_uid
        row.left_out, row.report = dict(left_out), counts_of(report)
        row.save(update_fields=["done_at", "new_uid", "left_out", "report"])
        record_export(study, export.asked_by, {"project": export.project, "images": len(files), "export": export.pk})


def _next_turn(export: Export) -> None:
    with _owned(export):
        Export.objects.filter(pk=export.pk).update(lease_until=timezone.now(), lost=0)
        enqueue("export_studies", export.pk)


def _beat(export: Export) -> None:
    """Renew the lease when half of it has gone. Raises `_NotOurs`."""
    now = timezone.now()
    if export.lease_until is not None and export.lease_until - now > LEASE / 2:
        return
    rows = Export.objects.filter(pk=export.pk, status=ExportStatus.RUNNING, attempt=export.attempt)
    if not rows.update(lease_until=now + LEASE):
        raise _NotOurs
    export.lease_until = now + LEASE


def _fail(export: Export, code: str) -> None:
    try:
        with _owned(export) as owned:
            advance(owned, EXPORT_TABLE, "fail", failure=code, finished_at=timezone.now(), lease_until=None)
    except _NotOurs:
        log.info("export_taken_over", export=export.pk)


def sweep_exports() -> int:
    """Send again what no worker heard of, and remove what has been kept long enough. Run by beat."""
    now = timezone.now()
    again = _due().filter(Q(status=ExportStatus.RUNNING) | Q(asked_at__lte=now - UNHEARD))
    done = 0
    for pk in list(again.values_list("pk", flat=True)[:20]):
        enqueue("export_studies", pk)
        done += 1
    for export in Export.objects.filter(status=ExportStatus.READY, expires_at__lte=now).select_related("site")[:20]:
        done += remove_export(export=export, actor=None)
    return done


def remove_export(*, export: Export, actor: User | None, request: HttpRequest | None = None) -> bool:
    """Its files go, what was asked and what was dropped stays. actor: None when its time is over.

    Raises PermissionDenied; False when it was removed already.
    """
    if actor is not None and not can(actor, Action.EXPORT_DEIDENTIFIED, export.site):
        raise PermissionDenied(_("Your role does not allow this."))
    try:
        with transaction.atomic():
            rows = Export.objects.select_for_update().select_related("site")
            export = rows.get(pk=export.pk)
            advance(export, EXPORT_TABLE, "remove", removed_at=timezone.now(), lease_until=None)
            files = ExportFile.objects.filter(of__export=export)
            keys = set(files.values_list("sha256", flat=True))
            files.delete()
            record(Verb.EXPORT_REMOVED, export, actor, request, files=len(keys))
            transaction.on_commit(lambda: _erase(keys))
    except (InvalidTransition, LostRace):
        return False
    return True


def _erase(keys: set[str]) -> None:
    for key in sorted(keys):
        if ExportFile.objects.filter(sha256=key).exists() or Instance.objects.filter(sha256=key).exists():
            continue
        try:
            storage().erase(key)
        except OSError as error:
            log.error("file_not_erased", key=key, errno=error.errno)


def record(verb: Verb, export: Export, actor: User | None, request: HttpRequest | None, **detail: object) -> None:
    audit.record(
        verb,
        actor=actor,
        site=export.site,
        object_type="export",
        object_id=export.pk,
        detail=detail,
        request=request,
    )
