from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import KuzovError
from kuzov.records import ClassName
from kuzov.run_metrics import EvaluationMetrics, LearningCurve, TrainingMetrics, read_metrics
from tests.report.conftest import Metrics, Read


def test_a_run_is_read(metrics: Metrics, read: Read) -> None:
    run = read(metrics)
    assert isinstance(run, TrainingMetrics)
    assert run.classes[1] == ClassName(id="qashqai", en="Nissan Qashqai (J11)", ru="Ниссан Кашкай (J11)")
    assert run.validation.interval == (0.565, 0.98)
    assert run.confusion == ((3, 0, 0), (0, 2, 1), (0, 0, 3))
    assert run.per_class[1].photos == 3
    assert run.curves.fine_tune is None
    assert run.photos[4].predicted == "vaz_2110"
    assert run.data.rejected[0].photo == "train/vaz_2110/<битый>.jpg"
    # What an older version of kuzov did not write yet:
    assert (run.unknown_threshold, run.data.folder) == (0.5, None)


def test_an_evaluation_knows_nothing_of_the_training(evaluation: Metrics, read: Read) -> None:
    run = read(evaluation)
    assert isinstance(run, EvaluationMetrics)
    assert (run.ece.before, run.ece.after, run.reliability.before) == (None, 0.0123, ())
    assert (run.unknown_threshold, run.data.folder) == (0.4, "photos/validation")


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
        ("kept", "all", "Invalid enum value 'all' - at `$.kept`"),
        ("kind", "exam", "Invalid enum value 'exam' - at `$.kind`"),
        ("classes", [], "`classes` is empty"),
        ("confusion", [[1]], "not all of its lists have 3 elements"),
        ("versions", 3, "Expected `object`, got `int` - at `$.versions`"),
        ("validation.interval", [0.5], "Expected `array` of length 2, got 1 - at `$.validation.interval`"),
        ("validation.right", 2.5, "Expected `int`, got `float` - at `$.validation.right`"),
        ("validation.right", -1, "Expected `int` >= 0 - at `$.validation.right`"),
        ("learning_curve.std", [], "not all of its lists have 5 elements - at `$.learning_curve`"),
        ("reliability.after", None, "Expected `array`, got `null` - at `$.reliability.after`"),
        (
            "curves.regularisation.log_loss",
            [0.1],
            "not all of its lists have 5 elements - at `$.curves.regularisation`",
        ),
        ("ece", {"before": None}, "Object missing required field `after` - at `$.ece`"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    metrics: Metrics, read: Read, run_folder: Path, place: str, value: object, message: str
) -> None:
    *way, last = place.split(".")
    part = metrics
    for key in way:
        part = part[key]
    part[last] = value
    with pytest.raises(KuzovError) as caught:
        read(metrics)
    assert str(caught.value) == (
        f"{run_folder / 'metrics.json'} is not as kuzov writes it: {message}. "
        "Make it anew: kuzov train, kuzov evaluate."
    )


@pytest.mark.parametrize("foreign", [[], None, "metrics", {"accuracy": 0.9}])
def test_a_foreign_file(read: Read, foreign: object) -> None:
    with pytest.raises(KuzovError, match=r"metrics\.json is not as kuzov writes it: "):
        read(foreign)


@pytest.mark.parametrize("which", ["metrics", "evaluation", "few_shots", "fine_tuned"])
def test_what_is_written_is_read_again_and_more_columns_do_no_harm(
    request: pytest.FixtureRequest, read: Read, which: str
) -> None:
    run = read(request.getfixturevalue(which))
    assert read(run.to_json()) == run


@pytest.mark.parametrize(
    ("shots", "rise"),
    [
        ((1, 2, 3, 5, 10, 20), (4, 5)),  # from 10 to 20
        ((1, 2, 3, 5), (1, 3)),  # from 2 to 5
        ((1, 2, 3), (0, 2)),
        ((1, 2), (0, 1)),
        ((1,), None),
        ((), None),
    ],
)
def test_the_most_photos_are_compared_with_at_most_half(
    shots: tuple[int, ...], rise: tuple[int, int] | None
) -> None:
    zeros = (0.0,) * len(shots)
    assert LearningCurve(shots=shots, mean=zeros, std=zeros, draws=10).last_rise() == rise


def test_the_most_photos_are_compared_with_the_best_of_fewer() -> None:
    curve = LearningCurve(shots=(1, 2, 5, 10), mean=(0.8, 0.9, 0.7, 1.0), std=(0.1,) * 4, draws=10)
    assert curve.last_rise() == (1, 3)


def test_mistakes_are_the_surest_first_and_right_answers_the_least_sure(metrics: Metrics, read: Read) -> None:
    metrics["photos"][0] |= {"predicted": "qashqai", "probability": 0.9}
    metrics["photos"][1]["probability"] = 0.5
    run = read(metrics)
    assert [each.probability for each in run.mistakes] == [0.9, 0.6125]
    assert [each.probability for each in run.least_certain[:2]] == [0.5, 0.99]
    assert len(run.mistakes) + len(run.least_certain) == 9
    assert [each.photo for each in run.unknown_photos] == ["validation/vaz_2110/2.jpeg"]
