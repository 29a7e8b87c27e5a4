from __future__ import annotations

import json

from kuzov.bulk.answers import Answer, ModelName, in_utf8


def test_an_answer_is_a_line(answer: Answer, model: ModelName) -> None:
    assert answer.to_line(model).decode() == (
        '{"photo": "фото/a.jpg", "label": "suv", "probability": 0.75, '
        '"top": [{"label": "suv", "probability": 0.75}, {"label": "sedan", "probability": 0.25}], '
        '"unknown": 0.125, "is_unknown": false, "error": null, "model": "cars", "version": 7}\n'
    )


def test_a_photo_that_could_not_be_read_has_its_error(model: ModelName) -> None:
    found = Answer(photo="a.jpg", error="is empty").to_json(model)
    assert {name for name, value in found.items() if value is None} == {
        "label", "probability", "unknown", "is_unknown"
    }  # fmt: skip
    assert (found["error"], found["top"]) == ("is empty", [])


def test_a_name_that_is_no_utf8_comes_back(model: ModelName) -> None:
    name = b"\xff.jpg".decode(errors="surrogateescape")
    assert json.loads(Answer(photo=name).to_line(model))["photo"] == name
    assert in_utf8(name) == b"\\udcff.jpg"


def test_a_model_is_told_by_name_and_version(model: ModelName) -> None:
    assert str(model) == "cars version 7"
