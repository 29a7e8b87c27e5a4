from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.cli.next_steps import next_steps


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL_NAME", "MODEL_BASE_PATH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def told(model: Path, *photos: str) -> list[str]:
    return [command.en for _, command in next_steps(model, map(Path, photos))]


@pytest.mark.parametrize(
    "model", ["models/img_classifier", "./models/img_classifier", "models/../models/img_classifier"]
)
def test_the_default_folder_needs_no_option(model: str) -> None:
    assert told(Path(model)) == ["kuzov predict PHOTO", "kuzov serve"]


def test_the_default_folder_by_its_whole_path(empty_folder: Path) -> None:
    assert told(empty_folder / "models" / "img_classifier") == ["kuzov predict PHOTO", "kuzov serve"]


@pytest.mark.parametrize(
    ("model", "typed"),
    [
        ("cars", "cars"),
        ("../cars", "../cars"),
        ("my cars", "'my cars'"),
        ("it's", """'it'"'"'s'"""),
        ("машины", "'машины'"),
        ("a$b", "'a$b'"),
    ],
)
def test_any_other_folder_is_named(model: str, typed: str) -> None:
    assert told(Path(model)) == [
        f"kuzov predict PHOTO --model {typed}",
        f"kuzov serve --model-base-path {typed}",
    ]


@pytest.mark.parametrize("name", ["MODEL_NAME", "MODEL_BASE_PATH"])
def test_the_server_takes_another_folder_where_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "cars")
    assert told(Path("models/img_classifier")) == [
        "kuzov predict PHOTO",
        "kuzov serve --model-base-path models/img_classifier",
    ]


def test_the_first_photo_that_is_there_is_asked_about(empty_folder: Path) -> None:
    (empty_folder / "my photos").mkdir()
    (empty_folder / "my photos" / "2.jpg").touch()
    (ask, _) = told(Path("models/img_classifier"), "my photos", "my photos/1.jpg", "my photos/2.jpg")
    assert ask == "kuzov predict 'my photos/2.jpg'"
