"""What models say of examples, as messages."""

from __future__ import annotations

from kuzov.serve.calls import ClassifyAnswer, RegressAnswer
from kuzov.wire import messages


def classification_result(answer: ClassifyAnswer) -> messages.ClassificationResult:
    """For each example its classes. A label that is no UTF-8 is shown as far as it is."""
    return messages.ClassificationResult(
        classifications=[
            messages.Classifications(
                classes=[
                    messages.Class(label=label.decode("utf-8", "replace"), score=score)
                    for label, score in classes
                ]
            )
            for classes in answer.results
        ]
    )


def regression_result(answer: RegressAnswer) -> messages.RegressionResult:
    """For each example its number."""
    return messages.RegressionResult(
        regressions=[messages.Regression(value=value) for value in answer.results]
    )


def inference_result(answer: ClassifyAnswer | RegressAnswer) -> messages.InferenceResult:
    """What one task of a MultiInference gave."""
    if isinstance(answer, ClassifyAnswer):
        return messages.InferenceResult(classification_result=classification_result(answer))
    return messages.InferenceResult(regression_result=regression_result(answer))
