from __future__ import annotations

from kuzov.serve.calls import ClassifyAnswer, RegressAnswer
from kuzov.serve.rpc.results import classification_result, inference_result, regression_result
from kuzov.wire import messages

CLASSES = ClassifyAnswer(
    model="m", version=1, signature_name="s", results=[[(b"qashqai", 0.75), (b"\xff", 0.25)], []]
)
NUMBERS = RegressAnswer(model="m", version=1, signature_name="s", results=[0.5, 2.0])


def test_each_example_has_its_classes() -> None:
    first, second = classification_result(CLASSES).classifications
    assert [(each.label, each.score) for each in first.classes] == [("qashqai", 0.75), ("�", 0.25)]
    assert len(second.classes) == 0


def test_each_example_has_its_number() -> None:
    assert [each.value for each in regression_result(NUMBERS).regressions] == [0.5, 2.0]


def test_a_task_gives_the_one_or_the_other() -> None:
    assert inference_result(CLASSES) == messages.InferenceResult(
        classification_result=classification_result(CLASSES)
    )
    assert inference_result(NUMBERS) == messages.InferenceResult(regression_result=regression_result(NUMBERS))
