"""What each model must refuse: a name, the model it is given to, how it comes about, words of the reason."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from scipy import ndimage

from screening.scoring.types import InstanceInput, StudyInput
from tests.scoring import studies as made
from tests.scoring.studies import (
    checkerboard,
    chest,
    ellipses,
    films,
    head,
    noise,
    one_slice,
    photograph,
    redrawn,
    repainted,
    study_of,
    tagged,
)

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
MR = "1.2.840.10008.5.1.4.1.1.4"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
CORONAL = [1, 0, 0, 0, 0, -1]
SAGITTAL = [0, 1, 0, 0, 0, -1]


@dataclass(frozen=True)
class WrongInput:
    """words: part of the reason. real: needs FIRSTREAD_DATA."""

    name: str
    programme: str
    make: Callable[[], StudyInput]
    words: str
    real: bool = False


def ct(programme: str) -> tuple[Dataset, ...]:
    return chest() if programme == "lung" else head()


def moved(programme: str, place: Callable[[int], list[float]], **tags: object) -> StudyInput:
    study = tagged(ct(programme), **tags)
    for index, item in enumerate(study.instances):
        item.dataset.ImagePositionPatient = place(index)
    return study


def two_phases(programme: str) -> StudyInput:
    second = redrawn(ct(programme), lambda volume: volume + 30.0)
    for index, item in enumerate(second.instances):
        item.dataset.SOPInstanceUID = f"1.2.3.{index}"
    return StudyInput("1.2", [*study_of(ct(programme)).instances, *second.instances])


def mixed_sizes() -> StudyInput:
    coarse = made.halved(chest()[::2])
    return study_of([*chest()[1::2], *coarse])


def cut_short(datasets: tuple[Dataset, ...], index: int) -> StudyInput:
    study = tagged(datasets)
    item = study.instances[index].dataset
    item.PixelData = item.PixelData[: len(item.PixelData) // 2]
    return study


def head_as_chest() -> StudyInput:
    """Every slice of the head twice, half as far apart, behind the header of a chest."""
    hu = np.repeat(made.hounsfield(head()), 2, axis=0)
    return study_of(made.ct_datasets(hu, (2.5, 0.977, 0.977), made.fictional_patient(7), key="head as chest"))


def not_a_file() -> StudyInput:
    study = study_of(chest())
    broken = InstanceInput(study.instances[9].dataset, lambda: b"no DICOM file at all")
    return StudyInput("1.2", [*study.instances[:9], broken, *study.instances[10:]])


def half_grey(plane: np.ndarray) -> np.ndarray:
    out = plane.copy()
    out[len(plane) // 2 :] = 100.0
    return out


def half_black(plane: np.ndarray) -> np.ndarray:
    out = plane.copy()
    out[len(plane) // 2 :] = -1024.0
    return out


def flipped_bits(plane: np.ndarray) -> np.ndarray:
    stored = (plane + 1024).astype(np.int64)
    hit = np.random.default_rng(2).random(plane.shape) < 0.03
    return np.where(hit, stored ^ 1024, stored) - 1024.0


def shuffled(volume: np.ndarray) -> np.ndarray:
    return volume[np.random.default_rng(3).permutation(len(volume))]


def very_noisy(volume: np.ndarray) -> np.ndarray:
    return volume + np.random.default_rng(4).standard_normal(volume.shape) * 300.0


def very_smooth(volume: np.ndarray) -> np.ndarray:
    pixels = volume.shape[-1] / 18
    return ndimage.gaussian_filter(volume, (0.0, pixels, pixels))


def like_mr(volume: np.ndarray) -> np.ndarray:
    """A T1-like grey behind a header that says Hounsfield units: air dark, fat bright, bone dark."""
    return np.interp(volume, [-1000, -300, -90, 0, 40, 80, 300, 2000], [-1000, -980, 700, -300, 300, 200, -700, -800])


def code(value: str) -> DicomSequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "code"
    return DicomSequence([item])


def view_code(value: str, modifier: str = "") -> DicomSequence:
    views = code(value)
    views[0].ViewModifierCodeSequence = code(modifier) if modifier else DicomSequence([])
    return views


def turned(picture: np.ndarray) -> np.ndarray:
    """Lying on its side, chest wall at the top."""
    side = min(picture.shape)
    return np.rot90(picture[:side, :side] if picture[:, 0].mean() > picture[:, -1].mean() else picture[:side, -side:])


def speckled(picture: np.ndarray) -> np.ndarray:
    hit = np.random.default_rng(2).random(picture.shape) < 0.03
    return np.where(hit, 4095.0 - picture, picture)


def lower_half(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def cut(picture: np.ndarray) -> np.ndarray:
        out = picture.copy()
        out[len(picture) // 2 :] = value
        return out

    return cut


SKULL = ((0, 0, 0.72, 0.6, 900.0), (0, 0, 0.67, 0.55, 10.0))
ABDOMEN = (
    (0, 0, 0.62, 0.85, -100.0),
    (0, 0, 0.55, 0.78, 50.0),
    (-0.1, -0.35, 0.2, 0.25, 60.0),
    (-0.25, 0.3, 0.1, 0.14, -900.0),
    (0.38, 0, 0.1, 0.1, 500.0),
)
KNEE = ((0, 0, 0.5, 0.5, 40.0), (0.05, 0, 0.28, 0.3, 900.0), (0.05, 0, 0.24, 0.26, -60.0))


def _both(programme: str) -> list[WrongInput]:
    """What both CT models refuse for the same reasons."""
    other = "ABDOMEN" if programme == "lung" else "CHEST"
    few = 12 if programme == "lung" else 6

    def case(name: str, make: Callable[[], StudyInput], words: str) -> WrongInput:
        return WrongInput(name, programme, make, words)

    def tags(**values: object) -> Callable[[], StudyInput]:
        return lambda: tagged(ct(programme), **values)

    def pixels(change: made.Pixels) -> Callable[[], StudyInput]:
        return lambda: redrawn(ct(programme), change)

    return [
        case("MR images", tags(Modality="MR", SOPClassUID=MR), "MR images"),
        case("PET images", tags(Modality="PT"), "PET images"),
        case("a mammogram", lambda: study_of(films()), "mammograms"),
        case("MR objects that call themselves CT", tags(SOPClassUID=MR), "stored as MR Image"),
        case("a multi-frame CT object", tags(SOPClassUID=ENHANCED_CT), "stored as Enhanced CT Image"),
        case("secondary captures", tags(SOPClassUID=SECONDARY_CAPTURE), "screen captures"),
        case("screen saves", tags(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"]), "screen captures"),
        case("digitised films", tags(ConversionType="DF"), "digitised"),
        case("burned-in text", tags(BurnedInAnnotation="YES"), "Text is burned into"),
        case("colour pictures", tags(PhotometricInterpretation="RGB", SamplesPerPixel=3), "in colour"),
        case("localisers only", tags(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localisers"),
        case("maximum intensity projections", tags(ImageType=["DERIVED", "PRIMARY", "MIP"]), "projections"),
        case("projections by description", tags(SeriesDescription="Axial MIP 10 mm"), "projections"),
        case("reformats", tags(ImageType=["DERIVED", "SECONDARY", "MPR"]), "reformatted"),
        case("a dose report", tags(SeriesDescription="Dose Report"), "dose report"),
        case("coronal slices", tags(ImageOrientationPatient=CORONAL), "coronal"),
        case("sagittal slices", tags(ImageOrientationPatient=SAGITTAL), "sagittal"),
        case("no positions", tags(ImagePositionPatient=None), "do not say where"),
        case("another part of the body by header", tags(BodyPartExamined=other, StudyDescription="", SeriesDescription=""), other.lower()),
        case("a knee by description", tags(BodyPartExamined="", StudyDescription="CT KNEE LEFT", SeriesDescription="axial"), "limbs"),
        case("an angiography", tags(StudyDescription="CT ANGIOGRAPHY"), "angiography"),
        case("a child by age", tags(PatientAge="009Y"), "child"),
        case("an infant by birth date", tags(PatientAge=None, PatientBirthDate="20260101"), "child"),
        case("too few slices", lambda: study_of(ct(programme)[8 : 8 + few]), f"{few} slices"),
        case("one slice", lambda: study_of(ct(programme)[8:9]), "1 slice;"),
        case("slices too thick", tags(SliceThickness=20.0), "mm thick"),
        case("slices too far apart", lambda: moved(programme, lambda index: [0.0, 0.0, 12.0 * index]), "mm apart"),
        case("every image in the same place", lambda: moved(programme, lambda _index: [0.0, 0.0, 0.0]), "same place"),
        case("two phases in one series", lambda: two_phases(programme), "with another picture"),
        case("a field of view of no body", tags(PixelSpacing=[0.02, 0.02]), "mm wide"),
        case("pixels of no size", tags(PixelSpacing=None), "how large their pixels are"),
        case("pixels that are not square", tags(PixelSpacing=[1.0, 2.7]), "not square"),
        case("densities of no CT", tags(RescaleType="Z_EFF"), "Hounsfield"),
        case("pixels missing", lambda: cut_short(ct(programme), 5), "fewer pixels"),
        case("a slice half grey", pixels(one_slice(10, half_grey)), "holds no picture"),
        case("a slice half black", pixels(one_slice(10, half_black)), "holds no picture"),
        case("an empty slice", pixels(one_slice(10, np.zeros_like)), "holds no picture"),
        case("a slice with flipped bits", pixels(one_slice(10, flipped_bits)), "stray pixels"),
        case("only noise", pixels(noise(1, -1000, 1000)), "."),
        case("a checkerboard", pixels(checkerboard(-900, 60)), "."),
        case("a photograph", pixels(photograph(-1000, 600)), "."),
        case("inverted grey", pixels(lambda volume: -1000.0 - volume), "."),
        case("MR values in a CT header", pixels(like_mr), "."),
        case("air only", pixels(lambda volume: np.full_like(volume, -1000.0) + noise(1, -10, 10)(volume)), "."),
        case("a water cylinder", pixels(ellipses([(0, 0, 0.6, 0.6, 0.0)])), "."),
        case("a knee", pixels(ellipses(KNEE)), "."),
        case("shuffled slices", pixels(shuffled), "."),
        case("drowned in noise", pixels(very_noisy), "."),
        case("smoothed away", pixels(very_smooth), "."),
    ]  # fmt: skip


LUNG = [
    WrongInput("a head in a chest header", "lung", head_as_chest, "lungs"),
    WrongInput("an abdomen in a chest header", "lung", lambda: redrawn(chest(), ellipses(ABDOMEN)), "lungs"),
    WrongInput("a head by its own header", "lung", lambda: study_of(head()), "the head"),
    WrongInput("a third of the slices missing", "lung", lambda: study_of([*chest()[:20], *chest()[33:]]), "missing"),
    WrongInput("two matrices in one series", "lung", mixed_sizes, "do not share one size"),
    WrongInput("two patients", "lung", lambda: StudyInput("1.2", [*study_of(chest()[:30]).instances, *tagged(chest()[30:], PatientID="OTHER").instances]), "more than one patient"),
    WrongInput("a file that is none", "lung", not_a_file, "cannot be used"),
    WrongInput("a tilted gantry", "lung", lambda: tagged(chest(), ImageOrientationPatient=[1, 0, 0, 0, 0.9397, -0.342]), "tilted"),
    WrongInput("an offset applied twice", "lung", lambda: redrawn(chest(), lambda volume: volume - 1024.0), "."),
    WrongInput("no rescale", "lung", lambda: tagged(chest(), RescaleIntercept=None, RescaleSlope=None, RescaleType=None), "Hounsfield"),
    WrongInput("a study without images", "lung", lambda: StudyInput("1.2", []), "no images"),
    WrongInput("a matrix too coarse", "lung", lambda: study_of(made.halved(chest())), "too few to be read"),
]  # fmt: skip
BRAIN = [
    WrongInput("a chest in a head header", "brain", lambda: tagged(chest(), BodyPartExamined="HEAD", StudyDescription="CT HEAD", SeriesDescription="axial", ConvolutionKernel="H31s"), "no brain"),
    WrongInput("contrast agent by its element", "brain", lambda: tagged(head(), ContrastBolusAgent="Iohexol 350"), "contrast agent"),
    WrongInput("contrast agent by description", "brain", lambda: tagged(head(), SeriesDescription="AXIAL POST CONTRAST"), "contrast agent"),
    WrongInput("a perfusion", "brain", lambda: tagged(head(), SeriesDescription="Perfusion 5.0", StudyDescription="CT HEAD"), "perfusion"),
    WrongInput("bone kernel only (Siemens)", "brain", lambda: tagged(head(), ConvolutionKernel="H70h"), "bone reconstruction"),
    WrongInput("bone kernel only (GE)", "brain", lambda: tagged(head(), ConvolutionKernel="BONEPLUS"), "bone reconstruction"),
    WrongInput("bone kernel only (Toshiba)", "brain", lambda: tagged(head(), ConvolutionKernel="FC81"), "bone reconstruction"),
    WrongInput("the neck by header", "brain", lambda: tagged(head(), BodyPartExamined="NECK", StudyDescription="CT NECK", SeriesDescription=""), "the neck"),
    WrongInput("half of the slices missing", "brain", lambda: study_of([*head()[:6], *head()[20:]]), "slices"),
    WrongInput("the vertex only", "brain", lambda: study_of(head()[14:]), "brain"),
    WrongInput("a skull phantom of water", "brain", lambda: redrawn(head(), ellipses(SKULL)), "."),
    WrongInput("a skull phantom of one grey", "brain", lambda: redrawn(head(), ellipses([(0, 0, 0.72, 0.6, 900.0), (0, 0, 0.67, 0.55, 35.0)])), "."),
    WrongInput("an abdomen in a head header", "brain", lambda: redrawn(head(), ellipses(ABDOMEN)), "no brain"),
]  # fmt: skip


def _film(name: str, make: Callable[[], StudyInput], words: str) -> WrongInput:
    return WrongInput(name, "breast", make, words)


def _film_tags(name: str, words: str, **values: object) -> WrongInput:
    return _film(name, lambda: tagged(films(), **values), words)


def _film_pixels(name: str, change: made.Pixels, words: str) -> WrongInput:
    return _film(name, lambda: repainted(films(), change), words)


BREAST = [
    _film("a chest CT", lambda: study_of(chest()), "no mammogram"),
    _film_tags("plain radiographs", "plain radiographs", Modality="DX"),
    _film_tags("images for processing", "for processing", PresentationIntentType="FOR PROCESSING"),
    _film_tags("images for processing by class", "for processing", PresentationIntentType=None, SOPClassUID=FOR_PROCESSING),
    _film_tags("tomosynthesis", "tomosynthesis", SOPClassUID=TOMOSYNTHESIS),
    _film_tags("many frames", "tomosynthesis", NumberOfFrames=60),
    _film_tags("a picture computed from tomosynthesis", "computed from tomosynthesis", ImageType=["DERIVED", "PRIMARY", "", "GENERATED_2D"]),
    _film_tags("ultrasound objects that call themselves MG", "stored as Ultrasound", SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1"),
    _film_tags("secondary captures", "screen captures", SOPClassUID=SECONDARY_CAPTURE),
    _film_tags("burned-in text", "burned into", BurnedInAnnotation="YES"),
    _film_tags("colour pictures", "in colour", SamplesPerPixel=3, PhotometricInterpretation="RGB"),
    _film_tags("a test object", "test object", QualityControlImage="YES"),
    _film_tags("a test object by description", "test object", SeriesDescription="ACR QC weekly"),
    _film_tags("a specimen by view", "specimen", ViewCodeSequence=view_code("127457009")),
    _film_tags("a specimen by description", "specimen", SeriesDescription="Specimen left"),
    _film_tags("a biopsy", "biopsy", PositionerType="STEREOTACTIC"),
    _film_tags("a wire localisation", "procedure", SeriesDescription="L CC wire localisation"),
    _film_tags("contrast mammography", "contrast agent", ImageType=["DERIVED", "PRIMARY", "", "SUBTRACTION"]),
    _film_tags("magnification", "magnification or spot", EstimatedRadiographicMagnificationFactor=1.8),
    _film_tags("spot compression", "magnification or spot", PaddleDescription="10CM SPOT COMP"),
    _film_tags("implant-displaced views", "implant-displaced", ViewCodeSequence=view_code("399162004", "399209000")),
    _film_tags("lateral views only", "no standard CC or MLO", ViewCodeSequence=view_code("399260004"), ViewPosition="ML"),
    _film_tags("no side", "which breast", ImageLaterality=None, Laterality=None),
    _film_tags("a man", "a man", PatientSex="M"),
    _film_tags("a girl", "child", PatientAge="012Y"),
    _film_tags("another part of the body", "the chest", BodyPartExamined="CHEST", AnatomicRegionSequence=None, StudyDescription="", SeriesDescription=""),
    _film("a thumbnail", lambda: repainted(films(), lambda picture: picture[::8, ::8]), "too few to be read"),
    _film_pixels("black pictures", np.zeros_like, "No breast is found"),
    _film_pixels("white pictures", lambda picture: np.full_like(picture, 4095.0), "."),
    _film_pixels("inverted grey", lambda picture: 4095.0 - picture, "."),
    _film_pixels("only noise", noise(1, 0, 4095), "."),
    _film_pixels("a checkerboard", checkerboard(200, 3000, 40), "."),
    _film_pixels("a photograph", photograph(0, 4095), "."),
    _film_pixels("drowned in noise", lambda picture: picture + np.random.default_rng(4).standard_normal(picture.shape) * 700, "."),
    _film_pixels("lying on its side", turned, "."),
    _film_pixels("the lower half grey", lower_half(1500.0), "holds no picture"),
    _film_pixels("the lower half black", lower_half(0.0), "holds no picture"),
    _film_pixels("flipped bits", speckled, "stray pixels"),
    _film_pixels("a water cylinder", ellipses([(0, 0, 0.5, 0.8, 2000.0)], 0.0), "."),
    _film_pixels("stripes", lambda picture: np.where((np.arange(picture.shape[0]) // 16 % 2)[:, None] > 0, picture, picture * 0.4), "."),
    _film("every picture cut short", lambda: StudyInput("1.2", [cut_short(films(), index).instances[index] for index in range(2)]), "fewer pixels"),
]  # fmt: skip


def real_film(change: made.Pixels, **tags: object) -> Callable[[], StudyInput]:
    def make() -> StudyInput:
        dataset = pydicom.dcmread(made.MAMMOGRAM)
        plain = deepcopy(films()[0])
        stored = change(dataset.pixel_array.astype(np.float32))
        made.put_pixels(plain, stored)
        plain.WindowCenter, plain.WindowWidth = 2653, 1500
        plain.ImagerPixelSpacing = dataset.ImagerPixelSpacing
        for keyword, value in tags.items():
            setattr(plain, keyword, value)
        return study_of([plain])

    return make


REAL = [
    WrongInput("a real head to the lung model", "lung", lambda: study_of(made.read_ct(made.HEAD_CT)), "the head", True),
    WrongInput("a real head called a chest", "lung", lambda: tagged(made.read_ct(made.HEAD_CT), BodyPartExamined="CHEST", StudyDescription="", ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), "slices", True),
    WrongInput("a real chest called a head", "brain", lambda: tagged(made.read_ct(made.CHEST_CT, 2), BodyPartExamined="HEAD", ConvolutionKernel="STANDARD"), "no brain", True),
    WrongInput("a real chest called a mammogram", "breast", lambda: tagged(made.read_ct(made.CHEST_CT, 20), Modality="MG"), "stored as CT Image", True),
    WrongInput("a real head with contrast", "brain", lambda: tagged(made.read_ct(made.HEAD_CT), ContrastBolusAgent="OMNIPAQUE"), "contrast agent", True),
    WrongInput("a real head, every third slice", "brain", lambda: study_of(made.read_ct(made.HEAD_CT, 3)), "mm apart", True),
    WrongInput("a real head, shuffled", "brain", lambda: redrawn(made.read_ct(made.HEAD_CT), shuffled), ".", True),
    WrongInput("a real head, inverted", "brain", lambda: redrawn(made.read_ct(made.HEAD_CT), lambda volume: 60.0 - volume), ".", True),
    WrongInput("a real chest, too few slices", "lung", lambda: study_of(made.read_ct(made.CHEST_CT)[40:60]), "20 slices", True),
    WrongInput("a real mammogram for processing", "breast", lambda: tagged([pydicom.dcmread(made.MAMMOGRAM)], PresentationIntentType="FOR PROCESSING"), "for processing", True),
    WrongInput("a real mammogram magnified", "breast", lambda: tagged([pydicom.dcmread(made.MAMMOGRAM)], EstimatedRadiographicMagnificationFactor=1.8), "magnification", True),
    WrongInput("a real mammogram, inverted", "breast", real_film(lambda picture: 4095 - picture), ".", True),
    WrongInput("a real mammogram on its side", "breast", real_film(np.rot90), ".", True),
    WrongInput("a film of the breast sent as a head", "brain", lambda: study_of([pydicom.dcmread(made.MAMMOGRAM)]), "mammograms", True),
]  # fmt: skip
CASES = [*_both("lung"), *LUNG, *_both("brain"), *BRAIN, *BREAST, *REAL]
