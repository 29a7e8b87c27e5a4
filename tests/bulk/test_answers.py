from __future__ import annotations

import json

from kuzov.bulk.answers import Answer, in_utf8
from tests.bulk.conftest import ANSWER, MODEL


def test_an_answer_is_a_line() -> None:
    assert ANSWER.to_line(MODEL).decode() == (
        '{"photo": "фото/a.jpg", "label": "suv", "probability": 0.75, '
        '"top": [{"label": "suv", "probability": 0.75}, {"label": "sedan", "probability": 0.25}], '
        '"unknown": 0.125, "is_unknown": false, "error": null, "model": "cars", "version": 7}\n'
    )


def test_a_name_that_is_no_utf8_comes_back() -> None:
    name = b"\xff.jpg".decode(errors="surrogateescape")
    assert json.loads(Answer(photo=name).to_line(MODEL))["photo"] == name
    assert in_utf8(name) == b"\\udcff.jpg"
