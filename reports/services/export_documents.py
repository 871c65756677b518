"""What a signed report gives to an export without persons: its DICOM SR and SEG, to be freed like the images."""

from __future__ import annotations

from collections.abc import Iterator

from reports.export.exported import NotExportable
from reports.models import Report
from reports.services.export import dicom_files
from reports.states import ReportStatus
from screening.models import Study

FORMS = ("sr", "seg")


def signed_documents(study: Study) -> Iterator[bytes]:
    """Part 10 files of a report signed as final; nothing of a draft, a preliminary text or one that was erased."""
    report = Report.objects.filter(study=study, status__in=(ReportStatus.SIGNED, ReportStatus.AMENDED)).first()
    if report is None:
        return
    for form in FORMS:
        try:
            files = dicom_files(report, form, fonts=None)
        except NotExportable:
            continue  # without an outline there is no segmentation
        yield from (data for _uid, data in files)
