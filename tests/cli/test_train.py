from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kuzov import api
from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.synthetic import render_cars
from kuzov.training.succession import Succession
from kuzov.words import Words
from tests.cli.conftest import Kuzov

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, trained: TrainResult) -> list[dict[str, Any]]:
    """What `kuzov.train` is called with; it answers with what was trained before."""
    calls: list[dict[str, Any]] = []

    def train(photos: Path, out: Path, **options: Any) -> TrainResult:
        calls.append({"photos": photos, "out": out, **options})
        options["progress"]("embed", 0, 2)
        options["progress"]("embed", 2, 2)
        return trained

    monkeypatch.setattr(api, "train", train)
    return calls


def test_the_defaults(kuzov: Kuzov, calls: list[dict[str, Any]]) -> None:
    assert kuzov("train", "cars").status == 0
    assert [
        {key: value for key, value in call.items() if key not in ("found", "progress")} for call in calls
    ] == [
        {
            "photos": Path("cars"),
            "out": Path("models/img_classifier"),
            "config": TrainConfig(),
            "runs": Path("runs"),
            "shots": None,
            "fine_tune": False,
            "strict": False,
            "allow_leaks": False,
            "publish": False,
            "tensorboard": None,
        }
    ]


def test_the_options(kuzov: Kuzov, calls: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("seed = 1\n[fine_tune]\nepochs = 3\n")
    words = "train cars --out m --runs r --config run.toml --set fine_tune.epochs=4 --set seed=2 --seed 3"
    words += " --fine-tune --tensorboard logs --strict --allow-leaks --publish"
    assert kuzov(*words.split()).status == 0
    (call,) = calls
    assert call["config"] == TrainConfig(seed=3, fine_tune=FineTuneConfig(epochs=4))
    assert (call["out"], call["runs"], call["tensorboard"]) == (Path("m"), Path("r"), Path("logs"))
    assert call["fine_tune"] is call["strict"] is call["allow_leaks"] is call["publish"] is True
    assert kuzov("train", "cars", "--shots", "5").status == 0
    assert calls[1]["shots"] == 5


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--shots 0", "Error: Invalid value for '--shots': 0 is not in the range x>=1."),
        ("--shots 5 --fine-tune", "Error: --shots and --fine-tune can't go together; give one of them."),
    ],
)
def test_shots_used_wrongly(kuzov: Kuzov, calls: list[dict[str, Any]], words: str, error: str) -> None:
    done = kuzov("train", "cars", *words.split())
    assert (done.status, done.err.splitlines()[-1]) == (2, error)
    assert calls == []


def test_the_summary(kuzov: Kuzov, calls: list[dict[str, Any]], trained: TrainResult) -> None:
    done = kuzov("train", "cars")
    metrics = trained.metrics
    low, high = metrics["validation"]["interval"]
    lines = done.out.splitlines()
    unknown = sum(each["is_unknown"] and each["predicted"] == each["label"] for each in metrics["photos"])
    among = f", {unknown} of which it would call unknown" if unknown else ""
    assert lines[0] == (
        f"Validation         {metrics['validation']['right']} of 9 photos right{among}: "
        f"{metrics['validation']['accuracy']:.1%}, 95 % interval {low:.1%} to {high:.1%}"
    )
    folds = metrics["cross_validation"]
    assert lines[1] == (
        f"Cross-validation   {folds['mean']:.1%} ± {folds['std']:.1%} over 5 folds of all photos"
    )
    assert lines[3] == "Kept               a head on the frozen backbone"
    assert lines[5] == f"Bundle             {trained.bundle}"
    assert lines[6] == f"Report             {trained.run_folder / 'report.html'}"
    assert Path(lines[6].split()[1]).is_file()
    assert lines[7:] == [
        "Ask it             kuzov predict PHOTO",
        "Serve it           kuzov serve",
    ]
    assert done.err == ""


