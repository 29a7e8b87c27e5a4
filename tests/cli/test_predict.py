from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from kuzov.atlas.names import car_models, display_name
from kuzov.bundle.card import Card
from kuzov.bundle.ready import ready_model
from kuzov.cars import detector
from kuzov.client.client import Client
from kuzov.engine.recogniser import Recogniser
from kuzov.records import Prediction
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
        doubt = "perhaps " if found.is_doubtful else doubt
        expected.append(f"{photo}: {doubt}{first}  ({second}, {third})")
    assert done.out.splitlines() == expected


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Left out 2 files that are no photos by the endings of their names: .cr2, .tif."),
        ("ru", "Не взяты 2 файла, судя по окончаниям имён, не фотографии: .cr2, .tif."),
    ],
)
def test_what_is_left_out_of_a_folder_is_told(
    kuzov: Kuzov, photos: list[Path], tmp_path: Path, language: str, told: str
) -> None:
    (tmp_path / "cars" / "more").mkdir(parents=True)
    for name in ("a.tif", "more/b.CR2"):
        (tmp_path / "cars" / name).touch()
    (tmp_path / "cars" / "c.jpg").symlink_to(photos[0])
    done = kuzov("predict", "cars", "--language", language)
    assert (done.status, done.out.count("\n"), done.err.splitlines()[-1]) == (0, 1, told)


