"""What `kuzov train` makes of folders as people have them, and that `kuzov doctor` says the same."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov.data.dataset import Dataset
from kuzov.doctor.folder import list_folder
from kuzov.images.formats import EXTENSIONS
from kuzov.training.assignment import Assignment
from tests.cli.conftest import Kuzov
from tests.photo_folders import FOLDERS, PhotoFolder

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch, trained: TrainResult) -> list[Dataset]:
    """What is learned from, in place of learning."""
    datasets: list[Dataset] = []

    def run_training(assignment: Assignment) -> TrainResult:
        datasets.append(assignment.dataset)
        return trained

    monkeypatch.setattr("kuzov.training.pipeline.run_training", run_training)
    return datasets


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_each_folder_is_read_as_it_is_meant(
    kuzov: Kuzov, datasets: list[Dataset], tmp_path: Path, folder: PhotoFolder
) -> None:
    folder.make(tmp_path / "cars")
    done = kuzov("train", "cars")
    assert done.status == 0, done.err
    (dataset,) = datasets
    assert dataset.classes == ("kia", "vaz")
    if folder.judged:
        assert {photo.path.parts[1] for photo in dataset.validation} == {folder.judged}
        assert folder.judged not in {photo.path.parts[1] for photo in dataset.train}
        assert len(dataset.train) == 8
    else:
        assert len(dataset.train + dataset.validation) == 8
    told = done.err.splitlines()
    sides = [Counter(photo.label for photo in side) for side in (dataset.train, dataset.validation)]
    assert told[:3] == [
        f"Learning 2 classes from {len(dataset.train)} photos, judged by {len(dataset.validation)} more:",
        f"  kia  {sides[0]['kia']} + {sides[1]['kia']}",
        f"  vaz  {sides[0]['vaz']} + {sides[1]['vaz']}",
    ]
    assert sorted(told[3:]) == sorted(
        f"Left out: cars/{name}: {reason}" for name, reason in folder.left_out.items()
    )


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_the_doctor_reads_each_folder_likewise(tmp_path: Path, folder: PhotoFolder) -> None:
    found = list_folder(folder.make(tmp_path))
    assert found.classes == ("kia", "vaz")
    assert {found.name(Path(each.photo)): each.reason for each in found.left_out} == {
        name: str(reason) for name, reason in folder.left_out.items()
    }
    assert found.refusals == ()


def test_what_kuzov_writes_into_the_photos_is_no_class(
    kuzov: Kuzov, datasets: list[Dataset], tmp_path: Path
) -> None:
    FOLDERS["class folders"].make(tmp_path)
    for name in ("mine/cars", "log", "kia/out"):  # a training that was stopped leaves them empty
        (tmp_path / name).mkdir(parents=True)
    words = ["train", ".", "--out", "mine/cars", "--runs", "log"]
    done = kuzov(*words)
    assert done.status == 0, done.err
    assert "Left out: mine: holds models or runs of kuzov's, so it is no class" in done.err
    assert kuzov("train", ".", "--out", "kia/out", "--runs", "mine").err.count("Left out") == 2
    assert {each.classes for each in datasets} == {("kia", "vaz")}


def test_the_files_of_a_zip_are_named_as_they_lie_in_it(
    kuzov: Kuzov, datasets: list[Dataset], tmp_path: Path
) -> None:
    FOLDERS["class folders"].make(tmp_path / "cars")
    shutil.copy(tmp_path / "cars" / "kia" / "1.png", tmp_path / "cars" / "vaz" / "copy.png")
    for name in ("vaz/broken.png", "kia/notes.txt"):
        (tmp_path / "cars" / name).touch()
    shutil.make_archive("cars", "zip", tmp_path, "cars")
    done = kuzov("train", "cars.zip")
    assert done.status == 0, done.err
    assert [line for line in done.err.splitlines() if line.startswith("Left out")] == [
        "Left out: cars.zip/kia/1.png: lies in class vaz too; keep it in one class",
        "Left out: cars.zip/kia/notes.txt: is not a photo by its name; photos end in "
        f"{', '.join(EXTENSIONS)}",
        "Left out: cars.zip/vaz/broken.png: is empty; replace it with a whole copy of the photo",
        "Left out: cars.zip/vaz/copy.png: lies in class kia too; keep it in one class",
    ]
    assert [each.photo for each in datasets[0].rejected] == [
        f"cars.zip/{name}" for name in ("kia/1.png", "kia/notes.txt", "vaz/broken.png", "vaz/copy.png")
    ]
    done = kuzov("train", "cars.zip", "--strict", "--language", "ru")
    assert done.err.startswith("Ошибка: В cars.zip не годятся 4 файла; исправьте или уберите: cars.zip/kia/")


NO_PHOTOS = (
    "There are no photos in the subfolders of cars; put the photos of each model into a subfolder of its "
    "own, such as cars/bmw_x5/1.jpg."
)
REFUSED = {
    "a lone validation set": (
        "validation/{kia,vaz}/{1-4}.png",
        "cars has photos to judge by, in validation/, and none to learn from; put those into cars/train/, or "
        "give cars/validation to learn from it.",
    ),
    "one class": (
        "kia/{1-4}.png",
        "cars has only one class, kia; add a subfolder with photos of another model.",
    ),
    "one class beside a test set": (
        "kia/{1-4}.png test/{1-4}.png",
        "cars has only one class, kia; add a subfolder with photos of another model.",
    ),
    "a class of other files": (
        "kia/{1-4}.png vaz/{1-6}.AI",
        "cars has class folders without photos: vaz holds 6 files, none a photo by its name: 6 .AI. Add",
    ),
    "nothing but other files": (
        "kia/{1-4}.AI vaz/{1-2}.AI vaz/1.ai",
        f"{NO_PHOTOS} Found there: kia holds 4 files, none a photo by its name: 4 .AI; vaz "
        "holds 3 files, none a photo by its name: 2 .AI, 1 .ai.",
    ),
    "photos in no class": (
        "{1-3}.png",
        f"{NO_PHOTOS} Found there: 3 photos in no subfolder.",
    ),
    "classes one folder deeper": (
        "images/{kia,vaz}/{1-4}.png",
        f"{NO_PHOTOS} Found there: images holds folders of photos; if they are the classes, give "
        "cars/images itself.",
    ),
    "makes with models inside": (
        "kia/{rio,ceed}/{1-4}.png vaz/{2107,2110}/{1-4}.png",
        f"{NO_PHOTOS} Found there: kia holds folders of photos; if they are the classes, give cars/kia "
        "itself; vaz holds folders of photos; if they are the classes, give cars/vaz itself.",
    ),
}


@pytest.mark.parametrize(("files", "text"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_learned_from_is_told_with_what_is_there(
    kuzov: Kuzov, tmp_path: Path, files: str, text: str
) -> None:
    PhotoFolder(files=files).make(tmp_path / "cars")
    done = kuzov("train", "cars")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {text}")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("files", ["{1-3}.png", "kia/{1-4}.png", "kia/{1-4}.png vaz/1.AI"])
def test_the_doctor_says_why_train_refuses_a_folder(kuzov: Kuzov, tmp_path: Path, files: str) -> None:
    PhotoFolder(files=files).make(tmp_path / "cars")
    refused = kuzov("train", "cars").err.removeprefix("Error: ").strip()
    found = json.loads(kuzov("doctor", "cars", "--json").out)["findings"]
    assert [each["facts"]["en"] for each in found if each["kind"] == "refused"] == [refused]
