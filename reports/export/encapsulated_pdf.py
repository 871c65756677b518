"""The PDF of a signed report as a DICOM object of its study: Encapsulated PDF Storage (PS3.3 A.45.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from reports.export import codes
from reports.export.dicom_common import clean_header, finish, plain
from reports.export.exported import ExportedReport, NotExportable, derived_uid

SERIES_NUMBER = 9003


def encapsulated_pdf(report: ExportedReport, pdf: bytes, headers: Mapping[str, Dataset]) -> bytes:
    """The Part 10 file; patient and study are those of the images. Raises `NotExportable` without an image.

    headers: by SOP Instance UID, at least one.
    """
    if not headers:
        raise NotExportable("no_images")
    header = clean_header(next(iter(headers.values())))
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = EncapsulatedPDFStorage
    # The words around the text follow the language it was asked for in, so the bytes name it.
    found.SOPInstanceUID = derived_uid("pdf", report.newest_sha256, hashlib.sha256(pdf).hexdigest())
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    for keyword in ("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime"):
        setattr(found, keyword, header.get(keyword, ""))
    for keyword in ("ReferringPhysicianName", "StudyID", "AccessionNumber"):
        setattr(found, keyword, header.get(keyword, ""))
    found.Modality = "DOC"
    found.SeriesInstanceUID = derived_uid("pdf series", report.site_slug, report.study_uid, report.report_id)
    found.SeriesNumber, found.InstanceNumber = SERIES_NUMBER, 1
    found.SeriesDescription = "Report"
    found.ConversionType = "WSD"
    found.BurnedInAnnotation = "YES"
    found.RecognizableVisualFeatures = "NO"
    found.AcquisitionDateTime = ""
    found.DocumentTitle = plain(report.title, 1024)
    found.ConceptNameCodeSequence = Sequence([_title()])
    found.VerificationFlag = "VERIFIED" if report.is_final else "UNVERIFIED"
    found.MIMETypeOfEncapsulatedDocument = "application/pdf"
    found.EncapsulatedDocumentLength = len(pdf)
    found.EncapsulatedDocument = pdf + b"\x00" * (len(pdf) % 2)
    return finish(found, report, header)


def _title() -> Dataset:
    concept = codes.DIAGNOSTIC_REPORT
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = concept.value, concept.scheme, concept.meaning
    return item
