"""Rows of the table of permissions: exports without persons, emergency access, patients as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from screening.models import Export, PatientMerge, Study


def privacy_rows(row: Callable[..., Any], of: Callable[..., dict[str, int]]) -> dict[str, Any]:
    """The right is asked for before the object is looked for, so a stranger learns nothing of it: 403."""
    export = {"arguments": "export", "open_to_stranger": 403}
    patient = {"arguments": "patient", "open_to_stranger": 403}
    manages = "technologist administrator"
    return {
        "exports": row(allowed=of("administrator")),
        "export-ask": row(method="post", allowed=of("administrator", 404)),
        "export": row(allowed=of("administrator"), **export),
        "export-file": row(allowed=of("administrator", 409), **export),
        "export-key": row(method="post", allowed=of("administrator", 409), **export),
        "export-remove": row(method="post", allowed=of("administrator", 302), **export),
        "emergency": row(allowed=of("reader auditor"), open_to_stranger=200),
        "emergency-open": row(method="post", allowed=of("reader", 400), open_to_stranger=400),
        "emergency-end": row(method="post", allowed=of("reader auditor", 302), open_to_stranger=302),
        "patients": row(allowed=of(manages)),
        "patient": row(allowed=of(manages), **patient),
        "patient-correct": row(method="post", allowed=of(manages, 400), **patient),
        "patient-merge": row(method="post", allowed=of(manages, 400), **patient),
        "patient-unmerge": row(method="post", arguments="merge", allowed=of(manages, 302), open_to_stranger=403),
    }


def privacy_arguments(study: Study, earlier: Study, person) -> dict[str, list]:
    """An export that waits, a patient, and a merge of that patient with another."""
    now = timezone.now()
    words = {"project": "p", "reason": "A trial", "recipient": "University"}
    export = Export.objects.create(site=study.site, asked_by=person, asked_at=now, **words)
    other = type(study.patient).objects.create(site=study.site, patient_id="P-OTHER", name="OTHER")
    merge = PatientMerge.objects.create(
        site=study.site, kept=study.patient, gone=other, reason="One person", by=person, at=now
    )
    return {"export": [export.pk], "patient": [study.patient_id], "merge": [merge.pk]}
