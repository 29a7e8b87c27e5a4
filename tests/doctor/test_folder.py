from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.doctor.folder import list_folder
from kuzov.errors import DatasetError


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_class_folders(tmp_path: Path) -> None:
    folder = list_folder(make(tmp_path, "suv/2.jpg", "suv/1.PNG", "sedan/1.jpg", "classes.toml"))
    assert folder.sides == ("",)
    assert folder.classes == ("sedan", "suv")
    names = [(folder.name(photo.path), photo.label, photo.side) for photo in folder.photos]
    assert names == [("sedan/1.jpg", "sedan", ""), ("suv/1.PNG", "suv", ""), ("suv/2.jpg", "suv", "")]
    assert not folder.left_out


def test_both_sides_though_their_classes_differ(tmp_path: Path) -> None:
    folder = list_folder(make(tmp_path, "train/suv/1.jpg", "validation/sedan/1.jpg", "test/2.jpg"))
    assert folder.sides == ("train", "validation")
    assert folder.classes == ("sedan", "suv")
    assert [(photo.label, photo.side) for photo in folder.photos] == [
        ("suv", "train"),
        ("sedan", "validation"),
    ]


def test_loose_photos_alone_are_one_class(tmp_path: Path) -> None:
    folder = list_folder(make(tmp_path / "bmw_x5", "1.jpg", "2.jpg"))
    assert folder.classes == ("bmw_x5",)
    assert [photo.label for photo in folder.photos] == ["bmw_x5", "bmw_x5"]


def test_what_is_left_out(tmp_path: Path) -> None:
    folder = list_folder(make(tmp_path, "suv/1.jpg", "suv/notes.txt", "suv/more/2.jpg", "loose.jpg", "a.pdf"))
    assert {
        folder.name(Path(error.photo)): error.reason.split(";")[0].split(",")[0] for error in folder.left_out
    } == {
        "a.pdf": "is not a photo by its name",
        "loose.jpg": "lies beside the class folders",
        "suv/more": "is a folder inside a class folder",
        "suv/notes.txt": "is not a photo by its name",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("none", "There is no folder {root}/none; give one with a subfolder of photos a model."),
        (
            "1.jpg",
            "{root}/1.jpg is a file; give a folder with a subfolder of photos a model, or a zip of one.",
        ),
        (
            "empty",
            "There are no photos in the subfolders of {root}/empty; put the photos of each model into a "
            "subfolder of its own, such as {root}/empty/bmw_x5/1.jpg. Found there: suv holds 1 file, none a "
            "photo by its name: 1 .txt.",
        ),
    ],
)
def test_what_is_no_folder_of_photos(tmp_path: Path, name: str, text: str) -> None:
    make(tmp_path, "1.jpg", "empty/suv/notes.txt")
    with pytest.raises(DatasetError) as error:
        list_folder(tmp_path / name)
    assert str(error.value) == text.format(root=tmp_path)
