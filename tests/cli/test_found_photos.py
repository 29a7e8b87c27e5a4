from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.cli.found_photos import tell_dataset
from kuzov.data.dataset import Dataset, Photo


@pytest.fixture
def dataset() -> Dataset:
    """Three photos of a class to learn from, and one to judge by; of another class two and two."""

    def photos(**counts: int) -> tuple[Photo, ...]:
        return tuple(
            Photo(path=Path(f"{number}.jpg"), label=label, digest=f"{label}{number}")
            for label, count in counts.items()
            for number in range(count)
        )

    return Dataset(
        root=Path("cars"),
        classes=("kia", "vaz"),
        train=photos(kia=3, vaz=2),
        validation=photos(kia=1, vaz=2),
        rejected=(),
        passed_over=(),
    )


@pytest.mark.parametrize(
    ("shots", "told"),
    [
        (None, "Learning 2 classes from 5 photos, judged by 3 more:\n  kia  3 + 1\n  vaz  2 + 2\n"),
        (1, "Learning 2 classes from 2 photos, judged by 6 more:\n  kia  1 + 3\n  vaz  1 + 3\n"),
    ],
)
def test_what_is_learned_from_and_what_judges(
    dataset: Dataset, capsys: pytest.CaptureFixture[str], shots: int | None, told: str
) -> None:
    tell_dataset(dataset, shots=shots)
    assert capsys.readouterr().err == told
