import numpy as np
import pytest
from PIL import Image

from kuzov.data.alignment import Array, correlation, refine, whole_pictures
from kuzov.data.synthetic import BODIES, draw_car

PX = 64
CAR = draw_car(BODIES[2], (320, 320), np.random.default_rng(3))


def picture(image: Image.Image, box: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Array:
    """A part of it, (left, top, right, bottom) in its sides, as one picture of a batch."""
    corners = (box[0] * image.width, box[1] * image.height, box[2] * image.width, box[3] * image.height)
    small = image.resize((PX, PX), Image.Resampling.BOX, box=corners)
    return np.asarray(small, np.float32).transpose(2, 0, 1)[np.newaxis]


def likeness(first: Array, second: Array, boxes: Array) -> float:
    return float(correlation(first, second, boxes)[0])


def test_a_picture_follows_itself_whatever_its_brightness_contrast_and_tint() -> None:
    whole = picture(CAR)
    tinted = 0.5 * whole + np.array([10, 40, 80], np.float32)[:, np.newaxis, np.newaxis]
    assert likeness(whole, whole, whole_pictures(1)) == pytest.approx(1, abs=1e-4)
    assert likeness(whole, tinted, whole_pictures(1)) == pytest.approx(1, abs=1e-4)
    assert likeness(whole, 255 - whole, whole_pictures(1)) == pytest.approx(-1, abs=1e-4)


def test_one_colour_follows_nothing() -> None:
    plain = picture(Image.new("RGB", (PX, PX), "red"))
    assert likeness(plain, picture(CAR), whole_pictures(1)) == 0
    assert likeness(plain, plain, whole_pictures(1)) == 0


@pytest.mark.parametrize("box", [(0.02, 0.03, 1, 0.98), (0.04, 0, 0.98, 1), (0.03, 0.03, 0.97, 0.97)])
def test_the_part_that_was_cut_out_is_found(box: tuple[float, float, float, float]) -> None:
    whole, part = picture(CAR), picture(CAR, box)
    found = refine(whole, part, whole_pictures(1), steps=10)
    np.testing.assert_allclose(found[0], [[box[1], box[3]], [box[0], box[2]]], atol=0.005)
    assert likeness(whole, part, found) > 0.98
    assert likeness(whole, part, found) > likeness(whole, part, whole_pictures(1)) + 0.03


def test_what_was_cut_out_is_laid_over_the_whole_as_well() -> None:
    whole, part = picture(CAR), picture(CAR, (0.05, 0, 1, 1))
    found = refine(part, whole, whole_pictures(1), steps=10)
    np.testing.assert_allclose(found[0, 1], [-0.05 / 0.95, 1], atol=0.01)


def test_many_pairs_are_aligned_as_each_alone() -> None:
    parts = [picture(CAR, (0.01 * number, 0, 1, 1)) for number in range(4)]
    first, second = np.concatenate([picture(CAR)] * 4), np.concatenate(parts)
    together = refine(first, second, whole_pictures(4), steps=4)
    for row, part in enumerate(parts):
        alone = refine(picture(CAR), part, whole_pictures(1), steps=4)
        np.testing.assert_allclose(together[row], alone[0], atol=1e-4)
    nothing = refine(first[:0], second[:0], whole_pictures(0), steps=4)
    assert correlation(first[:0], second[:0], nothing).shape == (0,)
