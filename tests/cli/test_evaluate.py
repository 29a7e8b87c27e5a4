from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kuzov.bundle.ready import ready_model
from kuzov.report.evaluation import Evaluation
from tests.cli.conftest import Kuzov

VALIDATION: dict[str, Any] = {"right": 44, "total": 45, "accuracy": 44 / 45, "interval": [0.884, 0.996]}
UNSEEN: dict[str, Any] = {"right": 4, "total": 5, "accuracy": 0.8, "interval": [0.376, 0.964]}


def evaluation(learned_from: int | None = 0, unseen: dict[str, Any] | None = VALIDATION) -> Evaluation:
    return Evaluation(
        report=Path("out/report.html"),
        metrics={
            "bundle": "/models/cars/1",
            "classes": [{"id": "qashqai", "en": "Nissan Qashqai", "ru": "Ниссан Кашкай"}],
            "per_class": [{"precision": 1.0, "recall": 0.9, "f1": 0.95, "photos": 10.0}],
            "validation": VALIDATION,
            "learned_from": learned_from,
            "unseen": unseen,
            "confusion": [[45]],
            "ece": {"before": None, "after": 0.0161},
            "unknown": {"right": 2, "wrong": 1, "rate": 3 / 45},
            "data": {
                "folder": "/photos",
                "passed_over": [],
                "rejected": [{"photo": "photos/x5/1.jpg", "reason": "the file is empty"}],
            },
        },
    )


STEPS = (("ask", 0, 45), ("ask", 45, 45), ("draw", 0, 1), ("draw", 1, 1))


def test_the_outcome_is_told(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    calls = answers("evaluate", evaluation(), STEPS)
    done = kuzov("evaluate", "photos", "--model", "cars", "--out", "out")
    assert calls == [(Path("cars"), Path("photos"), Path("out"))]
    assert (done.status, done.err) == (
        0,
        "Asking about 45 photos\nDrawing the report\nLeft out: photos/x5/1.jpg: the file is empty\n",
    )
    assert done.out == (
        "Accuracy           44 of 45 photos right, 2 of which it would call unknown: 97.8%, 95 % interval "
        "88.4% to 99.6%\n"
        "Calibration error  1.6%\n"
        "Marked as unknown  2 of 44 right answers, 1 of 1 wrong ones\n"
        "Report             out/report.html\n"
    )


def test_flattering_photos_are_told(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    answers("evaluate", evaluation(40, UNSEEN), STEPS)
    done = kuzov("evaluate", "photos", "--model", "cars")
    assert done.err.endswith("The model has learned from 40 of these 45 photos, so the figures flatter it.\n")
    assert done.out.splitlines()[0] == (
        "Accuracy           44 of 45 photos right, 2 of which it would call unknown: 97.8%"
    )
    assert done.out.splitlines()[1] == (
        "On the rest        4 of 5 photos right: 80.0%, 95 % interval 37.6% to 96.4%"
    )
    done = kuzov("evaluate", "photos", "--model", "cars", "--language", "ru")
    assert done.err.endswith("Модель училась на 40 из этих 45 фото, поэтому оценка завышена.\n")


def test_a_long_name_does_not_run_into_its_value(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    answers("evaluate", evaluation())
    lines = kuzov("evaluate", "photos", "--model", "cars", "--language", "ru").out.splitlines()
    assert lines[2] == "Сочтены незнакомыми  верных ответов — 2 из 44, неверных — 1 из 1"
    assert {line[19:21] for line in lines} == {"  "}


def test_where_all_photos_flatter_or_nothing_is_known_there_is_no_rest(
    kuzov: Kuzov, answers: Callable[..., Any]
) -> None:
    answers("evaluate", evaluation(45, None))
    done = kuzov("evaluate", "photos", "--model", "cars")
    assert "learned from 45 of these 45 photos" in done.err
    assert "On the rest" not in done.out
    answers("evaluate", evaluation(None))
    done = kuzov("evaluate", "photos", "--model", "cars")
    assert "flatter" not in done.err
    assert "On the rest" not in done.out


def test_without_a_model_the_one_that_comes_with_kuzov_is_judged_and_told(
    kuzov: Kuzov, answers: Callable[..., Any]
) -> None:
    calls = answers("evaluate", evaluation())
    done = kuzov("evaluate", "photos")
    assert calls == [(ready_model(), Path("photos"), None)]
    assert done.err.startswith("There is no models/img_classifier, so the recogniser that comes with kuzov")
