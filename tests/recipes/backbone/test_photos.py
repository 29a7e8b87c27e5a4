from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import KuzovError
from recipes.backbone.photos import StanfordCars, load_stanford_cars


def test_photos_come_with_their_model_and_their_split(cars: StanfordCars) -> None:
    assert [pixels.shape for pixels in cars.pixels] == [(40, 60, 3)] * 30
    assert cars.names == ["Red Sedan 2012", "Green Wagon 2007", "Blue Coupe 1998"]
    assert cars.labels[:6].tolist() == [0, 1, 2, 0, 1, 2]
    assert cars.trains.sum() == 24
    assert cars.pixels[0][..., 0].mean() > 150 > cars.pixels[0][..., 1].mean()


def test_held_out_models_are_in_no_rows(cars: StanfordCars) -> None:
    rows = cars.rows(training=True, held_out=[1])
    assert len(rows) == 16
    assert set(cars.labels[rows]) == {0, 2}
    assert cars.trains[rows].all()


def test_a_folder_without_the_photos_is_named(tmp_path: Path) -> None:
    with pytest.raises(KuzovError, match=r"does not hold Stanford Cars: .*labels\.csv"):
        load_stanford_cars(tmp_path)
