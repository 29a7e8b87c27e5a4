from __future__ import annotations

import json

from kuzov.bulk.answers import Answer, in_utf8
from tests.bulk.conftest import ANSWER, CARS, MODEL


def test_an_answer_is_a_line() -> None:
    assert ANSWER.to_line(MODEL).decode() == (
        '{"photo": "фото/a.jpg", "label": "suv", "probability": 0.75, '
        '"top": [{"label": "suv", "probability": 0.75}, {"label": "sedan", "probability": 0.25}], '
        '"unknown": 0.125, "is_unknown": false, "look_alike": null, "look_alike_probability": null, '
        '"car": null, "no_car": null, "cars": null, "note": null, "error": null, '
        '"model": "cars", "version": 7}\n'
    )


def test_a_car_is_told_with_its_box() -> None:
    row = json.loads(CARS[1].to_line(MODEL))
    assert row["car"] == {"box": [0.5, 0.25, 0.75, 0.5], "score": 0.5, "small": False}
    assert (row["no_car"], row["cars"]) == (False, 2)


def test_a_name_that_is_no_utf8_comes_back() -> None:
    name = b"\xff.jpg".decode(errors="surrogateescape")
    assert json.loads(Answer(photo=name).to_line(MODEL))["photo"] == name
    assert in_utf8(name) == b"\\udcff.jpg"
