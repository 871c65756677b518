"""From a parsed header to rows: whose image it is, and where it belongs. Nothing is ever merged silently."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, F
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Site, User, Verb
from screening.dicom.errors import IngestError
from screening.dicom.parse import ParsedInstance
from screening.models import Instance, OrderPriority, Patient, Series, Study
from screening.services.looking import record_once
from screening.services.ordering import join_order
from screening.services.patients import joined, known_before, note_arrival
from screening.services.priority import brought_forward, first_due
from screening.states import STUDY_TABLE, AiState, StudyStatus, advance


def file_instance(
    *,
    parsed: ParsedInstance,
    sha256: str,
    size: int,
    source: str,
    site: Site,
    actor: User | None,
    request: HttpRequest | None = None,
) -> bool:
    """Make or find the image's rows, inside the caller's transaction; False when the site had it already.

    Takes the study's row lock. A late image reopens a closed study. Raises `IngestError` when a UID
    already means something else at this site; the transaction must then be rolled back.
    """
    now = timezone.now()
    study = _study(parsed=parsed, site=site, now=now)
    series = _series(parsed=parsed, study=study)
    instance, created = Instance.objects.get_or_create(
        site=site,
        sop_uid=parsed.sop_uid,
        defaults={
            "series": series,
            "sop_class_uid": parsed.sop_class_uid,
            "transfer_syntax_uid": parsed.transfer_syntax_uid,
            "number": parsed.instance_number,
            "frames": parsed.frames,
            "rows": parsed.rows,
            "columns": parsed.columns,
            "sha256": sha256,
            "size": size,
            "header": parsed.header,
            "received_at": now,
            "source": source,
        },
    )
    if not created:
        if instance.sha256 != sha256:
            raise conflict()
        return False
    _count(study=study, parsed=parsed, now=now)
    record_once(Verb.INSTANCE_STORED, study=study, actor=actor, request=request, source=source, sop_uid=parsed.sop_uid)
    return True


def erased() -> IngestError:
    return IngestError("erased", "This study was erased on request. It is not taken in again.")


def conflict() -> IngestError:
    return IngestError("conflict", "Another image with the same UID is here already. It was kept as it is.")


def _study(*, parsed: ParsedInstance, site: Site, now: dt.datetime) -> Study:
    study = Study.objects.select_for_update().filter(site=site, study_uid=parsed.study_uid).first()
    if study is not None and study.erased_at is not None:
        raise erased()
    if study is None:
        priority = OrderPriority(parsed.order_priority or OrderPriority.ROUTINE)
        due_at, rule = first_due(received_at=now, order_priority=priority, site_id=site.pk)
        patient, merged_by = joined(_patient(parsed=parsed, site=site))
        created, is_new = Study.objects.get_or_create(
            site=site,
            study_uid=parsed.study_uid,
            defaults={
                "patient": patient,
                "modality": parsed.modality,
                "order_priority": priority,
                "received_at": now,
                "last_instance_at": now,
                "due_at": due_at,
                "base_due_at": due_at,
                "due_rule": rule[:300],
            },
        )
        study = Study.objects.select_for_update().get(pk=created.pk)
        if is_new and merged_by:
            note_arrival(study, merged_by)
    _check_patient(patient=study.patient, parsed=parsed)
    return study


def _patient(*, parsed: ParsedInstance, site: Site) -> Patient:
    patient, _ = Patient.objects.get_or_create(
        site=site,
        issuer=parsed.issuer,
        patient_id=parsed.patient_id,
        unidentified_study_uid="" if parsed.patient_id else parsed.study_uid,
        defaults={"name": parsed.patient_name, "birth_date": parsed.birth_date, "sex": parsed.sex},
    )
    return patient


def _check_patient(*, patient: Patient, parsed: ParsedInstance) -> None:
    """Flag another name or birth date under the same ID; refuse another ID in the same study.

    Neither where a person has said so before: a merged patient's old ID, a name or birth date corrected away.
    """
    other_id = patient.patient_id != parsed.patient_id or bool(
        parsed.issuer and patient.issuer and parsed.issuer != patient.issuer
    )
    if other_id and not _merged_into(patient, parsed):
        raise IngestError("patient_conflict", "The study is here already, with another patient ID.")
    changes: dict[str, Any] = {}
    if parsed.patient_name and not patient.name:
        changes["name"] = parsed.patient_name
    if parsed.birth_date and patient.birth_date is None:
        changes["birth_date"] = parsed.birth_date
    if parsed.sex and not patient.sex:
        changes["sex"] = parsed.sex
    other_name = bool(parsed.patient_name and patient.name) and _same(parsed.patient_name) != _same(patient.name)
    other_birth = bool(parsed.birth_date and patient.birth_date) and parsed.birth_date != patient.birth_date
    if other_name:
        other_name = _same(parsed.patient_name) not in {_same(name) for name in known_before(patient, "name")}
    if other_birth and parsed.birth_date:
        other_birth = parsed.birth_date.isoformat() not in known_before(patient, "birth_date")
    if (other_name or other_birth) and not patient.mismatch:
        changes["mismatch"] = True
    if changes:
        Patient.objects.filter(pk=patient.pk).update(**changes)


def _merged_into(patient: Patient, parsed: ParsedInstance) -> bool:
    """Are the identifiers of the file those of a patient who was merged into this one?"""
    old = Patient.objects.filter(site=patient.site_id, patient_id=parsed.patient_id).exclude(patient_id="")
    return any(joined(each)[0].pk == patient.pk for each in old if each.issuer in ("", parsed.issuer))


def _same(name: str) -> str:
    """A name without what writing habits change: case, empty components, spaces."""
    return "=".join(
        "^".join(part for part in (piece.strip() for piece in group.split("^")) if part)
        for group in name.casefold().split("=")
    ).rstrip("=")


def _series(*, parsed: ParsedInstance, study: Study) -> Series:
    series, _ = Series.objects.get_or_create(
        site_id=study.site_id,
        series_uid=parsed.series_uid,
        defaults={
            "study": study,
            "number": parsed.series_number,
            "modality": parsed.modality,
            "description": parsed.series_description,
            "body_part": parsed.body_part,
        },
    )
    if series.study_id != study.pk:
        raise IngestError("conflict", "The series is here already, as part of another study.")
    return series


def _count(*, study: Study, parsed: ParsedInstance, now: dt.datetime) -> None:
    """The study's own fields after one more image; a study no longer receiving is opened again."""
    changes: dict[str, Any] = {"last_instance_at": now}
    if parsed.study_description and not study.description:
        changes["description"] = parsed.study_description
    if parsed.accession_number and not study.accession_number:
        changes["accession_number"] = parsed.accession_number
    if study.study_at is None and parsed.study_date is not None:
        changes["study_at"] = _moment(parsed)
    if parsed.modality != study.modality:
        changes["modality"] = _most_frequent_modality(study)
    if parsed.order_priority:
        changes |= brought_forward(study, parsed.order_priority)
    Study.objects.filter(pk=study.pk).update(instance_count=F("instance_count") + 1, **changes)
    if study.status != StudyStatus.RECEIVING:
        # The row is locked since it was read, so nobody can have moved it on meanwhile. What a model
        # said of fewer images must not be taken for a word on all of them.
        advance(study, STUDY_TABLE, "late_image", closed_at=None, ai_state=AiState.PENDING, ai_reason="", score=0.0)
    if "accession_number" in changes:
        study.refresh_from_db()
        join_order(study=study, at=now)


def _most_frequent_modality(study: Study) -> str:
    found = (
        Instance.objects.filter(series__study=study)
        .values("series__modality")
        .annotate(images=Count("id"))
        .order_by("-images", "series__modality")
        .first()
    )
    return str(found["series__modality"]) if found else study.modality


def _moment(parsed: ParsedInstance) -> dt.datetime:
    """StudyDate and StudyTime; in the installation's time zone when the file names none."""
    assert parsed.study_date is not None
    zone: dt.tzinfo = timezone.get_default_timezone()
    if parsed.utc_offset is not None:
        zone = dt.timezone(dt.timedelta(minutes=parsed.utc_offset))
    return dt.datetime.combine(parsed.study_date, parsed.study_time or dt.time(), tzinfo=zone)
