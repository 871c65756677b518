"""Merging patients and correcting who they are, with a trail and a way back; what is stored or signed is not rewritten.

A merge moves the studies of one patient to another of the same site and remembers which, so that it can be undone; what
comes in later under the old identifiers joins them (`joined`, asked by `filing`). A correction changes what is shown, over
what the files say. Signed bytes keep the patient they were signed for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from screening.dicom.elements import clean
from screening.models import Patient, PatientCorrection, PatientMerge, PatientMove, Study

SHORTEST_REASON, LONGEST_REASON = 5, 300
SEXES = ("", "F", "M", "O")
LONGEST_NAME = 200


class PatientError(ValueError):
    """What was sent cannot be done; `str(error)` says why. Answered with 400."""


class PatientConflict(Exception):
    """The patients have moved on meanwhile; `str(error)` says how. Answered with 409."""


def merge_patients(
    *, kept: Patient, gone: Patient, reason: str, actor: User | None, request: HttpRequest | None = None
) -> PatientMerge:
    """Say that `gone` is the same person as `kept`: its studies move there, and what comes later under its number too.

    Before: two patients of one site, with an ID each, neither merged away. Raises PermissionDenied, `PatientError`,
    `PatientConflict`.
    """
    may_manage(actor, kept.site)
    words = _reason(reason)
    if kept.pk == gone.pk or kept.site_id != gone.site_id:
        raise PatientError(_("Choose two different patients of one site."))
    if not kept.patient_id or not gone.patient_id:
        raise PatientError(_("A patient without an ID cannot be merged: correct the study at its source."))
    with transaction.atomic():
        _lock(kept, gone)
        if _standing(gone) or _standing(kept):
            raise PatientConflict(_("One of these patients has been merged meanwhile. Look again."))
        merge = PatientMerge.objects.create(
            site=kept.site, kept=kept, gone=gone, reason=words, by=actor, at=timezone.now()
        )
        moved = _move(Study.objects.filter(patient=gone), kept)
        PatientMove.objects.bulk_create([PatientMove(merge=merge, study_id=pk) for pk in moved])
        _record(Verb.PATIENTS_MERGED, kept, actor, request, merge=merge.pk, gone=gone.pk, studies=len(moved))
    return merge


def undo_merge(*, merge: PatientMerge, actor: User | None, request: HttpRequest | None = None) -> None:
    """Part them again: what moved and what came since under the old number goes back.

    Raises PermissionDenied; `PatientConflict` when it is undone already, or a later merge stands over it.
    """
    may_manage(actor, merge.site)
    with transaction.atomic():
        _lock(merge.kept, merge.gone)
        if _standing(merge.kept):
            raise PatientConflict(_("The patient was merged with another since: undo that first."))
        undone = PatientMerge.objects.filter(pk=merge.pk, undone_at__isnull=True)
        if not undone.update(undone_by=actor, undone_at=timezone.now()):
            raise PatientConflict(_("This merge was undone already."))
        back = Study.objects.filter(pk__in=merge.moves.values("study"), patient=merge.kept)
        moved = _move(back, merge.gone)
        _record(Verb.MERGE_UNDONE, merge.kept, actor, request, merge=merge.pk, gone=merge.gone_id, studies=len(moved))


def joined(patient: Patient) -> tuple[Patient, list[PatientMerge]]:
    """Who a patient is taken to be now, and by which merges: for whatever comes in under an old number."""
    by: list[PatientMerge] = []
    while (merge := _standing(patient)) is not None and len(by) < 100:
        by.append(merge)
        patient = merge.kept
    return patient, by


def note_arrival(study: Study, by: list[PatientMerge]) -> None:
    """Called in the transaction that files a new study: it goes back with the others when a merge is undone."""
    PatientMove.objects.bulk_create([PatientMove(merge=merge, study=study) for merge in by])


def correct_patient(
    *,
    patient: Patient,
    values: Mapping[str, str],
    seen: Mapping[str, str],
    reason: str,
    actor: User | None,
    request: HttpRequest | None = None,
) -> PatientCorrection | None:
    """Show another name, birth date or sex from now on; None where nothing differs. What came in stays as it came.

    values, seen: name (DICOM PN), birth_date (ISO or empty), sex (F, M, O or empty), as wanted and as the page showed
    them. A correction also answers the flag that names or birth dates differed. Raises PermissionDenied,
    `PatientError`, `PatientConflict`.
    """
    may_manage(actor, patient.site)
    words, wanted = _reason(reason), _checked(values)
    with transaction.atomic():
        _lock(patient)
        patient.refresh_from_db()
        if _standing(patient):
            raise PatientConflict(_("This patient was merged with another."))
        was = shown_of(patient)
        if {name: str(seen.get(name, "")) for name in was} != was:
            raise PatientConflict(_("Somebody else has changed this patient meanwhile. Look again."))
        changed = [name for name in was if was[name] != str(wanted[name] or "")]
        if not changed and not patient.mismatch:
            return None
        correction = PatientCorrection.objects.create(
            patient=patient,
            was={name: was[name] for name in changed},
            now={name: str(wanted[name] or "") for name in changed},
            reason=words,
            by=actor,
            at=timezone.now(),
        )
        Patient.objects.filter(pk=patient.pk).update(mismatch=False, **wanted)
        patient.refresh_from_db()
        _record(Verb.PATIENT_CORRECTED, patient, actor, request, correction=correction.pk, fields=changed)
    return correction


def shown_of(patient: Patient) -> dict[str, str]:
    """What a correction can change, as the page shows it."""
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    return {"name": patient.name, "birth_date": born, "sex": patient.sex}


def known_before(patient: Patient, field: str) -> set[str]:
    """Values of a field that a person has corrected away: files that still say so tell nothing new. A merged patient's
    own name and birth date are known too."""
    said = {str(each.was[field]) for each in patient.corrections.all() if field in each.was}
    for merge in PatientMerge.objects.filter(kept=patient, undone_at__isnull=True).select_related("gone"):
        said |= {shown_of(merge.gone)[field]} | {
            str(each.was[field]) for each in merge.gone.corrections.all() if field in each.was
        }
    return said - {""}


def may_manage(actor: User | None, site: Site) -> None:
    """actor: None for an information system of the site, whose channel has asked for its right. Raises PermissionDenied."""
    if actor is not None and not can(actor, Action.MANAGE_PATIENTS, site):
        raise PermissionDenied(_("Your role does not allow this."))


def _reason(reason: str) -> str:
    words = reason.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise PatientError(_("Give a reason of 5 to 300 characters."))
    return words


def _checked(values: Mapping[str, str]) -> dict[str, Any]:
    name = clean(values.get("name", ""), LONGEST_NAME)
    if not name:
        raise PatientError(_("A patient has a name; write UNKNOWN where it is not known."))
    sex = values.get("sex", "").strip().upper()
    if sex not in SEXES:
        raise PatientError(_("Sex is F, M, O or empty."))
    return {"name": name, "birth_date": _day(values.get("birth_date", "").strip()), "sex": sex}


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or not date(1850, 1, 1) <= day <= timezone.localdate():
        raise PatientError(_("Write a birth date as 1960-02-03."))
    return day


def _lock(*patients: Patient) -> None:
    """In one order, so that two merges never wait for each other."""
    list(Patient.objects.select_for_update().filter(pk__in=[each.pk for each in patients]).order_by("pk"))


def _standing(patient: Patient) -> PatientMerge | None:
    rows = PatientMerge.objects.filter(gone=patient, undone_at__isnull=True)
    return rows.select_related("kept", "gone", "site").first()


def _move(studies: models.QuerySet[Study], to: Patient) -> list[int]:
    """Studies, and whatever row of any app says whose a study is, which is every model with both keys."""
    keys = list(studies.values_list("pk", flat=True))
    Study.objects.filter(pk__in=keys).update(patient=to)
    for relation in Patient._meta.get_fields(include_hidden=True):
        model = relation.related_model
        if not relation.one_to_many or not isinstance(model, type) or model is Study:
            continue
        if any(field.name == "study" for field in model._meta.concrete_fields):
            model._base_manager.filter(study__in=keys).update(**{relation.field.name: to})  # type: ignore[union-attr]
    return keys


def _record(verb: Verb, patient: Patient, actor: User | None, request: HttpRequest | None, **detail: object) -> None:
    audit.record(
        verb,
        actor=actor,
        site=patient.site,
        object_type="patient",
        object_id=patient.pk,
        detail=detail,
        request=request,
    )
