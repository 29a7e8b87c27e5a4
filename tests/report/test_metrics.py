from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kuzov.errors import KuzovError
from kuzov.records import ClassName
from kuzov.report.metrics import read_metrics
from kuzov.report.records import RunMetrics, Training

Read = Callable[[object], RunMetrics]


def training(run: RunMetrics) -> Training:
    assert run.training is not None
    return run.training


def test_a_run_is_read(metrics: dict[str, Any], read: Read) -> None:
    run = read(metrics)
    assert run.classes[1] == ClassName(id="qashqai", en="Nissan Qashqai (J11)", ru="Ниссан Кашкай (J11)")
    assert run.validation.interval == (0.565, 0.98)
    assert run.confusion == ((3, 0, 0), (0, 2, 1), (0, 0, 3))
    assert run.per_class[1].photos == 3
    assert training(run).fine_tune is None
    assert run.photos[4].predicted == "vaz_2110"
    assert run.data.rejected == (("train/vaz_2110/<битый>.jpg", "it is not an image"),)


def test_the_learning_curve_and_the_bins_are_read(metrics: dict[str, Any], read: Read) -> None:
    run = read(metrics)
    curve = training(run).learning_curve
    assert (curve.shots, curve.draws) == ((1, 2, 3, 5, 10), 10)
    assert run.reliability.after[0].interval == (0.67, 0.99)
    assert [each.confidence for each in run.reliability.before] == [0.41, 0.72, 0.95]


def test_a_run_of_few_shots_has_no_cross_validation(few_shots: dict[str, Any], read: Read) -> None:
    run = training(read(few_shots))
    assert run.cross_validation is None
    assert run.shots is not None
    assert (run.shots.shots, run.shots.photos, run.shots.least) == (5, 72, 0.733)


def test_fine_tuning_is_read_and_more_columns_do_no_harm(fine_tuned: dict[str, Any], read: Read) -> None:
    curve = training(read(fine_tuned)).fine_tune
    assert curve is not None
    assert curve.val_loss == (0.6, 0.5, 0.45)


def test_a_run_of_an_older_version_is_read(metrics: dict[str, Any], read: Read) -> None:
    run = read(metrics)
    assert (run.unknown_threshold, run.data.folder, run.data.learned_from) == (0.5, None, False)


def test_an_evaluation_knows_nothing_of_the_training(evaluation: dict[str, Any], read: Read) -> None:
    run = read(evaluation)
    assert run.training is None
    assert (run.ece.before, run.ece.after, run.reliability.before) == (None, 0.0123, ())
    assert (run.unknown_threshold, run.data.folder) == (0.4, Path("photos/validation"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KuzovError) as caught:
        read_metrics(tmp_path)
    assert str(caught.value) == f"The run folder {tmp_path} has no metrics.json: No such file or directory."


@pytest.mark.parametrize("content", [b"{", b"\xff{}"])
def test_a_file_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(KuzovError, match=r"metrics\.json is not valid JSON: "):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("kept", "all", 'kept is "all"; it must be head or fine-tuned.'),
        ("kind", "exam", 'kind is "exam"; it must be training or evaluation.'),
        ("classes", [], "classes is []; it must be a list of at least one."),
        ("confusion", [[1]], "confusion is [[1]]; it must be a list of 3, one for each class."),
        ("versions", 3, "versions is 3; it must be an object."),
        ("validation.interval", [0.5], "validation.interval is [0.5]; it must be a list of two numbers."),
        ("validation.right", "8", 'validation.right is "8"; it must be a number.'),
        (
            "learning_curve.std",
            [],
            "learning_curve.std is []; it must be a list of 5 numbers, as long as the others of its curve.",
        ),
        ("reliability.after", None, "reliability.after is null; it must be a list."),
        (
            "curves.regularisation.log_loss",
            [0.1],
            "curves.regularisation.log_loss is [0.1]; "
            "it must be a list of 5 numbers, as long as the others of its curve.",
        ),
    ],
)
def test_a_broken_field_is_named(
    metrics: dict[str, Any], read: Read, run_folder: Path, place: str, value: object, message: str
) -> None:
    *way, last = place.split(".")
    part = metrics
    for key in way:
        part = part[key]
    part[last] = value
    with pytest.raises(KuzovError) as caught:
        read(metrics)
    assert str(caught.value) == f"{run_folder / 'metrics.json'}: {message}"


def test_a_missing_field_is_named(metrics: dict[str, Any], read: Read, run_folder: Path) -> None:
    del metrics["ece"]["after"]
    with pytest.raises(KuzovError) as caught:
        read(metrics)
    assert str(caught.value) == f"{run_folder / 'metrics.json'} has no field ece.after."
