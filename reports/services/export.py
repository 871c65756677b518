"""The forms in which a signed report leaves for other systems, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from django.conf import settings
from pydicom import dcmread
from pydicom.dataset import Dataset

from reports.export.dicom_seg import segmentations
from reports.export.dicom_sr import comprehensive_sr
from reports.export.document import ReportDocument
from reports.export.encapsulated_pdf import encapsulated_pdf
from reports.export.exported import ExportedReport, NotExportable
from reports.export.fhir import bundle_json
from reports.export.hl7 import oru_r01
from reports.export.pdf import report_pdf
from reports.models import Report
from reports.selectors.ai_results import exported_run
from reports.selectors.export import exported_report
from reports.selectors.report import report_document
from reports.services.key_images import illustrated_pdf
from screening.dicom.parse import reading_quietly
from screening.models import Instance, ScoreRun, Study
from screening.storage import MissingObject, storage

DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """name: never with a patient's name or number in it."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Material:
    """exported, its PDF, and the headers of the images it needs."""

    exported: ExportedReport
    pdf: bytes
    headers: Mapping[str, Dataset]

    def named(self, ending: str) -> str:
        return f"report-{self.exported.report_id}{ending}"


def _sr(given: _Material) -> ExportFile:
    return ExportFile(given.named("-sr.dcm"), DICOM, comprehensive_sr(given.exported, given.headers))


def _seg(given: _Material) -> ExportFile:
    """One file, or several in an archive where the findings lie on several stacks or films."""
    files = segmentations(given.exported, given.headers)
    if len(files) == 1:
        return ExportFile(given.named("-seg.dcm"), DICOM, files[0].data)
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for number, each in enumerate(files, start=1):
            archive.writestr(ZipInfo(given.named(f"-seg-{number}.dcm")), each.data)
    return ExportFile(given.named("-seg.zip"), "application/zip", buffer.getvalue())


def _dicom_pdf(given: _Material) -> ExportFile:
    return ExportFile(given.named("-pdf.dcm"), DICOM, encapsulated_pdf(given.exported, given.pdf, given.headers))


def _fhir(given: _Material) -> ExportFile:
    return ExportFile(given.named(".fhir.json"), "application/fhir+json", bundle_json(given.exported, given.pdf))


def _hl7(given: _Material) -> ExportFile:
    kind = "x-application/hl7-v2+er7; charset=utf-8"
    return ExportFile(given.named(".hl7"), kind, oru_r01(given.exported, given.pdf))


FORMS: dict[str, Callable[[_Material], ExportFile]] = {
    "sr": _sr,
    "seg": _seg,
    "dicom-pdf": _dicom_pdf,
    "fhir": _fhir,
    "hl7": _hl7,
}
LABELS = {"sr": "SR", "seg": "SEG", "dicom-pdf": "DICOM PDF", "fhir": "FHIR", "hl7": "HL7"}
WITH_IMAGES = frozenset({"sr", "seg", "dicom-pdf"})


def export_file(report: Report, form: str, *, fonts: Path | None) -> ExportFile:
    """The newest signed state of `report` in a form out of `FORMS`.

    fonts: as `report_pdf` takes them. Raises `NotExportable` when nothing is signed, or what the form needs is not
    there; KeyError for another form.
    """
    make = FORMS[form]
    exported, document = exported_report(report), report_document(report)
    if exported is None or document is None:
        raise NotExportable("unsigned")
    headers = _headers(report.study, exported) if form in WITH_IMAGES else {}
    pdf = b"" if form in ("sr", "seg") else _pdf(report, document, form, fonts)
    return make(_Material(exported, pdf, headers))


def _pdf(report: Report, document: ReportDocument, form: str, fonts: Path | None) -> bytes:
    """With key images, except in a message, whose field is no place for pictures."""
    return report_pdf(document, fonts) if form == "hl7" else illustrated_pdf(report, document, fonts)


def dicom_files(report: Report, form: str, *, fonts: Path | None) -> tuple[tuple[str, bytes], ...]:
    """(SOP Instance UID, Part 10 file) of each object that the newest signed state makes; form: of `WITH_IMAGES`.

    Raises as `export_file` does.
    """
    exported, document = exported_report(report), report_document(report)
    if exported is None or document is None:
        raise NotExportable("unsigned")
    headers = _headers(report.study, exported)
    if form == "seg":
        return tuple((each.sop_uid, each.data) for each in segmentations(exported, headers))
    pdf = _pdf(report, document, form, fonts) if form == "dicom-pdf" else b""
    data = FORMS[form](_Material(exported, pdf, headers)).data
    return ((_uid_of(data), data),)


def result_files(run: ScoreRun, form: str) -> tuple[tuple[str, bytes], ...]:
    """The same of a score run that nobody has signed: form "sr" or "seg", marked as unverified (IHE AIR)."""
    exported = exported_run(run)
    headers = _headers(run.study, exported)
    if form == "seg":
        return tuple((each.sop_uid, each.data) for each in segmentations(exported, headers))
    data = comprehensive_sr(exported, headers)
    return ((_uid_of(data), data),)


def _uid_of(data: bytes) -> str:
    return str(dcmread(BytesIO(data), specific_tags=["SOPInstanceUID"], stop_before_pixels=True).SOPInstanceUID)


def report_fonts() -> Path | None:
    """The folder of the fonts that the front end's build brings, if it was built."""
    folders = (Path(folder) / "dist" / "fonts" for folder in settings.STATICFILES_DIRS)
    return next((folder for folder in folders if folder.is_dir()), None)


def forms_of(report: Report) -> list[str]:
    """The forms a signed report can take; without an outline there is no segmentation."""
    exported = exported_report(report)
    if exported is None:
        return []
    return [form for form in FORMS if form != "seg" or exported.outlined]


def _headers(study: Study, exported: ExportedReport) -> dict[str, Dataset]:
    """Of every image a finding lies on, in that order, and of the study's first; without those that are gone."""
    images = Instance.objects.filter(series__study=study)
    wanted = list(dict.fromkeys(finding.sop_uid for finding in exported.findings))
    keys = dict(images.filter(sop_uid__in=wanted).values_list("sop_uid", "sha256"))
    first = images.order_by("series__number", "series_id", "number", "pk").values_list("sop_uid", "sha256").first()
    places: Iterable[tuple[str, str]] = [(uid, keys[uid]) for uid in wanted if uid in keys]
    found: dict[str, Dataset] = {}
    for uid, key in [*places, *([first] if first else [])]:
        header = found.get(uid) or _header(key)
        if header is not None:
            found[uid] = header
    return found


def _header(key: str) -> Dataset | None:
    try:
        with storage().open_range(key) as stream, reading_quietly():
            return dcmread(stream, stop_before_pixels=True)
    except MissingObject:
        return None
