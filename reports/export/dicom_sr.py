"""A signed report as DICOM SR: Comprehensive SR, template TID 1500 (PS3.16), one measurement group a finding.

The groups say what the model measured, and which model; the text sections and the assessment category say what the
person signed. Where a sentence was edited its group says so, for its numbers are then still the model's.
"""

from __future__ import annotations

from collections.abc import Mapping

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from numpy import array
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ComprehensiveSRStorage

from reports.export import codes
from reports.export.answer_codes import asked_concepts, given_concepts
from reports.export.codes import Concept, Number
from reports.export.dicom_common import (
    clean_header,
    code,
    evidence_dataset,
    finish,
    plain,
    signer_name,
    weights_line,
)
from reports.export.exported import (
    PRODUCT,
    ExportedFinding,
    ExportedReport,
    NotExportable,
    derived_uid,
    tracking_uid,
)
from screening.dicom.elements import clean

SERIES_NUMBER, AI_SERIES_NUMBER = 9001, 9011
COMMENT = Concept("121106", "DCM", "Comment")
LANGUAGES = {"en": ("en", "English"), "zh": ("zh", "Chinese")}
LONGEST_TEXT = 1_000_000


def comprehensive_sr(report: ExportedReport, headers: Mapping[str, Dataset]) -> bytes:
    """The Part 10 file. headers: by SOP Instance UID, of every image a finding lies on and of at least one image.

    A final report is VERIFIED by its signer; a preliminary one is UNVERIFIED and marked PRELIMINARY. Raises
    `NotExportable` without an image, or without the image of a finding.
    """
    if not headers:
        raise NotExportable("no_images")
    evidence = {uid: evidence_dataset(clean_header(header)) for uid, header in headers.items()}
    groups = [_group(finding, report, evidence) for finding in report.findings]
    content = _tree(report, groups or [_nothing_marked(report)])
    document = ComprehensiveSR(
        evidence=list(evidence.values()),
        content=content,
        series_instance_uid=series_uid(report),
        series_number=AI_SERIES_NUMBER if report.by_model else SERIES_NUMBER,
        sop_instance_uid=sr_uid(report.newest_sha256),
        instance_number=1,
        manufacturer=PRODUCT,
        series_description="AI result, not verified" if report.by_model else "Report",
        is_complete=True,
        is_final=report.is_final,
        is_verified=report.is_final,
        verifying_observer_name=signer_name(report.signer) if report.is_final else None,
        verifying_organization=(plain(report.site_name, 64) or PRODUCT) if report.is_final else None,
        specific_character_set="ISO_IR 192",
    )
    if report.is_final:
        document.VerifyingObserverSequence = _verifiers(report)
    if report.previous_sha256:
        document.PredecessorDocumentsSequence = _predecessor(report)
    return finish(document, report, clean_header(next(iter(headers.values()))))


def _verifiers(report: ExportedReport) -> Sequence:
    """Whoever signed the text, then who agreed with it, then whoever signed what was added."""
    found = []
    for signer, moment, _digest in report.signings:
        item = Dataset()
        item.VerifyingObserverName = signer_name(signer)
        item.VerifyingOrganization = plain(report.site_name, 64) or PRODUCT
        item.VerificationDateTime = f"{moment:%Y%m%d%H%M%S%z}"
        item.VerifyingObserverIdentificationCodeSequence = Sequence([])
        found.append(item)
    return Sequence(found)


def sr_uid(content_sha256: str) -> str:
    """The SOP Instance UID of the SR of a signature."""
    return derived_uid("sr", content_sha256)


def series_uid(report: ExportedReport) -> str:
    kind = "sr series of results" if report.by_model else "sr series"
    return derived_uid(kind, report.site_slug, report.study_uid, report.report_id)


def _predecessor(report: ExportedReport) -> Sequence:
    instance = Dataset()
    instance.ReferencedSOPClassUID = ComprehensiveSRStorage
    instance.ReferencedSOPInstanceUID = sr_uid(report.previous_sha256)
    series = Dataset()
    series.SeriesInstanceUID = series_uid(report)
    series.ReferencedSOPSequence = Sequence([instance])
    study = Dataset()
    study.StudyInstanceUID = report.study_uid
    study.ReferencedSeriesSequence = Sequence([series])
    return Sequence([study])


def _tree(report: ExportedReport, groups: list[MeasurementsAndQualitativeEvaluations]) -> Dataset:
    language, meaning = LANGUAGES[report.language]
    measured = MeasurementReport(
        observation_context=_observer(report),
        procedure_reported=code(codes.procedure(report.programme)),
        imaging_measurements=groups,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            CodedConcept(language, "RFC5646", meaning)
        ),
    )
    root = measured[0]
    # TID 1500 is extensible: the exam's evaluations in its row 12, the text after them.
    root.ContentSequence.append(_evaluations(report))
    for section in report.sections:
        if section.text:
            root.ContentSequence.append(_text_section(section.name, section.text))
    return root


