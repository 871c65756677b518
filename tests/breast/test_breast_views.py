import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import BreastTomosynthesisImageStorage, DigitalMammographyXRayImageStorageForProcessing

from screening.scoring.breast_views import select_views, side_of, spacing_of, upside_down, view_of
from screening.scoring.types import InstanceInput, Refusal, StudyInput


def image(side="R", view="CC", **more):
    dataset = Dataset()
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ViewPosition = view
    if side:
        dataset.ImageLaterality = side
    dataset.SOPInstanceUID = f"1.2.{len(more)}.{ord(view[0])}"
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


def coded(value, scheme="SCT", modifier=None):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    if modifier:
        extra = Dataset()
        extra.CodeValue, extra.CodingSchemeDesignator = modifier, "SCT"
        item.ViewModifierCodeSequence = Sequence([extra])
    return Sequence([item])


def study(*datasets):
    return StudyInput("1.2.3", [InstanceInput(dataset, bytes) for dataset in datasets])


def names(views):
    return [f"{view.side}{view.view}" for view in views]


def test_the_four_views_come_in_hanging_order_whatever_order_they_arrive_in():
    views, limitations = select_views(study(image("L", "MLO"), image("R", "MLO"), image("L", "CC"), image("R", "CC")))
    assert names(views) == ["RCC", "LCC", "RMLO", "LMLO"]
    assert limitations == []


@pytest.mark.parametrize(
    ("code", "scheme", "view"),
    [("399162004", "SCT", "CC"), ("R-10242", "SNM3", "CC"), ("399368009", "SCT", "MLO"), ("R-10226", "SRT", "MLO")],
)
def test_the_view_code_counts_before_the_text(code, scheme, view):
    assert view_of(image(view="ML", ViewCodeSequence=coded(code, scheme))) == view


def test_the_text_counts_where_there_is_no_code():
    assert view_of(image(view="MLO")) == "MLO"
    assert view_of(image(view="RMLO")) == "MLO"
    assert view_of(image(view="ML")) is None


@pytest.mark.parametrize(
    "other",
    [
        {"ViewCodeSequence": coded("399162004", modifier="399163009")},
        {"ViewCodeSequence": coded("399162004", modifier="399055006")},
        {"ViewCodeSequence": coded("399162004", modifier="399209000")},
        {"ViewCodeSequence": coded("399352003")},
        {"EstimatedRadiographicMagnificationFactor": "1.8"},
        {"PaddleDescription": "SPOT COMPRESSION"},
    ],
    ids=["magnification", "spot", "implant displaced", "latero-medial", "magnified", "spot paddle"],
)
def test_additional_views_are_left_aside(other):
    with pytest.raises(Refusal, match="no standard CC or MLO view"):
        select_views(study(image(**other)))


def test_nipple_in_profile_is_still_a_screening_view():
    assert view_of(image(ViewCodeSequence=coded("399162004", modifier="442581004"))) == "CC"


def test_a_study_without_mammograms_is_refused():
    with pytest.raises(Refusal, match="no mammogram"):
        select_views(study(image(Modality="CT")))


def test_images_for_processing_are_refused_by_intent_and_by_class():
    processing = image(SOPClassUID=DigitalMammographyXRayImageStorageForProcessing)
    del processing.PresentationIntentType
    for dataset in (image(PresentationIntentType="FOR PROCESSING"), processing):
        with pytest.raises(Refusal, match="for processing"):
            select_views(study(dataset))


def test_images_for_processing_beside_the_presented_ones_are_ignored():
    views, _ = select_views(study(image("L", "CC", PresentationIntentType="FOR PROCESSING"), image("R", "CC")))
    assert names(views) == ["RCC"]


def test_tomosynthesis_alone_is_refused():
    with pytest.raises(Refusal, match="tomosynthesis"):
        select_views(study(image(SOPClassUID=BreastTomosynthesisImageStorage)))
    with pytest.raises(Refusal, match="tomosynthesis"):
        select_views(study(image(NumberOfFrames="40")))


def test_a_man_s_mammogram_is_refused():
    with pytest.raises(Refusal, match="women"):
        select_views(study(image(PatientSex="M")))


def test_an_image_without_a_side_is_a_limitation_and_alone_a_refusal():
    views, limitations = select_views(study(image("", "CC"), image("L", "MLO")))
    assert names(views) == ["LMLO"]
    assert limitations == ["side of a CC view is not given"]
    with pytest.raises(Refusal, match="which breast"):
        select_views(study(image("", "CC")))


def test_the_side_is_read_from_older_places_too():
    assert side_of(image("", "RMLO")) == "R"
    assert side_of(image("", "CC", Laterality="L")) == "L"
    assert side_of(image("B", "CC")) is None


def test_of_two_images_of_one_view_the_last_acquired_counts():
    first = image("R", "CC", AcquisitionTime="101500", SOPInstanceUID="1.2.9")
    repeat = image("R", "CC", AcquisitionTime="101730", SOPInstanceUID="1.2.1")
    for order in ((first, repeat), (repeat, first)):
        views, _ = select_views(study(*order))
        assert [view.instance.dataset.SOPInstanceUID for view in views] == ["1.2.1"]


def test_an_implant_is_a_limitation():
    assert select_views(study(image(BreastImplantPresent="YES")))[1] == ["breast implant is present"]


def test_spacing_is_taken_in_the_plane_of_the_breast():
    assert spacing_of(image(ImagerPixelSpacing=["0.1", "0.1"])) == (0.1, 0.1)
    magnified = image(ImagerPixelSpacing=["0.1", "0.1"], EstimatedRadiographicMagnificationFactor="1.1")
    assert spacing_of(magnified) == pytest.approx((0.0909, 0.0909), abs=1e-4)
    calibrated = image(
        ImagerPixelSpacing=["0.1", "0.1"], PixelSpacing=["0.08", "0.08"], PixelSpacingCalibrationType="GEOMETRY"
    )
    assert spacing_of(calibrated) == (0.08, 0.08)
    assert spacing_of(image(PixelSpacing=["0.2", "0.2"])) == (0.2, 0.2)


@pytest.mark.parametrize("value", [None, ["0", "0"], ["-0.1", "0.1"], ["1000", "1000"], "0.1"])
def test_an_absurd_spacing_is_no_spacing(value):
    assert spacing_of(image(**({} if value is None else {"ImagerPixelSpacing": value}))) is None


@pytest.mark.parametrize(
    ("side", "view", "orientation", "turned"),
    [
        ("R", "CC", ["P", "L"], False),
        ("L", "CC", ["A", "R"], False),
        ("R", "CC", ["P", "R"], True),
        ("L", "CC", ["P", "L"], True),
        ("R", "MLO", ["P", "FL"], False),
        ("L", "MLO", ["A", "F"], False),
        ("L", "MLO", ["A", "HL"], True),
        ("L", "MLO", None, False),
    ],
)
def test_patient_orientation_tells_which_way_up_an_image_is_stored(side, view, orientation, turned):
    dataset = image(side, view)
    if orientation:
        dataset.PatientOrientation = orientation
    assert upside_down(dataset, side, view) is turned
