import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from kuzov.report import charts
from kuzov.report.charts import draw_classes, draw_confusion, draw_reliability, draw_unknown
from kuzov.report.drawing import alone
from kuzov.run_metrics import RunMetrics, TrainingMetrics
from tests.report.conftest import Metrics, Read


def training(run: RunMetrics) -> TrainingMetrics:
    assert isinstance(run, TrainingMetrics)
    return run


def draw_curves(run: RunMetrics) -> str:
    return charts.draw_curves(training(run))


def draw_learning_curve(run: RunMetrics) -> str:
    return charts.draw_learning_curve(training(run).learning_curve)


DRAW = (draw_curves, draw_confusion, draw_classes, draw_learning_curve, draw_reliability, draw_unknown)


def size(svg: str) -> tuple[float, float]:
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return float(root.attrib["width"]), float(root.attrib["height"])


def words(svg: str) -> list[str]:
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(each.itertext()) for each in found]


def marks(svg: str, kind: str) -> list[dict[str, str]]:
    return [each.attrib for each in ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{kind}")]


@pytest.mark.parametrize("draw", DRAW)
def test_a_drawing_is_whole_and_all_of_it_lies_inside(
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], str]
) -> None:
    svg = draw(read(metrics))
    width, height = size(svg)
    places = [tuple(map(float, pair)) for pair in re.findall(r"([-\d.]+),([-\d.]+)", svg)]
    places += [
        (float(each["x"]), float(each["y"]))
        for each in marks(svg, "text") + marks(svg, "rect")
        if "x" in each
    ]
    assert len(places) > 10
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert svg == draw(read(metrics))


def test_words_stand_in_both_languages_of_which_a_page_shows_one(metrics: Metrics, read: Read) -> None:
    svg = draw_unknown(read(metrics))
    assert '<tspan lang="en">threshold</tspan><tspan lang="ru">порог</tspan>' in svg
    assert "[lang=ru] { display: none; }" in alone(svg)
    assert size(alone(svg)) == size(svg)


def test_a_confusion_matrix_tells_its_counts(metrics: Metrics, read: Read) -> None:
    counts = [str(count) for row in metrics["confusion"] for count in row]
    assert [each for each in words(draw_confusion(read(metrics))) if each.isdigit()] == counts


def test_bars_are_as_long_as_the_scores(metrics: Metrics, read: Read) -> None:
    run = read(metrics)
    scores = [score for each in run.per_class for score in (each.precision, each.recall, each.f1)]
    lengths = [float(each["width"]) for each in marks(draw_classes(run), "rect")]
    longest = max(lengths) / max(scores)
    assert lengths == pytest.approx([longest * score for score in scores], abs=0.1)


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
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], str], key: str, value: object
) -> None:
    assert draw(read(metrics | {key: value}))


@pytest.mark.parametrize("values", [(1.0, 1.0), (0.98, 1.0), (0.0, 0.0), (0.0, 1.0), (0.3, 0.8)])
def test_an_axis_of_accuracies_ends_at_0_and_at_100_per_cent(values: tuple[float, float]) -> None:
    axis, ticks = charts._up(values, 200, share=True)
    assert 0 <= axis.low < axis.high <= 1
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert all(axis.low <= each <= axis.high for each, _ in ticks)


def test_the_label_of_a_hundred_per_cent_stands_below_the_title(metrics: Metrics, read: Read) -> None:
    sure = {"shots": [1, 2], "mean": [1.0, 1.0], "std": [0.0, 0.0], "draws": 3}
    picture = draw_learning_curve(read(metrics | {"learning_curve": sure}))
    heights = [
        float(each["y"])
        for each, told in zip(marks(picture, "text"), words(picture), strict=True)
        if "100.0" in told
    ]
    assert len(heights) == 2
    assert min(heights) > 45


def test_the_order_of_the_candidates_does_not_matter(metrics: Metrics, read: Read) -> None:
    sorted_svg = draw_curves(read(metrics))
    for values in metrics["curves"]["regularisation"].values():
        values.reverse()
    assert draw_curves(read(metrics)) == sorted_svg


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


@pytest.mark.parametrize("names", [("$x^", "小米 🚗", "\udcff"), ("n" * 300, "", "b")])
@pytest.mark.parametrize("draw", DRAW)
def test_any_name_is_drawn(
    metrics: Metrics, read: Read, draw: Callable[[RunMetrics], str], names: tuple[str, str, str]
) -> None:
    for each, name in zip(metrics["classes"], names, strict=True):
        each["en"] = name
    assert max(size(draw(read(metrics)))) < 1200
