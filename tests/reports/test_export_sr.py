"""A signed report as DICOM SR: read back by highdicom, its numbers, codes, places and flags are those that went in."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from highdicom.sr import MeasurementReport, srread
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage

from reports.export import codes
from reports.export.dicom_sr import comprehensive_sr, sr_uid
from reports.export.exported import NotExportable, stated_category, tracking_uid
from tests.reports.exports import CIRCLE, HOSTILE, MODEL, appended, ct_headers, finding, hostile, read, report

HEADERS = ct_headers()
HEADING, TEXT = "ConceptNameCodeSequence", "TextValue"


@pytest.fixture(scope="module")
def written() -> bytes:
    return comprehensive_sr(report(HEADERS), HEADERS)


@pytest.fixture(scope="module")
def groups(written):
    return MeasurementReport.from_sequence([srread(io.BytesIO(written)).content[0]]).get_planar_roi_measurement_groups()


def texts(dataset) -> dict[str, str]:
    """Section heading → text, of the containers at the root."""
    return {
        item.ConceptNameCodeSequence[0].CodeMeaning: item.ContentSequence[0].TextValue
        for item in dataset.ContentSequence
        if item.ValueType == "CONTAINER" and item.ContentSequence[0].ValueType == "TEXT"
    }


def evaluations(dataset) -> dict[str, tuple[str, str]]:
    container = next(
        item for item in dataset.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "C0034375"
    )
    return {
        code_of(item.ConceptNameCodeSequence[0]): (
            item.ConceptCodeSequence[0].CodingSchemeDesignator,
            code_of(item.ConceptCodeSequence[0]),
        )
        for item in container.ContentSequence
    }


def code_of(item) -> str:
    """A code longer than 16 characters is a Long Code Value (PS3.3 8.8)."""
    return item.get("CodeValue") or item.LongCodeValue


def test_every_measurement_comes_back_as_it_was(groups):
    first = {
        (each.name.value, each.value, each.unit.value, each.unit.scheme_designator)
        for each in groups[0].get_measurements()
    }
    assert first == {
        ("81827009", 8.2, "mm", "UCUM"),
        ("103339001", 9.1, "mm", "UCUM"),
        ("103340004", 7.3, "mm", "UCUM"),
        ("118565006", 288.0, "mm3", "UCUM"),
        ("122157", 0.8125, "1", "UCUM"),
    }
    assert [len(groups), groups[1].get_measurements()[0].value] == [2, 11.4]


def test_a_mean_diameter_is_a_diameter_derived_as_a_mean(groups):
    assert groups[0].get_measurements()[0].derivation.value == "373098007"
    assert groups[0].get_measurements()[1].derivation is None


def test_each_group_says_what_was_found_where_and_how_to_find_it_again(groups):
    one, wanted = groups[0], report(HEADERS).findings[0]
    assert one.tracking_uid == tracking_uid(report(HEADERS), wanted)
    assert one.tracking_identifier == "Finding 1"
    assert (one.finding_type.value, one.finding_type.scheme_designator) == ("27925004", "SCT")
    site = one.finding_sites[0]
    assert (site.value.value, site.laterality.value) == ("45653009", "24028007")
    kinds = [group.get_qualitative_evaluations(name=codes_of(codes.NODULE_TYPE))[0].value.value for group in groups]
    assert kinds == ["RID5741", "RID46011"]


def codes_of(concept):
    return Code(concept.value, concept.scheme, concept.meaning)


def test_the_region_is_the_outline_closed_on_the_image_it_was_drawn_on(groups):
    roi = groups[0].roi
    assert roi.graphic_type.value == "POLYLINE"
    assert roi.value[:-1] == pytest.approx(np.array(CIRCLE), abs=1e-4)
    assert list(roi.value[0]) == list(roi.value[-1])
    assert groups[1].roi.ContentSequence[0].referenced_sop_instance_uid == list(HEADERS)[1]


def test_without_an_outline_the_box_is_the_region():
    made = report(HEADERS, findings=(finding(1, next(iter(HEADERS.values())), contour=None),))
    content = srread(io.BytesIO(comprehensive_sr(made, HEADERS))).content
    (group,) = content.get_planar_roi_measurement_groups()
    assert group.roi.value.tolist() == [[14, 12], [27, 12], [27, 22], [14, 22], [14, 12]]


def test_what_a_model_measured_names_the_model_and_its_weights(written):
    said = written.decode("latin-1")
    for part in (MODEL.name, MODEL.version, f"weights sha256={MODEL.sha256}", "Artificial Intelligence"):
        assert part in said


def test_the_text_stands_under_its_headings_word_by_word(written):
    assert texts(read(written)) == {
        "Current Procedure Descriptions": "CT of the chest.",
        "Findings": "A solid nodule of 8.2 mm in the right upper lobe.",
        "Impressions": "Lung-RADS 4A.",
        "Recommendations": "Low-dose CT in 3 months.",
    }


def test_the_category_is_coded_and_its_modifier_is_ours(written):
    said = evaluations(read(written))
    assert said["RID50134"] == ("RADLEX", "RID50139")
    assert said["lung-rads-mod"] == ("99FIRSTREAD", "lung-rads-s")
    assert said["ai-state"] == ("99FIRSTREAD", "ai-scored")


@pytest.mark.parametrize(
    ("state", "meaning"),
    [("refused", "ai-refused"), ("failed", "ai-failed"), ("pending", "ai-pending"), ("incomplete", "ai-incomplete")],
)
def test_refused_failed_and_unprocessed_are_told_apart_and_none_is_a_negative(state, meaning):
    made = report(HEADERS, findings=(), category=None, ai_state=state)
    written = read(comprehensive_sr(made, HEADERS))
    assert evaluations(written) == {"ai-state": ("99FIRSTREAD", meaning)}
    assert "no finding marked by ai in this report" in str(written).lower()


def test_a_final_report_is_verified_by_its_signer_at_the_time_of_the_signature(written):
    dataset = read(written)
    assert (dataset.CompletionFlag, dataset.VerificationFlag, dataset.PreliminaryFlag) == (
        "COMPLETE",
        "VERIFIED",
        "FINAL",
    )
    verifier = dataset.VerifyingObserverSequence[0]
    assert str(verifier.VerifyingObserverName) == "Keller^Mara"
    assert verifier.VerifyingOrganization == "North Clinic"
    assert str(verifier.VerificationDateTime) == "20260304101500+0000"


def test_a_preliminary_report_is_not_verified():
    dataset = read(comprehensive_sr(report(HEADERS, state="preliminary"), HEADERS))
    assert (dataset.VerificationFlag, dataset.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in dataset


def test_the_document_belongs_to_the_patient_and_study_of_the_images_and_lists_them(written):
    dataset, image = read(written), next(iter(HEADERS.values()))
    assert dataset.SOPClassUID == ComprehensiveSRStorage
    for keyword in (
        "PatientID",
        "PatientName",
        "StudyInstanceUID",
        "AccessionNumber",
        "StudyDate",
        "IssuerOfPatientID",
    ):
        assert dataset[keyword].value == image[keyword].value
    study = dataset.CurrentRequestedProcedureEvidenceSequence[0]
    listed = {ref.ReferencedSOPInstanceUID for ref in study.ReferencedSeriesSequence[0].ReferencedSOPSequence}
    assert listed == set(HEADERS)
    assert dataset.SeriesInstanceUID != image.SeriesInstanceUID


def test_a_final_report_names_the_preliminary_one_it_takes_the_place_of():
    made = report(HEADERS, previous_sha256="d" * 64)
    study = read(comprehensive_sr(made, HEADERS)).PredecessorDocumentsSequence[0]
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == sr_uid("d" * 64)


def test_an_addendum_has_its_heading_its_verifier_and_makes_another_document(written):
    dataset = read(comprehensive_sr(appended(), HEADERS))
    assert texts(dataset)["Addendum"].startswith("Unchanged since 2024.")
    assert [str(each.VerifyingObserverName) for each in dataset.VerifyingObserverSequence] == ["Keller^Mara", "Ade^Jon"]
    assert dataset.ContentDate == "20260306"
    assert dataset.SOPInstanceUID != read(written).SOPInstanceUID
    earlier = dataset.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert earlier.ReferencedSOPInstanceUID == read(written).SOPInstanceUID


def test_the_same_signature_is_always_the_same_bytes(written):
    assert comprehensive_sr(report(HEADERS), HEADERS) == written


def test_an_edited_sentence_is_told_beside_the_models_numbers(written):
    assert written.count(b"was edited; the measurements here are the model's") == 1


def test_a_birads_4b_has_a_code_of_our_own_and_a_birads_2_a_standard_one():
    assert codes.category_concepts(stated_category("breast", "BI-RADS 4B."))[1].scheme == "99FIRSTREAD"
    assert codes.category_concepts(stated_category("breast", "BI-RADS 2: benign."))[1].value == "397141009"


@pytest.mark.parametrize(
    ("programme", "text", "value"),
    [
        ("lung", "Lung-RADS 4A: suspicious.", "4A"),
        ("lung", "Lung-RADS 2S.", "2"),
        ("lung", "Lung-RADS：4X，可疑。", "4X"),
        ("lung", "Lung-RADS v2022 category 3.", "3"),
        ("lung", "Lung-RADS 4A, before Lung-RADS 3.", None),
        ("lung", "Lung-RADS 12", None),
        ("lung", "BI-RADS 4A", None),
        ("breast", "BI-RADS 0: incomplete.", "0"),
        ("brain", "Lung-RADS 2", None),
        ("lung", "No nodule.", None),
    ],
)
def test_a_category_is_taken_only_from_a_text_that_states_one(programme, text, value):
    found = stated_category(programme, text)
    assert (found.value if found else None) == value


def test_every_code_fits_its_element():
    tables = [codes.FINDINGS, codes.NODULE_TYPES, codes.AI_STATES, codes.PROCEDURES, *codes.CATEGORIES.values()]
    for concept in (concept for table in tables for concept in table.values()):
        assert 0 < len(concept.value) <= 16 and 0 < len(concept.meaning) <= 64, concept


def test_every_standard_code_that_is_not_marked_stands_in_the_dictionary_of_the_standard():
    known = {scheme: {value for entry in concepts[scheme].values() for value in entry} for scheme in concepts}
    tables = [codes.FINDINGS, codes.SIDES, codes.ORGANS, codes.PROCEDURES, *codes.CATEGORIES.values()]
    all_codes = [concept for table in tables for concept in table.values()]
    all_codes += [site.place for site in codes.LOBES.values()] + [
        name for name, _unit, _mean in codes.MEASURED.values()
    ]
    all_codes += [codes.PROBABILITY, codes.ASSESSMENT, codes.DIAGNOSTIC_REPORT]
    checked = [each for each in all_codes if each.scheme != codes.OWN_SCHEME and not each.published]
    assert len(checked) > 30
    assert [each for each in checked if each.value not in known[each.scheme]] == []


def test_without_the_images_there_is_no_sr():
    with pytest.raises(NotExportable, match="no_images"):
        comprehensive_sr(report(HEADERS), {})
    with pytest.raises(NotExportable, match="image_gone"):
        comprehensive_sr(report(HEADERS), dict(list(HEADERS.items())[2:]))


def test_hostile_text_stays_text_and_keeps_its_meaning(caplog):
    made, headers = hostile(ct_headers())
    dataset = read(comprehensive_sr(made, headers))
    assert "名字" in texts(dataset)["Findings"] and "x" * 10_000 in texts(dataset)["Findings"]
    assert dataset.PatientName.ideographic == "王^小东"
    assert dataset.PatientSex == "" and dataset.StudyDate == ""
    assert len(dataset.StudyDescription) <= 64 and "\\" not in dataset.StudyDescription
    content = srread(io.BytesIO(comprehensive_sr(made, headers))).content
    assert len(content.get_planar_roi_measurement_groups()) == 2
    assert HOSTILE[:4] not in caplog.text and "Wang" not in caplog.text


def test_a_chinese_text_is_marked_as_chinese():
    made = report(HEADERS)
    chinese = replace(made, sections=tuple(replace(each, text="右肺上叶实性结节。") for each in made.sections))
    item = read(comprehensive_sr(chinese, HEADERS)).ContentSequence[0]
    assert item.ConceptCodeSequence[0].CodeValue == "zh"
    assert read(comprehensive_sr(made, HEADERS)).ContentSequence[0].ConceptCodeSequence[0].CodeValue == "en"
