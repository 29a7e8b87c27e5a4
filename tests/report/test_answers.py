from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kuzov.data.labelled import list_labelled
from kuzov.errors import DatasetError
from kuzov.report.answers import Subject, ask

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

Told = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def subject(trained: TrainResult) -> Subject:
    return Subject.load(trained.bundle.parent)


def test_a_photo_that_can_not_be_read_is_left_out(
    subject: Subject, synthetic_photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(synthetic_photos / "validation" / "suv", tmp_path / "suv")
    (tmp_path / "suv" / "2.jpg").write_bytes(b"no photo")
    told: Told = []
    answers = ask(subject, list_labelled(tmp_path, subject.classes), lambda *step: told.append(step))
    assert [photo.path.name for photo in answers.photos] == ["1.jpg", "3.jpg"]
    assert [Path(each.photo).name for each in answers.unreadable] == ["2.jpg"]
    assert told == [("ask", 0, 3), ("ask", 1, 3), ("ask", 2, 3), ("ask", 3, 3)]
    assert answers.labels(subject.classes).tolist() == [2, 2]
    turned = answers.probabilities(subject.classes[::-1])
    np.testing.assert_array_equal(turned[:, ::-1], answers.probabilities(subject.classes))
    assert answers.only(answers.photos[1:]).predictions == answers.predictions[1:]


def test_no_photo_that_can_be_read(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "suv").mkdir()
    (tmp_path / "suv" / "1.jpg").touch()
    with pytest.raises(DatasetError) as caught:
        ask(subject, list_labelled(tmp_path, subject.classes), lambda *_: None)
    photo = tmp_path / "suv" / "1.jpg"
    reason = "is empty; replace it with a whole copy of the photo"
    assert str(caught.value) == (f"The only photo in {tmp_path} can't be read: {photo}: {reason}.")