def _observer(report: ExportedReport) -> ObservationContext:
    """The person who signed; of a result that nobody has signed, the model."""
    if report.by_model is not None:
        model = report.by_model
        return ObservationContext(
            observer_device_context=ObserverContext(
                observer_type=code(Concept("121007", "DCM", "Device")),
                observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                    uid=derived_uid("model", model.sha256),
                    name=clean(model.name, 200),
                    manufacturer_name=PRODUCT,
                    model_name=clean(f"{model.name} {model.version}", 200),
                ),
            )
        )
    return ObservationContext(
        observer_person_context=ObserverContext(
            observer_type=code(Concept("121006", "DCM", "Person")),
            observer_identifying_attributes=PersonObserverIdentifyingAttributes(
                name=signer_name(report.signer),
                login_name=clean(report.signer.username, 1000) or None,
                organization_name=clean(report.site_name, 1000) or None,
            ),
        )
    )


def _evaluations(report: ExportedReport) -> ContainerContentItem:
    state = codes.AI_STATES.get(report.ai_state, codes.AI_STATES["pending"])
    pairs = [(codes.AI_STATE, state)]
    if report.category is not None:
        pairs.append(codes.category_concepts(report.category))
        if report.category.modifier:
            pairs.append((codes.MODIFIER, codes.MODIFIER_S))
    # Row 12 holds codes: numbers, words and what is said of one finding stay in the text and in the other formats.
    for answer in report.answers:
        if not answer.finding:
            pairs += [(asked_concepts(answer)[0], chosen[0]) for chosen, _words in given_concepts(answer)]
    container = ContainerContentItem(
        name=CodedConcept("C0034375", "UMLS", "Qualitative Evaluations"),
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = ContentSequence(
        [
            CodeContentItem(name=code(name), value=code(value), relationship_type=RelationshipTypeValues.CONTAINS)
            for name, value in pairs
        ]
    )
    return container


def _text_section(name: str, text: str) -> ContainerContentItem:
    title, what = codes.heading(name)
    container = ContainerContentItem(name=code(title), relationship_type=RelationshipTypeValues.CONTAINS)
    container.ContentSequence = ContentSequence([_text(what, text)])
    return container


def _text(name: Concept, text: str) -> TextContentItem:
    # UT allows line breaks; every other control character is no text.
    kept = "\r\n".join(clean(line, LONGEST_TEXT) for line in text.splitlines()) or "-"
    return TextContentItem(name=code(name), value=kept, relationship_type=RelationshipTypeValues.CONTAINS)


def _nothing_marked(report: ExportedReport) -> MeasurementsAndQualitativeEvaluations:
    """TID 1500 wants a group; one without a finding says that none is marked, never that there is none."""
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=derived_uid("no findings", report.content_sha256), identifier="No finding marked"
        ),
        qualitative_evaluations=[
            QualitativeEvaluation(
                name=code(codes.own("marked-findings", "Marked findings")),
                value=code(codes.own("none-marked", "No finding marked by AI in this report")),
            )
        ],
    )


def _group(
    finding: ExportedFinding, report: ExportedReport, evidence: Mapping[str, Dataset]
) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    if finding.sop_uid not in evidence:
        raise NotExportable("image_gone")
    image = evidence[finding.sop_uid]
    site = codes.site_of(finding, report.programme)
    kind = codes.NODULE_TYPES.get(finding.type)
    model = finding.model
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=tracking_uid(report, finding), identifier=f"Finding {finding.number}"
        ),
        referenced_region=_region(finding, image),
        finding_type=code(codes.finding_concept(finding.type)),
        algorithm_id=AlgorithmIdentification(
            name=clean(model.name, 200),
            version=clean(model.version, 200),
            parameters=[weights_line(model)],
            family=code(Concept("123110", "DCM", "Artificial Intelligence")),
            manufacturer=PRODUCT,
        ),
        finding_sites=[_site(site)] if site else None,
        measurements=[_measurement(number) for number in codes.numbers_of(finding)],
        qualitative_evaluations=(
            [QualitativeEvaluation(name=code(codes.NODULE_TYPE), value=code(kind))] if kind else None
        ),
    )
    said = [finding.location] if finding.location else []
    if finding.edited:
        said.append("The sentence on this finding was edited; the measurements here are the model's.")
    group[0].ContentSequence.extend([_text(COMMENT, line) for line in said])
    return group


def _region(finding: ExportedFinding, image: Dataset) -> ImageRegion:
    """The outline, else the box, as a closed polyline in the pixels of its image."""
    if finding.contour is not None and len(finding.contour) > 2:
        points = list(finding.contour)
    else:
        x0, y0, x1, y1 = finding.box
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    points = points if points[0] == points[-1] else [*points, points[0]]
    width, height = float(image.Columns), float(image.Rows)
    inside = [(min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in points]
    return ImageRegion(
        graphic_type=GraphicTypeValues.POLYLINE,
        graphic_data=array(inside, dtype=float),
        source_image=SourceImageForRegion(
            referenced_sop_class_uid=image.SOPClassUID,
            referenced_sop_instance_uid=image.SOPInstanceUID,
            referenced_frame_numbers=[finding.frame] if int(image.get("NumberOfFrames", 1)) > 1 else None,
        ),
    )


def _site(site: codes.Site) -> FindingSite:
    return FindingSite(
        anatomic_location=code(site.place),
        laterality=code(site.side) if site.side else None,
        topographical_modifier=code(site.part) if site.part else None,
    )


def _measurement(number: Number) -> Measurement:
    return Measurement(
        name=code(number.name),
        value=number.value,
        unit=CodedConcept(number.unit, "UCUM", codes.UNIT_MEANINGS[number.unit]),
        derivation=code(Concept("373098007", "SCT", "Mean")) if number.mean else None,
    )
