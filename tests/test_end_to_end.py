"""The main job as users do it: train, serve, ask, stop. Each step is a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzov.client.client import Client
from kuzov.engine.recogniser import Recogniser
from kuzov.records import Prediction
from tests.chaos.running import Server, running

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[1] / "examples" / "predict.py"

Run = Callable[..., subprocess.CompletedProcess[str]]


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.rest_port}/v1/models/m"


def ask_by_the_example(url: str, photos: list[Path]) -> list[str]:
    """The labels that examples/predict.py prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), *map(str, photos), "--url", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rsplit(": ", 1) for line in done.stdout.splitlines()]
    assert [photo for photo, _ in lines] == [str(photo) for photo in photos]
    return [answer.split()[0] for _, answer in lines]


def answers(client: Client | Recogniser, photos: list[Path]) -> list[Prediction]:
    found = list(client.predict_many(photos))
    assert all(isinstance(each, Prediction) for each in found), found
    return [each for each in found if isinstance(each, Prediction)]


def test_a_fresh_install_serves(synthetic_photos: Path, tmp_path: Path) -> None:
    with running(None, tmp_path / "log", "--model-name=m", cwd=tmp_path) as server:
        assert server.get("/v1/models/m")[1]["model_version_status"][0]["version"] == "1"
        (answer,) = answers(Client(url(server)), [synthetic_photos / "test" / "suv.jpg"])
        assert answer.names["vaz_2110"].ru == "ВАЗ-2110"
        maps = Path(f"/proc/{server.process.pid}/maps")
        assert not maps.exists() or "/site-packages/tensorflow/" not in maps.read_text()


def test_train_serve_ask_stop(run_kuzov: Run, synthetic_photos: Path, tmp_path: Path) -> None:
    empty = shutil.copytree(synthetic_photos, tmp_path / "cars") / "train" / "suv" / "9.jpg"
    empty.touch()
    done = run_kuzov("train", "cars", "--out", "models/cars", "--json")
    assert done.returncode == 0, done.stderr
    left_out = empty.relative_to(tmp_path)
    assert f"Left out: {left_out}: is empty; replace it with a whole copy of the photo\n" in done.stderr
    printed = json.loads(done.stdout)
    assert set(printed) == {
        "bundle", "published", "succession", "validation", "cross_validation", "shots", "ece", "seconds",
        "kept", "run",
    }  # fmt: skip
    assert printed["validation"]["total"] == 9
    assert printed["validation"]["right"] >= 8
    assert (tmp_path / printed["run"] / "report.html").is_file()

    photos = sorted((synthetic_photos / "test").iterdir())
    with running(tmp_path / "models" / "cars", tmp_path / "log") as server:
        version = Path(printed["bundle"]).name
        assert server.states() == {int(version): "AVAILABLE"}
        assert server.get("/v1/models/m/metadata")[1]["model_spec"]["version"] == version
        asked = answers(Client(url(server)), photos)
        assert [each.label for each in asked] == ["hatchback", "sedan", "suv"]
        here = answers(Recogniser.load(tmp_path / "models" / "cars"), photos)
        for there, local in zip(asked, here, strict=True):
            assert there.names == local.names
            # The client sends the photo as another JPEG.
            assert dict(there.probabilities) == pytest.approx(dict(local.probabilities), abs=0.1)
        assert ask_by_the_example(url(server), photos) == ["hatchback", "sedan", "suv"]
        by_command = run_kuzov("predict", *photos, "--url", url(server), "--json")
        assert [each["label"] for each in json.loads(by_command.stdout)] == ["hatchback", "sedan", "suv"]
        assert server.stop() == 0


def test_the_real_photos(run_kuzov: Run, real_photos: Path, tmp_path: Path) -> None:
    done = run_kuzov("train", real_photos, "--out", "models/cars", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["validation"]["total"] == 45
    assert printed["validation"]["right"] >= 44

    photos = sorted(
        file for file in (real_photos / "validation").rglob("*.*") if not file.name.startswith(".")
    )
    truth = [photo.parent.name for photo in photos]
    with running(tmp_path / "models" / "cars", tmp_path / "log") as server:
        asked = answers(Client(url(server)), photos)
        assert len(asked) == 45
        assert sum(each.label == label for each, label in zip(asked, truth, strict=True)) >= 44
        assert asked[0].names["bmw_x5"].ru == "БМВ X5 (E70)"
        assert ask_by_the_example(url(server), photos[::9]) == [each.label for each in asked[::9]]
        assert server.stop() == 0
