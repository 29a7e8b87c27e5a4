from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.data.folder_names import NO_CLASS_NAME, SYSTEM_FOLDER, set_of, set_order, why_no_class_name

SETS = {
    "train": [
        "train",
        "Train",
        "TRAINING",
        "train_set",
        "training set",
        "train-images",
        "train2017",
        "traindata",
    ],
    "validation": [
        "validation",
        "val",
        "VAL",
        "Valid",
        "dev",
        "eval",
        "Evaluation",
        "val_images",
        "valid set",
    ],
    "test": ["test", "TEST", "tests", "testing", "test set", "Test_Data", "test2017"],
}
CARS = [
    "bmw_x5",
    "Лада Гранта",
    "Tesla Model 3",
    "model s",
    "Valiant",
    "Dever",
    "trainer",
    "Testarossa",
    "Ceed",
]


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for kind, names in SETS.items() for name in names])
def test_a_set_is_told_by_its_name(name: str, kind: str) -> None:
    assert set_of(name) == kind
    assert why_no_class_name(name) == NO_CLASS_NAME


@pytest.mark.parametrize("name", CARS)
def test_cars_are_classes(name: str) -> None:
    assert set_of(name) is None
    assert why_no_class_name(name) is None


@pytest.mark.parametrize(
    "name", ["System Volume Information", "__MACOSX", "@eaDir", "@tmp", "$Recycle.Bin", "~tmp"]
)
def test_folders_of_the_system_are_none(name: str) -> None:
    assert why_no_class_name(name) == SYSTEM_FOLDER


@pytest.mark.parametrize("name", ["images", "MODELS", "runs", "Фотографии", "data", "thumbnails", "labels"])
def test_what_folders_but_no_cars_are_called_is_no_class(name: str) -> None:
    assert why_no_class_name(name) == NO_CLASS_NAME


def test_of_several_validation_sets_the_plainest_name_comes_first() -> None:
    names = ["val_images", "Eval", "dev", "Val", "validation"]
    assert sorted(names, key=set_order) == ["validation", "Val", "Eval", "dev", "val_images"]


def test_no_name_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kia" / "1").mkdir(parents=True)
    (tmp_path / "kia" / "1" / "saved_model.pb").touch()
    monkeypatch.chdir(tmp_path)
    assert why_no_class_name("kia") is None
