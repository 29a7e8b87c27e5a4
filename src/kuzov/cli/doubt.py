"""How sure an answer is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuzov.words import Words

if TYPE_CHECKING:
    from kuzov.records import Prediction

UNKNOWN = Words(
    "none of these models, most like {answer}", "ни одна из этих моделей, больше всего похоже на {answer}"
)
DOUBTFUL = Words("perhaps {answer}", "возможно, {answer}")


def doubted(prediction: Prediction, answer: Words) -> Words:
    """The answer, a class's name and what follows it, with as much doubt as the recogniser has."""
    if prediction.is_unknown:
        return UNKNOWN.fill(answer=answer)
    return DOUBTFUL.fill(answer=answer) if prediction.is_doubtful else answer