def test_the_time_is_what_the_user_has_waited(
    kuzov: Kuzov, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.cli.train.STARTED", 100.0)
    monkeypatch.setattr("kuzov.cli.train.time", SimpleNamespace(monotonic=lambda: 142.3))
    assert kuzov("train", "cars").out.splitlines()[4] == "Took               42 s"


def test_the_summary_in_russian(kuzov: Kuzov, calls: list[dict[str, Any]], trained: TrainResult) -> None:
    lines = kuzov("train", "cars", "--language", "ru").out.splitlines()
    right, ece = trained.metrics["validation"]["right"], trained.metrics["ece"]
    assert lines[0].startswith(f"Проверка           верно {right} из 9 фото: ")
    assert re.fullmatch(r"Перекрёстная       [0-9]+,[0-9]% ± [0-9]+,[0-9]% по 5 частям всех фото", lines[1])
    after = f"{ece['after']:.1%}".replace(".", ",")
    assert lines[2].endswith(f" до, {after} после, на отложенных фото")
    assert lines[3] == "Выбрано            выходной слой на замороженной основе"
    assert lines[5:] == [
        f"Папка модели       {trained.bundle}",
        f"Отчёт              {trained.run_folder / 'report.html'}",
        "Спросить           kuzov predict PHOTO",
        "Запустить сервер   kuzov serve",
    ]


def test_the_next_commands_are_as_they_have_to_be_typed(
    kuzov: Kuzov, calls: list[dict[str, Any]], synthetic_photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "my cars").symlink_to(synthetic_photos)
    lines = kuzov("train", "my cars", "--out", "my models/cars").out.splitlines()
    ask, serve = (shlex.split(line)[2:] for line in lines[-2:])
    assert ask[:2] == ["kuzov", "predict"]
    assert (tmp_path / ask[2]).is_file()
    assert ask[3:] == ["--model", "my models/cars"]
    assert serve == ["kuzov", "serve", "--model-base-path", "my models/cars"]


@pytest.mark.parametrize(("shots", "name"), [(1, "1 photo a model    "), (26, "26 photos a model  ")])
def test_the_summary_of_few_shots(
    kuzov: Kuzov, trained: TrainResult, monkeypatch: pytest.MonkeyPatch, shots: int, name: str
) -> None:
    few = {"shots": shots, "draws": 20, "mean": 0.9812, "std": 0.0123, "least": 0.95}
    result = replace(trained, metrics={**trained.metrics, "cross_validation": None, "shots": few})
    monkeypatch.setattr(api, "train", lambda *_, **__: result)
    printed = kuzov("train", "cars", "--shots", shots).out
    assert printed.splitlines()[1] == f"{name}98.1% ± 1.2% over 20 draws (least 95.0%)"
    assert "Cross-validation" not in printed


def test_a_version_that_is_kept_back_is_told_with_the_command_that_publishes_it(
    kuzov: Kuzov, trained: TrainResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    differs = Succession(former=Path("models/img_classifier/1"), lost=(Words("Niva", "Нива"),))
    result = replace(trained, bundle=Path("models/img_classifier/.unpublished/2"), succession=differs)
    monkeypatch.setattr(api, "train", lambda *_, **__: result)
    assert kuzov("train", "cars").err.splitlines() == [
        "Not published: the newest version there, models/img_classifier/1, knows Niva, which the new one "
        "does not. It is whole, and waits in models/img_classifier/.unpublished/2; nothing serves it.",
        "Publish it: kuzov publish models/img_classifier/.unpublished/2",
        "Or train with --publish, or into a model folder of its own with --out.",
    ]
    told = json.loads(kuzov("train", "cars", "--json").out)
    assert (told["published"], told["succession"]["lost"]) == (False, ["Niva"])
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert kuzov("train", "cars").err.startswith(
        "Не опубликовано: последняя версия, models/img_classifier/1, знает Нива"
    )


def test_json_is_one_object(kuzov: Kuzov, calls: list[dict[str, Any]], trained: TrainResult) -> None:
    done = kuzov("train", "cars", "--json")
    assert (done.out.count("\n"), done.err) == (1, "")
    assert json.loads(done.out) == trained.to_json()


def test_a_cache_that_can_not_be_written_is_told(
    kuzov: Kuzov, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cars = render_cars(tmp_path / "cars", classes=2, train=2, validation=1)
    (tmp_path / "file").touch()
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "file"))
    done = kuzov("train", cars)
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("Error: ")
