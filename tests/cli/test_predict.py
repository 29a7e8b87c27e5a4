from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.client.client import Client
from kuzov.engine.recogniser import Recogniser
from tests.chaos.running import running
from tests.cli.conftest import Kuzov
from tests.cli.test_model import SAID

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

Run = Callable[..., subprocess.CompletedProcess[str]]

KEY = "anna-0123456789abcdef"


@pytest.fixture
def photos(synthetic_photos: Path) -> list[Path]:
    return sorted((synthetic_photos / "test").iterdir())


def test_a_line_a_photo(kuzov: Kuzov, model: Path, photos: list[Path]) -> None:
    done = kuzov("predict", *photos, "--model", model)
    assert (done.status, done.err) == (0, "")
    recogniser = Recogniser.load(model)
    expected = []
    for photo in photos:
        found = recogniser.predict(photo)
        names = {"hatchback": "Hatchback", "sedan": "Sedan", "suv": "SUV"}
        ranked = sorted(found.probabilities, key=found.probabilities.__getitem__, reverse=True)
        first, second, third = [f"{names[each]} {found.probabilities[each]:.1%}" for each in ranked]
        doubt = "none of these models, most like " if found.is_unknown else ""
        expected.append(f"{photo}: {doubt}{first}  ({second}, {third})")
    assert done.out.splitlines() == expected


def test_the_names_in_russian(kuzov: Kuzov, model: Path, photos: list[Path]) -> None:
    done = kuzov("predict", photos[2], "--model", model, "--language", "ru")
    assert done.status == 0
    assert f"{photos[2]}: " in done.out
    assert "Внедорожник " in done.out
    assert "Седан " in done.out
    assert "SUV" not in done.out


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "none of these models, most like "), ("ru", "ни одна из этих моделей, ")],
)
def test_an_unknown_car_is_told(
    kuzov: Kuzov, model: Path, tmp_path: Path, photos: list[Path], language: str, words: str
) -> None:
    from PIL import Image

    noise = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).save(noise)
    done = kuzov("predict", noise, photos[2], "--model", model, "--language", language)
    answers = [Recogniser.load(model).predict(photo) for photo in (noise, photos[2])]
    assert [words in line for line in done.out.splitlines()] == [answer.is_unknown for answer in answers]


def test_json_is_a_list_of_objects_in_the_order_given(
    kuzov: Kuzov, trained: TrainResult, photos: list[Path]
) -> None:
    done = kuzov("predict", "--json", *photos[::-1], "--model", trained.bundle)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("\n") == 1
    answers = json.loads(done.out)
    assert [answer["photo"] for answer in answers] == [str(photo) for photo in photos[::-1]]
    for answer in answers:
        assert list(answer) == ["photo", "label", "probability", "probabilities", "unknown", "is_unknown"]
        assert list(answer["probabilities"]) == ["hatchback", "sedan", "suv"]
        assert answer["probability"] == answer["probabilities"][answer["label"]]
        assert isinstance(answer["unknown"], float)
        assert isinstance(answer["is_unknown"], bool)
    assert [answer["label"] for answer in answers] == ["suv", "sedan", "hatchback"]