def test_the_names_in_russian(kuzov: Kuzov, model: Path, photos: list[Path]) -> None:
    done = kuzov("predict", photos[2], "--model", model, "--language", "ru")
    assert done.status == 0
    assert f"{photos[2]}: " in done.out
    assert "Внедорожник " in done.out
    assert "Седан " in done.out
    assert "SUV" not in done.out


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A photo without a car."""
    file = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).save(file)
    return file


@pytest.mark.parametrize(
    ("language", "words", "no_car"),
    [
        ("en", "none of these models", "no car found; the whole photo: "),
        ("ru", "ни одна из этих моделей", "машина не найдена; всё фото: "),
    ],
)
def test_an_unknown_car_and_none_at_all_are_told(
    kuzov: Kuzov, model: Path, noise: Path, photos: list[Path], language: str, words: str, no_car: str
) -> None:
    done = kuzov("predict", noise, photos[2], "--model", model, "--language", language)
    answers = [Recogniser.load(model).predict(photo) for photo in (noise, photos[2])]
    assert [words in line for line in done.out.splitlines()] == [answer.is_unknown for answer in answers]
    assert [f": {no_car}" in line for line in done.out.splitlines()] == [True, False]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "none of these models; looks like Renault 4 hatchback (1961–1994), 71%"),
        ("ru", "ни одна из этих моделей; похоже на Рено 4, хэтчбек (1961–1994), 71%"),
    ],
)
def test_what_a_stranger_looks_like_is_told(
    kuzov: Kuzov, model: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    def stranger(self: Card, *args: Any, **kwargs: Any) -> Prediction:
        alike = {**kwargs, "alike": ("renault_4", 0.71)}
        return prediction(replace(self, unknown_threshold=-1.0), *args, **alike)

    prediction = Card.prediction
    monkeypatch.setattr(Card, "prediction", stranger)
    done = kuzov("predict", photos[0], "--model", model, "--language", language)
    assert done.out == f"{photos[0]}: {words}\n"


def test_the_atlas_answers_alone(kuzov: Kuzov, photos: list[Path]) -> None:
    done = kuzov("predict", "--json", "--atlas", photos[0])
    (found,) = json.loads(done.out)
    assert list(found["probabilities"]) == list(car_models())
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert found["look_alike"] is None
    kuzov_json = Recogniser.atlas().predict(photos[0])
    assert kuzov_json.label == found["label"]
    assert kuzov_json.names[found["label"]] == display_name(found["label"])


@pytest.mark.parametrize("other", [["--model", "m"], ["--url", "http://127.0.0.1:1/v1/models/m"]])
def test_the_atlas_is_a_model_of_its_own(kuzov: Kuzov, photos: list[Path], other: list[str]) -> None:
    done = kuzov("predict", "--atlas", photos[0], *other)
    assert done.status == 2
    assert "--atlas is a model of its own; it can't go with --model or --url." in done.err


def test_each_car_has_a_line_with_its_box(kuzov: Kuzov, model: Path, street: Path, noise: Path) -> None:
    done = kuzov("predict", street, noise, "--model", model, "--all-cars", "--least-car-px", "1")
    assert (done.status, done.err) == (0, "")
    found = Recogniser.load(model).predict_cars(street)
    first, second, third = done.out.splitlines()
    for line, answer in zip((first, second), found, strict=True):
        assert answer.car is not None
        box = " ".join(f"{side:.3f}" for side in answer.car.box)
        assert line.startswith(f"{street} [{box}]: ")
        assert {"hatchback": "Hatchback ", "suv": "SUV "}[answer.label] in line
        assert "too small" not in line
    assert third.startswith(f"{noise}: no car found; the whole photo: ")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ", too small to be sure of"), ("ru", ", слишком мала, чтобы быть уверенным")],
)
def test_a_small_car_is_told(kuzov: Kuzov, model: Path, street: Path, language: str, words: str) -> None:
    options = ("--all-cars", "--least-car-px", "300", "--language", language)
    done = kuzov("predict", street, "--model", model, *options)
    assert [line.endswith(words) for line in done.out.splitlines()] == [True, True]
    done = kuzov("predict", street, "--model", model, *options, "--json")
    assert [answer["car"]["small"] for answer in json.loads(done.out)] == [True, True]


def test_of_forty_cars_eight_are_told(
    kuzov: Kuzov, model: Path, street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.array([[x, 0, x + 0.1, 0.1] for x in np.linspace(0, 0.9, 5)] * 8, np.float32)
    rows[:, 1::2] += np.repeat(np.linspace(0, 0.9, 8), 5)[:, np.newaxis].astype(np.float32)
    outputs = {"boxes": rows[np.newaxis], "scores": np.full((1, 40), 0.9, np.float32)}
    monkeypatch.setattr("kuzov.cars.detector.load_detector", lambda: lambda _: outputs)
    done = kuzov("predict", street, "--model", model, "--all-cars", "--json")
    assert (done.status, len(json.loads(done.out))) == (0, 8)
    assert done.err == f"{street}: these are the 8 surest cars; there may be more.\n"


def test_the_whole_photo_is_asked_about(kuzov: Kuzov, model: Path, photos: list[Path]) -> None:
    done = kuzov("predict", photos[0], "--model", model, "--whole-photo", "--json")
    [answer] = json.loads(done.out)
    assert (answer["car"], answer["no_car"]) == (None, False)
    assert answer == Recogniser.load(model).predict(photos[0], whole_photo=True).to_json()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--whole-photo", "--all-cars"], "--whole-photo and --all-cars can't go together."),
        (["--least-car-px", "48"], "--least-car-px has no effect without --all-cars; add it."),
        (
            ["--whole-photo", "--url", "http://127.0.0.1:1/v1/models/cars"],
            "A server looks for the car itself; --whole-photo is for a model that is here, as by --model.",
        ),
    ],
)
def test_what_does_not_go_together(kuzov: Kuzov, photos: list[Path], options: list[str], told: str) -> None:
    done = kuzov("predict", photos[0], *options)
    assert (done.status, done.out) == (2, "")
    assert told in " ".join(done.err.split())


def test_a_model_of_the_first_form_answers_as_it_was_made(
    kuzov: Kuzov, old_bundle: Path, street: Path
) -> None:
    [answer] = json.loads(kuzov("predict", street, "--model", old_bundle, "--json").out)
    assert (answer["car"], answer["no_car"]) == (None, False)
    done = kuzov("predict", street, "--model", old_bundle, "--all-cars")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "Error: This model was made by an older kuzov: it is shown the middle of a photo, and tells no car "
        "from another. Train it anew to ask about all cars.\n"
    )


def test_a_detector_that_is_missing_is_told(
    kuzov: Kuzov, model: Path, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "NETWORK", tmp_path / "detector.xml")
    monkeypatch.setattr(detector, "_load", detector._load.__wrapped__)
    done = kuzov("predict", photos[0], "--model", model)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(
        f"Error: The detector of cars, {tmp_path}/detector.xml, can't be loaded; install kuzov anew: "
    )


def test_a_server_tells_the_same_of_each_car(
    kuzov: Kuzov, model: Path, street: Path, noise: Path, photos: list[Path], tmp_path: Path
) -> None:
    small = tmp_path / "small.jpg"
    Image.open(photos[0]).save(small, quality=95)  # upright, small, RGB: it is sent as it is
    Image.open(street).save(tmp_path / "street.jpg", quality=95)
    asked = (small, tmp_path / "street.jpg")
    with running(model, tmp_path / "log") as server:
        url = f"http://127.0.0.1:{server.rest_port}/v1/models/m"
        for options in ([], ["--all-cars", "--least-car-px", "100"]):
            here = json.loads(kuzov("predict", *asked, "--model", model, "--json", *options).out)
            there = json.loads(kuzov("predict", *asked, "--url", url, "--json", *options).out)
            assert len(here) == len(there) == (3 if options else 2)
            for one, other in zip(here, there, strict=True):
                for numbers in ("probabilities", "car"):
                    first, second = one.pop(numbers), other.pop(numbers)
                    assert first.pop("box", None) == pytest.approx(second.pop("box", None), abs=1e-5)
                    assert first == pytest.approx(second, abs=1e-2)
                assert one.pop("unknown") == pytest.approx(other.pop("unknown"), abs=1e-2)
                assert one.pop("probability") == pytest.approx(other.pop("probability"), abs=1e-2)
                assert one == other
        [answer] = json.loads(kuzov("predict", noise, "--url", url, "--json", "--all-cars").out)
        assert (answer["no_car"], answer["car"]) == (True, None)


def test_json_is_a_list_of_objects_in_the_order_given(
    kuzov: Kuzov, trained: TrainResult, photos: list[Path]
) -> None:
    done = kuzov("predict", "--json", *photos[::-1], "--model", trained.bundle)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("\n") == 1
    answers = json.loads(done.out)
    assert [answer["photo"] for answer in answers] == [str(photo) for photo in photos[::-1]]
    for answer in answers:
        assert list(answer) == [
            "photo", "label", "probability", "probabilities", "unknown", "is_unknown", "is_doubtful",
            "look_alike", "no_car", "car", "note",
        ]  # fmt: skip
        assert (answer["no_car"], len(answer["car"]["box"])) == (False, 4)
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

    def predict(client: Client, photo: Path, *, name: str) -> object:
        asked.append((client._url, name))
        return Recogniser.load(model).predict(photo)

    monkeypatch.setattr(Client, "predict", predict)
    url = "http://127.0.0.1:1/v1/models/cars"
    done = kuzov("predict", *photos, "--url", url, "--json")
    assert (done.status, len(json.loads(done.out))) == (0, 3)
    assert asked == [(url, str(photo)) for photo in photos]


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
