from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.doctor.cars import tell_cars
from kuzov.doctor.findings import Finding, Kind, Reason, Skipped
from kuzov.doctor.folder import list_folder
from kuzov.doctor.reading import read_photos
from kuzov.records import Box, Car
from tests.doctor.conftest import a_photo

ONE = Car(box=(0.1, 0.2, 0.9, 0.8), score=0.9)


def in_folder(photos: Path) -> list[Finding]:
    readable, _ = read_photos(list_folder(photos), lambda *_: None)
    findings, skipped = tell_cars(readable)
    assert not skipped
    return findings


def test_a_photo_without_a_car() -> None:
    findings, skipped = tell_cars([a_photo("suv/1.jpg", cars=[ONE]), a_photo("suv/2.jpg")])
    assert [(each.kind, each.photos) for each in findings] == [(Kind.NO_CAR, ("suv/2.jpg",))]
    assert not skipped


def test_where_most_show_no_car_it_can_not_tell() -> None:
    photos = [a_photo("suv/1.jpg", cars=[ONE]), a_photo("suv/2.jpg"), a_photo("suv/3.jpg")]
    assert tell_cars(photos) == ([], [Skipped(check=Kind.NO_CAR, reason=Reason.MOSTLY_WITHOUT_CARS)])


def test_a_second_car_that_may_be_meant() -> None:
    left, right = Car(box=(0.0, 0.2, 0.5, 0.8), score=0.9), Car(box=(0.5, 0.2, 1.0, 0.8), score=0.9)
    (found,), _ = tell_cars([a_photo("suv/1.jpg", cars=[left, right])])
    assert (found.kind, found.certainty, found.facts) == (Kind.SEVERAL_CARS, 1, {"prominence": 1})


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 0.1, 0.1),  # far behind
        (0.1, 0.1, 1.0, 0.7),  # the same car, framed differently
    ],
)
def test_another_car_that_is_not_meant(box: Box) -> None:
    assert tell_cars([a_photo("suv/1.jpg", cars=[ONE, Car(box=box, score=0.9)])]) == ([], [])


def test_a_car_too_small_to_learn_from() -> None:
    (found,), _ = tell_cars([a_photo("suv/1.jpg", cars=[Car(box=(0.5, 0.5, 0.6, 0.59), score=0.9)])])
    assert found.kind == Kind.SMALL_CAR
    assert found.facts == {"width": 69, "height": 47}  # of 640 and 480, with the margin of the cut-out


def test_drawn_cars_are_found(synthetic_photos: Path) -> None:
    assert not in_folder(synthetic_photos)


def test_in_real_photos_the_car_is_clear(real_photos: Path) -> None:
    assert not in_folder(real_photos)


def test_in_streets_it_is_not(wild_photos: Path) -> None:
    kinds = [finding.kind for finding in in_folder(wild_photos / "streets")]
    counted = [kinds.count(kind) for kind in (Kind.NO_CAR, Kind.SEVERAL_CARS, Kind.SMALL_CAR)]
    assert counted == pytest.approx([2, 16, 13], abs=1)  # processors round in their own way