def test_a_broken_photo_is_named_and_the_others_answered(
    kuzov: Kuzov, model: Path, photos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    words = ("predict", photos[0], "broken.jpg", "none.jpg", photos[1], "--model", model)
    done = kuzov(*words)
    assert done.status == 1
    assert [line.split(": ")[0] for line in done.out.splitlines()] == [str(photos[0]), str(photos[1])]
    assert done.err.splitlines() == [
        "Error: broken.jpg: is broken or cut short; replace it with a whole copy of the photo",
        "Error: none.jpg: no such file; check the path",
    ]

    done = kuzov(*words, "--json")
    assert (done.status, done.err) == (1, "")
    answers = json.loads(done.out)
    assert [set(answer) for answer in answers[1:3]] == [{"photo", "error"}] * 2
    assert answers[1] == {
        "photo": "broken.jpg",
        "error": "is broken or cut short; replace it with a whole copy of the photo",
    }
    assert [answer["label"] for answer in (answers[0], answers[3])] == ["hatchback", "sedan"]


def test_a_fresh_install_answers(kuzov: Kuzov, photos: list[Path]) -> None:
    done = kuzov("predict", photos[2], "--json")
    assert (done.status, done.err) == (0, SAID)
    assert set(json.loads(done.out)[0]["probabilities"]) == {
        "bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110"
    }  # fmt: skip


def test_a_name_that_is_not_unicode(
    run_kuzov: Run, model: Path, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")  # as in a terminal
    strange = os.fsdecode(b"\xff.jpg")
    try:
        (tmp_path / strange).write_bytes(photos[2].read_bytes())
    except OSError:
        pytest.skip("This file system takes no names that are not Unicode.")
    done = run_kuzov("predict", strange, "--model", model, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["photo"] == strange
    done = run_kuzov("predict", strange, "--model", model)
    assert (done.returncode, done.stderr) == (0, "")
    assert "SUV" in done.stdout


def test_a_server_is_asked(
    kuzov: Kuzov, model: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def predict_many(client: Client, given: tuple[str, ...]) -> object:
        asked.append((client._url, given))
        return Recogniser.load(model).predict_many(given)

    monkeypatch.setattr(Client, "predict_many", predict_many)
    url = "http://127.0.0.1:1/v1/models/cars"
    done = kuzov("predict", *photos, "--url", url, "--json")
    assert (done.status, len(json.loads(done.out))) == (0, 3)
    assert asked == [(url, tuple(map(str, photos)))]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_server_is_told(kuzov: Kuzov, photos: list[Path], options: list[str]) -> None:
    done = kuzov("predict", photos[0], "--url", "http://127.0.0.1:1/v1/models/cars", *options)
    assert (done.status, done.out, done.err[:7], done.err.count("\n")) == (1, "", "Error: ", 1)


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the ready model on a server that wants a key."""
    folder = tmp_path_factory.mktemp("protected")
    keys = key_file(folder / "keys.txt", f"boris-0123456789abcdef\n{KEY}\n")
    with running(ready_model(), folder / "log", f"--api-key-file={keys}") as server:
        yield f"http://127.0.0.1:{server.rest_port}/v1/models/m"


def key_file(file: Path, content: str) -> Path:
    file.write_text(content)
    file.chmod(0o600)
    return file


def test_a_protected_server_answers_who_has_the_key_in_the_environment(
    kuzov: Kuzov, protected: str, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_API_KEY", KEY)
    done = kuzov("predict", photos[0], "--url", protected)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"{photos[0]}: ")


def test_a_file_of_keys_goes_before_the_environment(
    kuzov: Kuzov, protected: str, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_API_KEY", "another-0123456789abcdef")
    keys = key_file(tmp_path / "keys.txt", f"# the first is sent\n{KEY}\nnobodys-0123456789abcdef\n")
    done = kuzov("predict", photos[0], "--url", protected, "--api-key-file", keys)
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize(
    ("key", "complaint"),
    [("", "needs an API key"), ("another-0123456789abcdef", "does not know this API key")],
)
def test_a_protected_server_refuses_everyone_else(
    kuzov: Kuzov,
    protected: str,
    photos: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("KUZOV_API_KEY", key)
    done = kuzov("predict", *photos, "--url", protected)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"Error: The server at {protected} {complaint}. Put one that it knows into the environment variable "
        "KUZOV_API_KEY, or into a file and name that with --api-key-file.\n"
    )


def test_a_key_needs_a_server_to_go_to(kuzov: Kuzov, photos: list[Path], tmp_path: Path) -> None:
    keys = key_file(tmp_path / "keys.txt", KEY)
    done = kuzov("predict", photos[0], "--api-key-file", keys)
    assert (done.status, done.out) == (2, "")
    assert "--api-key-file is for a server; name it with --url." in done.err
