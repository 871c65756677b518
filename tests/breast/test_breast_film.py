import numpy as np
import pytest

from screening.scoring.breast_film import CANVAS, PIXEL_MM, BreastNotFound, prepare_film


def drawn(rows=600, columns=480, chest_wall="left"):
    """A bright half disc with texture on black, 0.4 mm pixels."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    inside = (x / 260.0) ** 2 + ((y - 300) / 210.0) ** 2 < 1.0
    texture = 0.45 + 0.15 * np.sin(x / 17.0) * np.cos(y / 23.0)
    grey = np.where(inside, texture, 0.0).astype(np.float32)
    return grey[:, ::-1].copy() if chest_wall == "right" else grey


def test_the_chest_wall_always_comes_to_the_left():
    left, right = (prepare_film(drawn(chest_wall=side), (0.4, 0.4)) for side in ("left", "right"))
    assert (left.mirrored, right.mirrored) == (False, True)
    assert np.abs(left.image - right.image).mean() < 0.02
    assert left.image.shape == (2, *CANVAS)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_box_goes_to_the_canvas_and_back_unchanged(side):
    film = prepare_film(drawn(chest_wall=side), (0.4, 0.4))
    box = (120.0, 250.0, 170.0, 310.0)
    assert film.to_image(film.to_canvas(box)) == pytest.approx(box, abs=1e-6)


def test_a_bright_spot_is_found_on_the_canvas_where_the_box_says():
    grey = drawn(chest_wall="right")
    grey[280:300, 350:370] = 1.0
    film = prepare_film(grey, (0.4, 0.4))
    x0, y0, x1, y1 = film.to_canvas((350, 280, 370, 300))
    row, column = np.unravel_index(film.image[0].argmax(), CANVAS)
    assert x0 - 1 <= column <= x1 + 1
    assert y0 - 1 <= row <= y1 + 1


def test_canvas_pixels_are_half_a_millimetre_unless_the_breast_is_too_large():
    film = prepare_film(drawn(), (0.4, 0.4))
    assert film.pixel_mm == PIXEL_MM
    x0, _, x1, _ = film.to_canvas((100, 0, 200, 10))
    assert (x1 - x0) * film.pixel_mm == pytest.approx(40.0, rel=0.01)
    large = prepare_film(drawn(), (0.7, 0.7))
    assert large.pixel_mm > PIXEL_MM
    x0, _, x1, _ = large.to_canvas((100, 0, 200, 10))
    assert (x1 - x0) * large.pixel_mm == pytest.approx(70.0, rel=0.02)


def test_markers_and_white_borders_are_left_out_of_the_breast():
    grey = drawn()
    grey[20:60, 400:460] = 0.9
    grey[:, -12:] = 1.0
    grey[-8:] = 1.0
    film = prepare_film(grey, (0.4, 0.4))
    plain = prepare_film(drawn(), (0.4, 0.4))
    assert abs(int(film.mask.sum()) - int(plain.mask.sum())) < 0.02 * plain.mask.sum()
    assert film.image[:, ~film.mask].any() == np.False_


def test_contrast_and_brightness_of_the_image_do_not_matter():
    plain, dull = prepare_film(drawn(), (0.4, 0.4)), prepare_film(drawn() * 0.5, (0.4, 0.4))
    assert np.abs(plain.image - dull.image)[:, plain.mask & dull.mask].mean() < 0.02


@pytest.mark.parametrize(
    "grey",
    [np.zeros((600, 480), np.float32), np.full((600, 480), 0.7, np.float32), np.eye(480, dtype=np.float32)],
    ids=["black", "even grey", "a thin line"],
)
def test_an_image_without_a_breast_is_told_apart(grey):
    with pytest.raises(BreastNotFound):
        prepare_film(grey, (0.4, 0.4))
