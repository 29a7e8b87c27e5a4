import subprocess
import sys
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from kuzov.report import charts
from kuzov.report.charts import draw_classes, draw_confusion, draw_reliability, draw_unknown
from kuzov.run_metrics import RunMetrics, TrainingMetrics
from tests.report.conftest import Metrics, Read


def training(run: RunMetrics) -> TrainingMetrics:
    assert isinstance(run, TrainingMetrics)
    return run


def draw_curves(run: RunMetrics) -> bytes:
    return charts.draw_curves(training(run))


def draw_learning_curve(run: RunMetrics) -> bytes:
    return charts.draw_learning_curve(training(run).learning_curve)


DRAW = (draw_curves, draw_confusion, draw_classes, draw_learning_curve, draw_reliability, draw_unknown)


def size(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        return image.size


@pytest.mark.slow
@pytest.mark.parametrize("draw", DRAW)
def test_a_picture_is_not_blank_and_the_same_each_time(
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], bytes]
) -> None:
    run = read(metrics)
    png = draw(run)
    with Image.open(BytesIO(png)) as image:
        assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 20
    assert png == draw(run)


def test_the_words_are_of_one_language(metrics: Metrics, read: Read) -> None:
    run = training(read(metrics))
    for draw in (charts.draw_curves, draw_confusion, draw_classes, draw_reliability, draw_unknown):
        assert draw(run, "en") != draw(run, "ru")
    curve = run.learning_curve
    assert charts.draw_learning_curve(curve, "en") != charts.draw_learning_curve(curve, "ru")


def test_fine_tuning_adds_a_row_of_curves(fine_tuned: Metrics, read: Read) -> None:
    with_epochs = size(draw_curves(read(fine_tuned)))
    fine_tuned["curves"]["fine_tune"] = None
    assert with_epochs[1] == 2 * size(draw_curves(read(fine_tuned)))[1]


SURE = {"confidence": 1.0, "accuracy": 1.0, "interval": [1.0, 1.0], "photos": 13}
ONE_CANDIDATE = {"inverse_regularisation": [3], "accuracy": [1.0], "log_loss": [0.1]}


@pytest.mark.parametrize(
    ("draw", "key", "value"),
    [
        (draw_curves, "curves", {"regularisation": ONE_CANDIDATE, "fine_tune": None}),
        (draw_learning_curve, "learning_curve", {"shots": [1], "mean": [1.0], "std": [0.0], "draws": 3}),
        (draw_reliability, "reliability", {"before": [SURE], "after": [SURE]}),
        (draw_confusion, "confusion", [[0, 0, 0], [0, 2, 1], [0, 0, 3]]),  # a class without photos
    ],
)
def test_a_single_point_is_drawn(
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], bytes], key: str, value: object
) -> None:
    assert draw(read(metrics | {key: value}))


def test_the_order_of_the_candidates_does_not_matter(metrics: Metrics, read: Read) -> None:
    sorted_png = draw_curves(read(metrics))
    for values in metrics["curves"]["regularisation"].values():
        values.reverse()
    assert draw_curves(read(metrics)) == sorted_png


def test_an_evaluation_has_one_reliability_diagram(evaluation: Metrics, read: Read) -> None:
    alone = size(draw_reliability(read(evaluation)))
    evaluation["reliability"]["before"] = evaluation["reliability"]["after"]
    assert alone[0] < size(draw_reliability(read(evaluation)))[0]


def test_unknown_scores_at_both_ends_are_drawn(metrics: Metrics, read: Read) -> None:
    for photo, unknown in zip(metrics["photos"], (0.0, 1.0), strict=False):
        photo["unknown"] = unknown
    ends = draw_unknown(read(metrics))
    metrics["photos"] = []
    assert draw_unknown(read(metrics)) != ends


def test_many_classes_get_room(many_classes: Metrics, read: Read) -> None:
    run = read(many_classes)
    # At least 12 pixels a class, or its name could not be read.
    assert min(size(draw_confusion(run))) > 30 * 12
    assert size(draw_classes(run))[1] > 30 * 12


@pytest.mark.slow
@pytest.mark.parametrize("names", [("$x^", "小米 🚗", "\udcff"), ("n" * 300, "", "b")])
@pytest.mark.parametrize("draw", DRAW)
def test_any_name_is_drawn(
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], bytes], names: tuple[str, str, str]
) -> None:
    for each, name in zip(metrics["classes"], names, strict=True):
        each["en"] = name
    assert max(size(draw(read(metrics)))) < 1200


def test_pyplot_stays_out() -> None:
    code = "import sys, kuzov.report.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
