from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from kuzov.errors import ConfigError, KuzovError, PhotoError
from kuzov.explain.pictures import GAP_PX, draw_heat, overlay, read_part, save, side_by_side
from tests.encoded_photos import encode
from tests.errors import raises

# Dark on the left, bright on the right.
HEAT = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))


def test_heat_reads_the_same_in_grey() -> None:
    grey = np.asarray(draw_heat(HEAT).convert("L"), dtype=int)
    assert (np.diff(grey, axis=1) > 0).all()
    assert np.diff(grey, axis=1).max() < 16, "it brightens evenly"


def test_the_colours_are_those_of_inferno() -> None:
    colours = matplotlib.colormaps["inferno"](HEAT, bytes=True)[..., :3].astype(int)
    assert np.abs(np.asarray(draw_heat(HEAT)) - colours).max() <= 6


def test_an_overlay_has_the_size_of_the_photo() -> None:
    assert overlay(np.zeros((32, 32, 3), np.uint8), HEAT).size == (32, 32)
    assert overlay(Image.new("RGB", (90, 60)), HEAT).size == (90, 60)


def test_every_colour_of_an_overlay_is_heat() -> None:
    red, green = (overlay(Image.new("RGB", (32, 32), each), HEAT) for each in ("red", "#008100"))
    assert red.tobytes() == green.tobytes(), "they are equally bright"


def test_the_three_stand_side_by_side() -> None:
    photo = Image.new("RGB", (64, 48), "green")
    row = side_by_side(photo, HEAT)
    assert row.size == (3 * 64 + 2 * GAP_PX, 48)
    panels = [row.crop((left, 0, left + 64, 48)) for left in (0, 64 + GAP_PX, 2 * (64 + GAP_PX))]
    expected = [photo, draw_heat(HEAT, photo.size), overlay(photo, HEAT)]
    assert [panel.tobytes() for panel in panels] == [each.tobytes() for each in expected]
    assert row.getpixel((66, 20)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("size", "kind", "seen"),
    [((3200, 1600), "JPEG", (800, 400)), ((100, 50), "PNG", (90, 46)), ((1, 1), "PNG", (1, 1))],
)
def test_the_part_that_the_network_sees_keeps_its_shape(
    size: tuple[int, int], kind: str, seen: tuple[int, int]
) -> None:
    assert read_part(encode(Image.new("RGB", size), kind), (0.05, 0.05, 0.95, 0.95)).size == seen


def test_a_photo_that_cannot_be_read() -> None:
    with raises(PhotoError, "none.jpg: no such file; check the path"):
        read_part("none.jpg")


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")]
)
def test_the_extension_decides_the_format(tmp_path: Path, name: str, kind: str) -> None:
    save(Image.new("RGB", (8, 8)), tmp_path / "new" / name)
    with Image.open(tmp_path / "new" / name) as found:
        assert found.format == kind


@pytest.mark.parametrize("name", ["a.gif", "a", ".png"])
def test_another_extension_is_told(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    text = f"A picture can't be written to {file}: its name must end in .png, .jpg, .jpeg, .webp."
    with raises(ConfigError, text):
        save(Image.new("RGB", (8, 8)), file)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_the_disk(_picture: Image.Image, file: Path, *_: object, **__: object) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    picture = tmp_path / "heat.png"
    picture.write_bytes(b"older")
    monkeypatch.setattr(Image.Image, "save", fill_the_disk)
    with raises(KuzovError, f"The picture {picture} can't be written: No space left on device."):
        save(Image.new("RGB", (8, 8)), picture)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("heat.png", b"older")]


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    picture = tmp_path / "heat.png"
    picture.mkdir()
    with raises(KuzovError, f"The picture {picture} can't be written: Is a directory."):
        save(Image.new("RGB", (8, 8)), picture)
    assert [file.name for file in tmp_path.iterdir()] == ["heat.png"]
