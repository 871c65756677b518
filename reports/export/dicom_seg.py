"""The outlines of a report's findings as DICOM segmentations: binary, one segment a finding, made by an algorithm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom.dataset import Dataset

from reports.export import codes
from reports.export.codes import Concept
from reports.export.dicom_common import clean_header, code, evidence_dataset, finish, plain
from reports.export.exported import PRODUCT, ExportedFinding, ExportedReport, NotExportable, derived_uid, tracking_uid

SERIES_NUMBER, AI_SERIES_NUMBER = 9002, 9012
ABNORMAL = Concept("49755003", "SCT", "Morphologically Abnormal Structure")
GEOMETRY = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "FrameOfReferenceUID")
VERSION = "1"


@dataclass(frozen=True, slots=True)
class SegmentationFile:
    """One segmentation: a Part 10 file and the numbers of the findings in it."""

    sop_uid: str
    data: bytes
    findings: tuple[int, ...]


def segmentations(report: ExportedReport, headers: Mapping[str, Dataset]) -> tuple[SegmentationFile, ...]:
    """One file for each stack of slices (or single film) that outlined findings lie on, in order of its first finding.

    Raises `NotExportable` when no finding has an outline, or its image is not stored or has several frames.
    """
    stacks: dict[tuple[str, ...], list[ExportedFinding]] = {}
    for finding in report.outlined:
        header = headers.get(finding.sop_uid)
        if header is None:
            raise NotExportable("image_gone")
        image = clean_header(header)
        if int(image.get("NumberOfFrames", 1)) > 1 or not image.Rows or not image.Columns:
            continue
        stacks.setdefault(_stack(image), []).append(finding)
    if not stacks:
        raise NotExportable("no_outline")
    return tuple(
        _segmentation(report, findings, headers, number) for number, findings in enumerate(stacks.values(), start=1)
    )


def polygon_mask(polygon: Sequence[tuple[float, float]], rows: int, columns: int) -> np.ndarray:
    """Bool (rows, columns): the pixels whose middle lies inside the polygon, by the even-odd rule.

    polygon: x, y in pixels from the upper left corner, so that the first pixel's middle is (0.5, 0.5).
    """
    points = np.asarray(polygon, dtype=float)
    mask = np.zeros((rows, columns), bool)
    low = np.clip(np.floor(points.min(0)).astype(int), 0, (columns, rows))
    high = np.clip(np.ceil(points.max(0)).astype(int), 0, (columns, rows))
    if (high <= low).any():
        return mask
    x = np.arange(low[0], high[0]) + 0.5
    y = (np.arange(low[1], high[1]) + 0.5)[:, None]
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    mask[low[1] : high[1], low[0] : high[0]] = inside
    return mask


def _has_geometry(image: Dataset) -> bool:
    return all(keyword in image for keyword in GEOMETRY)


def _stack(image: Dataset) -> tuple[str, ...]:
    """What may share a segmentation: slices of one grid; a film stands for itself."""
    if not _has_geometry(image):
        return (str(image.SOPInstanceUID),)
    grid = (image.Rows, image.Columns, *image.PixelSpacing, *image.ImageOrientationPatient)
    return (str(image.SeriesInstanceUID), str(image.FrameOfReferenceUID), *(str(value) for value in grid))


def _source(header: Dataset) -> Dataset:
    source = evidence_dataset(clean_header(header))
    if not _has_geometry(source):
        for keyword in GEOMETRY:
            if keyword in source:
                delattr(source, keyword)
    elif "SliceThickness" not in source:
        source.SliceThickness = None
    return source


def _segmentation(
    report: ExportedReport, findings: list[ExportedFinding], headers: Mapping[str, Dataset], number: int
) -> SegmentationFile:
    uids = list(dict.fromkeys(finding.sop_uid for finding in findings))
    sources = [_source(headers[uid]) for uid in uids]
    rows, columns = int(sources[0].Rows), int(sources[0].Columns)
    pixels = np.zeros((len(sources), rows, columns, len(findings)), bool)
    for segment, finding in enumerate(findings):
        pixels[uids.index(finding.sop_uid), :, :, segment] = polygon_mask(finding.contour or (), rows, columns)
    drawn = np.asarray(pixels.any(axis=(0, 1, 2)))
    findings = [finding for finding, any_pixel in zip(findings, drawn, strict=True) if any_pixel]
    if not findings:
        raise NotExportable("no_outline")
    sop_uid = derived_uid("seg", report.newest_sha256, number)
    segmentation = _made(
        source_images=sources,
        pixel_array=pixels[..., drawn],
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[_segment(place, each, report) for place, each in enumerate(findings, start=1)],
        series_instance_uid=derived_uid(
            "seg series of results" if report.by_model else "seg series",
            report.site_slug,
            report.study_uid,
            report.report_id,
        ),
        series_number=AI_SERIES_NUMBER if report.by_model else SERIES_NUMBER,
        sop_instance_uid=sop_uid,
        instance_number=number,
        manufacturer=PRODUCT,
        manufacturer_model_name=PRODUCT,
        software_versions=VERSION,
        device_serial_number=report.newest_sha256[:16],
        content_label="FINDINGS",
        content_description=f"Outlines of the findings of a {'result' if report.by_model else 'report'}",
        content_creator_name=f"{PRODUCT}^",
        series_description=f"Outlines of findings{', not verified' if report.by_model else ''}",
        omit_empty_frames=True,
        specific_character_set="ISO_IR 192",
    )
    organization = derived_uid("seg dimensions", sop_uid)
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    if not _has_geometry(sources[0]):
        segmentation.PatientOrientation = sources[0].get("PatientOrientation", "")
    data = finish(segmentation, report, clean_header(headers[uids[0]]))
    return SegmentationFile(sop_uid, data, tuple(finding.number for finding in findings))


def _made(**given: Any) -> Segmentation:
    try:
        return Segmentation(**given)
    except (ValueError, TypeError, AttributeError) as error:
        # Orientations that are no plane, spacings of nothing: the images are a scanner's, and it may have said so.
        raise NotExportable("odd_geometry") from error


def _segment(place: int, finding: ExportedFinding, report: ExportedReport) -> SegmentDescription:
    site = codes.site_of(finding, report.programme)
    model = finding.model
    words = re.sub(r"_", " ", finding.type)
    return SegmentDescription(
        segment_number=place,
        segment_label=plain(f"{finding.number} {words}", 64),
        segmented_property_category=code(ABNORMAL),
        segmented_property_type=code(codes.finding_concept(finding.type)),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=plain(model.name, 64),
            family=code(Concept("123110", "DCM", "Artificial Intelligence")),
            version=plain(model.version, 64),
            source=PRODUCT,
            parameters={"weights sha256": model.sha256},
        ),
        tracking_uid=tracking_uid(report, finding),
        tracking_id=f"Finding {finding.number}",
        anatomic_regions=[code(site.place)] if site else None,
    )
