from pathlib import Path

import pytest

from kuzov.data.labelled import list_labelled
from kuzov.errors import DatasetError
from tests.errors import raises

CLASSES = ("qashqai", "vaz_2110")


def put(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())


def test_photos_are_listed_by_class_and_name(tmp_path: Path) -> None:
    put(tmp_path, "vaz_2110/2.JPG", "vaz_2110/1.png", "qashqai/1.webp", "classes.toml", "qashqai/.hidden.jpg")
    found = list_labelled(tmp_path, CLASSES)
    assert [(photo.label, photo.path.name) for photo in found.photos] == [
        ("qashqai", "1.webp"),
        ("vaz_2110", "1.png"),
        ("vaz_2110", "2.JPG"),
    ]
    assert (found.root, found.rejected) == (tmp_path, ())
    assert len({photo.digest for photo in found.photos}) == 3


def test_validation_alone_is_judged_where_it_lies_inside(tmp_path: Path) -> None:
    put(tmp_path, "train/qashqai/1.jpg", "validation/qashqai/2.jpg")
    found = list_labelled(tmp_path, CLASSES)
    assert found.root == tmp_path / "validation"
    assert [photo.path.name for photo in found.photos] == ["2.jpg"]


def test_what_is_no_photo_is_told(tmp_path: Path) -> None:
    put(tmp_path, "qashqai/1.jpg", "qashqai/notes.txt", "qashqai/more/2.jpg", "loose.jpg", "read.me")
    found = list_labelled(tmp_path, CLASSES)
    assert [photo.path.name for photo in found.photos] == ["1.jpg"]
    assert [Path(each.photo).name for each in found.rejected] == ["loose.jpg", "more", "notes.txt", "read.me"]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (
            "strange",
            "{0} has folders of classes that the model does not know: lada, vitara. "
            "It knows qashqai, vaz_2110; rename these folders or move them away.",
        ),
        ("gone", "There is no folder {0}; give one with a subfolder of photos a model."),
        ("1.jpg", "{0} is a file; give a folder with a subfolder of photos a model, or a zip of one."),
        (
            "empty",
            "There are no photos in the subfolders of {0}; put the photos of each model into a subfolder "
            "of its own, such as {0}/qashqai/1.jpg.",
        ),
    ],
)
def test_a_folder_that_can_not_be_judged_is_told(tmp_path: Path, asked: str, problem: str) -> None:
    put(tmp_path, "strange/qashqai/1.jpg", "strange/lada/1.jpg", "strange/vitara/1.jpg", "1.jpg")
    (tmp_path / "empty" / "qashqai").mkdir(parents=True)
    with raises(DatasetError, problem.format(tmp_path / asked)):
        list_labelled(tmp_path / asked, CLASSES)
