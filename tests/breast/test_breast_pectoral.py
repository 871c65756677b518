import numpy as np
import pytest

from screening.dicom.pixels import grey_array
from screening.phantoms.breast import mammogram
from screening.scoring.breast_film import prepare_film
from screening.scoring.breast_pectoral import pectoral_mask


def film_of(seed, view, density="b"):
    return prepare_film(grey_array(mammogram(seed, views=(view,), density=density).datasets[0]), (0.2, 0.2))


@pytest.mark.parametrize(("seed", "view", "density"), [(11, "LMLO", "a"), (12, "RMLO", "c"), (13, "LMLO", "d")])
def test_the_muscle_of_an_mlo_is_the_bright_corner_at_the_top_of_the_chest_wall(seed, view, density):
    film = film_of(seed, view, density)
    muscle = pectoral_mask(film)
    # the drawing's muscle is 42 to 50 mm wide at the top and ends near the nipple's level, in half-millimetre pixels
    top = np.flatnonzero(muscle.any(axis=1))[0]
    assert 70 <= muscle[top + 8].sum() <= 105
    assert 2000 <= muscle.sum() * 0.25 <= 4600
    assert muscle[:, 0].any()
    assert not (muscle & ~film.mask).any()
    rows, columns = np.nonzero(muscle)
    assert columns[rows > rows.max() - 10].max() < columns[rows < rows.min() + 10].max()


@pytest.mark.parametrize(("seed", "density"), [(11, "a"), (12, "c"), (14, "d")])
def test_a_cc_shows_no_muscle(seed, density):
    assert not pectoral_mask(film_of(seed, "LCC", density)).any()
