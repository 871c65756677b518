import numpy as np
import pytest

from screening.dicom.pixels import grey_array
from screening.phantoms.breast import VIEWS, MassSpec, mammogram
from screening.scoring.breast_views import side_of, upside_down, view_of


def by_view(phantom):
    return {f"{dataset.ImageLaterality}{dataset.ViewPosition}": dataset for dataset in phantom.datasets}


def test_a_phantom_has_the_four_views_of_one_woman(with_mass):
    assert tuple(by_view(with_mass)) == VIEWS
    assert len({dataset.StudyInstanceUID for dataset in with_mass.datasets}) == 1
    assert len({dataset.SOPInstanceUID for dataset in with_mass.datasets}) == 4
    assert {dataset.PatientSex for dataset in with_mass.datasets} == {"F"}


def test_headers_and_pixels_agree_about_side_view_and_orientation(with_mass):
    for name, dataset in by_view(with_mass).items():
        grey = grey_array(dataset)
        assert (side_of(dataset), view_of(dataset)) == (name[0], name[1:])
        assert not upside_down(dataset, name[0], name[1:])
        chest, front = (grey[:, -40:], grey[:, :40]) if name[0] == "R" else (grey[:, :40], grey[:, -40:])
        assert chest.mean() > 0.1 > 0.01 > front.mean()
        assert dataset.PatientOrientation[0] == ("P" if name[0] == "R" else "A")


def test_the_same_seed_draws_the_same_bytes_and_another_seed_another_woman():
    one, same, other = (mammogram(seed, views=("LCC",)) for seed in (5, 5, 6))
    assert one.files() == same.files()
    assert one.datasets[0].PixelData != other.datasets[0].PixelData
    assert one.study_uid != other.study_uid


def test_the_mass_lies_where_the_truth_says_and_only_there():
    spec = MassSpec(side="R", diameter_mm=20.0, margin="circumscribed")
    with_mass, without = mammogram(8, spec), mammogram(8)
    boxes = with_mass.truth["masses"][0]["boxes"]
    assert sorted(boxes) == ["RCC", "RMLO"]
    plain = by_view(without)
    for name, dataset in by_view(with_mass).items():
        change = np.abs(grey_array(dataset) - grey_array(plain[name]))
        if name not in boxes:
            assert change.max() == 0.0
            continue
        x0, y0, x1, y1 = (int(value) for value in boxes[name])
        assert change[y0:y1, x0:x1].mean() > 0.1
        change[y0 - 20 : y1 + 20, x0 - 20 : x1 + 20] = 0.0
        assert change.max() < 0.02


def test_the_true_diameter_is_the_box_in_millimetres(with_mass):
    x0, y0, x1, y1 = with_mass.truth["masses"][0]["boxes"]["LCC"]
    spacing = float(with_mass.datasets[0].ImagerPixelSpacing[0])
    assert (x1 - x0) * spacing == pytest.approx(18.0, abs=0.1)
    assert (y1 - y0) * spacing == pytest.approx(18.0, abs=0.1)


def test_denser_breasts_are_brighter():
    means = [grey_array(mammogram(4, views=("LCC",), density=letter).datasets[0]).mean() for letter in "abcd"]
    assert means == sorted(means)


def test_an_unknown_view_is_refused():
    with pytest.raises(ValueError, match="not a screening view"):
        mammogram(1, views=("LCC", "LML"))
