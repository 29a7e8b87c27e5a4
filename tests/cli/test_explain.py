from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from kuzov.cli.explain import METHODS as OFFERED
from kuzov.explain.explainer import Explainer
from kuzov.explain.methods import METHODS, OF_FEATURE_MAPS, OF_PIXELS
from kuzov.explain.pictures import overlay, read_part
from tests.cli.conftest import Kuzov

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def suv(synthetic_photos: Path) -> Path:
    return synthetic_photos / "test" / "suv.jpg"


@pytest.mark.slow
def test_a_picture_is_written(kuzov: Kuzov, model: Path, suv: Path, tmp_path: Path) -> None:
    done = kuzov("explain", suv, "--out", "heat.png", "--model", model)
    expected = Explainer.load(model).explain(suv)
    assert (done.status, done.err) == (0, "")
    doubt = "none of these models, most like " if expected.prediction.is_unknown else ""
    doubt = "perhaps " if expected.prediction.is_doubtful else doubt
    probability = f"{expected.prediction.probability:.1%}"
    assert done.out == f"{suv}: {doubt}SUV {probability}, explained by layer-cam in heat.png\n"
    told = kuzov("explain", suv, "--out", "heat.png", "--model", model, "--language", "ru").out
    assert f"Внедорожник {probability.replace('.', ',')}, объяснено (layer-cam) в heat.png\n" in told
    with Image.open(tmp_path / "heat.png") as found:
        assert found.format == "PNG"
        assert found.tobytes() == overlay(read_part(suv, expected.part.box), expected.heat).tobytes()


@pytest.mark.slow
def test_json_is_one_object_and_tensorflow_keeps_silent(
    run_kuzov: Run, model: Path, suv: Path, tmp_path: Path
) -> None:
    options = ("--class", "sedan", "--method", "gradient", "--side-by-side", "--json")
    done = run_kuzov("explain", suv, "--out", "new/heat.webp", "--model", model, *options)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert set(answer["probabilities"]) == {"hatchback", "sedan", "suv"}
    assert {key: answer[key] for key in ("photo", "label", "explained", "method", "out")} == {
        "photo": str(suv), "label": "suv", "explained": "sedan", "method": "gradient", "out": "new/heat.webp"
    }  # fmt: skip
    with Image.open(tmp_path / "new" / "heat.webp") as found:
        assert (found.format, found.width > 3 * found.height) == ("WEBP", True)


def test_the_methods_are_those_of_the_library() -> None:
    assert METHODS == OFFERED


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["{suv}", "--out", "heat.gif"],
            "A picture can't be written to heat.gif: its name must end in .png, .jpg, .jpeg, .webp.",
        ),
        (["none.jpg", "--out", "heat.png"], "none.jpg: no such file; check the path"),
        ([".", "--out", "heat.png"], ".: is a folder, not a photo; give the path of one photo"),
        (
            ["{suv}", "--out", "heat.png", "--class", "lada"],
            "The model knows no class 'lada'; it knows hatchback, sedan, suv.",
        ),
        (
            ["{suv}", "--out", "heat.png", "--model", "models"],
            "There is no model folder models. Train one: kuzov train PHOTOS --out models",
        ),
        (["copy.jpg", "--out", "copy.jpg"], "copy.jpg is the photo itself; give the picture another name."),
    ],
)
def test_an_error_is_one_sentence(
    kuzov: Kuzov, model: Path, suv: Path, tmp_path: Path, words: list[str], error: str
) -> None:
    (tmp_path / "copy.jpg").write_bytes(suv.read_bytes())
    named = [] if "--model" in words else ["--model", model]
    done = kuzov("explain", *(word.format(suv=suv) for word in words), *named)
    assert (done.status, done.out, done.err) == (1, "", f"Error: {error}\n")
    assert [file.name for file in tmp_path.iterdir()] == ["copy.jpg"]
    assert (tmp_path / "copy.jpg").read_bytes() == suv.read_bytes()


@pytest.mark.parametrize("method", OF_FEATURE_MAPS)
def test_the_base_install_will_do(
    kuzov: Kuzov, model: Path, suv: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    for package in ("tensorflow", "keras", "matplotlib", "scipy", "sklearn"):
        monkeypatch.setitem(sys.modules, package, None)
    done = kuzov("explain", suv, "--out", "heat.png", "--model", model, "--method", method)
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("method", OF_PIXELS)
def test_a_missing_extra_is_told(
    kuzov: Kuzov, model: Path, suv: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    done = kuzov("explain", suv, "--out", "heat.png", "--model", model, "--method", method)
    assert (done.status, done.out, done.err) == (
        1,
        "",
        f"Error: The method {method} needs packages that are not installed. Install them with: "
        "pip install 'kuzov[fine-tune]'\n",
    )
