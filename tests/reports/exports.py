"""Signed reports as the exports take them, and the images their findings lie on."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from reports.export.exported import (
    ExportedAddendum,
    ExportedCategory,
    ExportedFinding,
    ExportedModel,
    ExportedPatient,
    ExportedReport,
    ExportedSection,
    ExportedSeries,
    ExportedSigner,
)
from screening.dicom.parse import reading_quietly
from screening.phantoms.headers import ct_datasets, fictional_patient

MODEL = ExportedModel("lung-nodule", "1.2", "ab" * 32)
SIDE = 48
CIRCLE = tuple((20.5 + 6.2 * np.cos(t), 17.0 + 4.1 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40, endpoint=False))
TRIANGLE = ((30.0, 30.0), (41.0, 31.5), (34.2, 44.0))
HOSTILE = "Evil|^~\\&<b>\r\nMSH|\x0b\x1c\x00 名字 & \\.br\\ " + "x" * 10_000


def ct_headers(count: int = 3) -> dict[str, Dataset]:
    """Slices of a small chest CT by SOP Instance UID, without pixels."""
    hu = np.zeros((count, SIDE, SIDE), np.float32)
    made = ct_datasets(hu, (2.0, 0.8, 0.7), fictional_patient(3), key="export")
    for dataset in made:
        del dataset.PixelData
    return {str(dataset.SOPInstanceUID): dataset for dataset in made}


def finding(number: int, header: Dataset, **changes: Any) -> ExportedFinding:
    return ExportedFinding(
        **{
            "number": number,
            "key": f"f{number}",
            "type": "solid_nodule",
            "location": "right upper lobe",
            "size_mm": 8.2,
            "probability": 0.8125,
            "series_uid": str(header.SeriesInstanceUID),
            "sop_uid": str(header.SOPInstanceUID),
            "frame": 1,
            "box": (14.0, 12.0, 27.0, 22.0),
            "contour": CIRCLE,
            "attributes": {
                "long_axis_mm": 9.1,
                "short_axis_mm": 7.3,
                "volume_mm3": 288,
                "lobe": "RUL",
                "side": "right",
            },
            "model": MODEL,
            **changes,
        }
    )


def report(headers: dict[str, Dataset] | None = None, **changes: Any) -> ExportedReport:
    """Two nodules on two slices; final, Lung-RADS 4A, unless told otherwise."""
    headers = headers or ct_headers()
    images = list(headers.values())
    first = images[0]
    return ExportedReport(
        **{
            "report_id": 7,
            "site_slug": "north",
            "site_name": "North Clinic",
            "programme": "lung",
            "title": "Low-dose CT of the chest, lung cancer screening",
            "state": "final",
            "study_uid": str(first.StudyInstanceUID),
            "accession_number": "A100",
            "study_at": dt.datetime(2026, 3, 4, 9, 30, tzinfo=dt.UTC),
            "description": "CT CHEST LOW DOSE",
            "modality": "CT",
            "patient": ExportedPatient("Osei^Ama^K^Dr^MD", "PH1", "", dt.date(1960, 2, 3), "F"),
            "signer": ExportedSigner("reader", "Mara Keller", "Keller", "Mara"),
            "signed_at": dt.datetime(2026, 3, 4, 10, 15, tzinfo=dt.UTC),
            "content_sha256": "c" * 64,
            "sections": (
                ExportedSection("technique", "Technique", "CT of the chest."),
                ExportedSection("nodules", "Nodules", "A solid nodule of 8.2 mm in the right upper lobe."),
                ExportedSection("assessment", "Assessment", "Lung-RADS 4A."),
                ExportedSection("recommendation", "Recommendation", "Low-dose CT in 3 months."),
            ),
            "assessment_section": "assessment",
            "ai_state": "scored",
            "findings": (
                finding(1, images[0]),
                finding(
                    2,
                    images[min(1, len(images) - 1)],
                    type="part_solid_nodule",
                    contour=TRIANGLE,
                    size_mm=11.4,
                    edited=True,
                ),
            ),
            "category": ExportedCategory("Lung-RADS", "4A", "S"),
            "series": (ExportedSeries(str(first.SeriesInstanceUID), "CT", 2, len(images)),),
            **changes,
        }
    )


def appended() -> ExportedReport:
    """The report with an addendum by another reader."""
    made = report()
    signer = ExportedSigner("second", "Jon Ade", "Ade", "Jon")
    added = ExportedAddendum(1, signer, dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC), "f" * 64)
    text = "Unchanged since 2024.\nReason: A prior came.\nSigned by Jon Ade, 2026-03-06T08:00:00+00:00"
    return replace(
        made,
        state="appended",
        addenda=(added,),
        previous_sha256=made.content_sha256,
        replaced={each.name: each.text for each in made.sections},
        sections=(*made.sections, ExportedSection("addendum-1", "Addendum 1", text)),
    )


def hostile(headers: dict[str, Dataset]) -> tuple[ExportedReport, dict[str, Dataset]]:
    """The same report, every text of it and of its images written to break a parser."""
    made = report(headers)
    with reading_quietly():
        for header in headers.values():
            header.PatientName = "Wang^XiaoDong|" + "x" * 10_000 + "=王^小东"
            header.PatientID = "ID\\7|^~&"
            header.StudyDescription = header.AccessionNumber = header.StudyID = HOSTILE
            header.PatientSex, header.StudyDate, header.StudyTime = "both", "yesterday", "25:99"
    return (
        replace(
            made,
            site_name=HOSTILE,
            description=HOSTILE,
            accession_number=HOSTILE,
            title=HOSTILE,
            patient=replace(made.patient, name="王^小东|" + HOSTILE, patient_id=HOSTILE, issuer=HOSTILE, sex="?"),
            signer=ExportedSigner(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
            sections=tuple(replace(each, text=HOSTILE) for each in made.sections),
            findings=tuple(
                replace(each, location=HOSTILE, type=HOSTILE, model=ExportedModel(HOSTILE, HOSTILE, "ab" * 32))
                for each in made.findings
            ),
        ),
        headers,
    )


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))
