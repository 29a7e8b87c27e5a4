"""Each yardstick on a few drawn cars: what it asks about, and of whom."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.wild import no_car, russian_market, seller, streets, views
from benchmarks.wild.figure import Figure
from kuzov.records import Car


@pytest.fixture
def cars(synthetic_photos: Path) -> list[list[Path]]:
    """Photos of each of three models."""
    return [sorted(folder.glob("*")) for folder in sorted((synthetic_photos / "train").iterdir())]


def lay(photos: list[Path], folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for number, photo in enumerate(photos):
        shutil.copy(photo, folder / (names[number] if names else f"{number:03}.jpg"))


def photos_of(figures: list[Figure]) -> dict[str, int]:
    return {figure.what: figure.photos for figure in figures}


def test_the_russian_market_knows_the_five_their_relatives_and_others(
    cars: list[list[Path]], tmp_path: Path
) -> None:
    for photos, name in zip(cars, ("qashqai", "near_qashqai", "other_rio"), strict=True):
        lay(photos[:2], tmp_path / "russian-market" / name)
    assert photos_of(list(russian_market.measure(tmp_path))) == {
        "the five: right": 2,
        "the five: accepted": 2,
        "other: told unknown": 2,
        "near: told unknown": 2,
        "AUROC of `unknown`, the five against other": 4,
        "AUROC of `unknown`, the five against near": 4,
    }


@pytest.mark.slow
def test_what_is_known_of_a_car_is_not_asked(
    cars: list[list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, photos in enumerate(cars):
        lay(photos[:5], tmp_path / "seller" / f"car_{number}")
        lay(photos[5:8], tmp_path / "views" / f"car_{number}", "front.jpg", "rear.jpg", "side.jpg")
    lay(cars[0][:1], tmp_path / "streets")
    monkeypatch.setattr(seller, "SHOTS", (1, 2))
    monkeypatch.setattr(seller, "SHOTS_IN_DETAIL", 2)
    found = photos_of(list(seller.measure(tmp_path)))
    assert found["2 a model: right"] == found["2 a model: accepted"] == 15
    assert found["2 a model: views told unknown"] == 9
    assert found["2 a model: AUROC of `unknown` against streets"] == 16
    assert photos_of(list(views.measure(tmp_path))) == {"right": 3, "right among the first five": 3}


def test_a_street_counts_as_found_what_half_overlaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    street = tmp_path / "streets"
    street.mkdir()
    Image.new("RGB", (200, 100)).save(street / "a.png")
    (street / "boxes.csv").write_text(
        "file,left,top,right,bottom\na.png,0,0,120,100\na.png,120,0,190,50\na.png,190,90,200,100\n"
    )
    # The first is the small car of the corner, the second half of the largest one.
    found = (Car(box=(0.95, 0.9, 1.0, 1.0), score=0.9), Car(box=(0.0, 0.0, 0.6, 0.5), score=0.8))
    monkeypatch.setattr(streets, "find_cars", lambda _photo: found)
    shares = {figure.what: (figure.value, figure.photos) for figure in streets.measure(tmp_path)}
    assert shares == {
        "the largest car is found": (1.0, 1),
        "the largest car is taken for the main one": (0.0, 1),
        "cars of under a quarter of the width: found": (1.0, 1),
        "cars of a quarter to a half of the width: found": (0.0, 1),
        "cars of over a half of the width: found": (1.0, 1),
    }


def test_no_car_without_photos_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_car, "FOLDER", tmp_path / ".no-car")
    with pytest.raises(SystemExit, match=r"run python -m benchmarks\.no_car_photos \.no-car first"):
        list(no_car.measure(tmp_path))


def test_the_wild_photos_lie_where_the_yardsticks_look(wild_photos: Path) -> None:
    assert all((wild_photos / "views" / name).is_dir() for name in seller.IN_SELLER)
    assert len(list((wild_photos / "views").glob(f"*/{views.ASKED}.jpg"))) == 99
    assert len(list((wild_photos / "views").glob("*/front.jpg"))) == 98
