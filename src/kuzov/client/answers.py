"""What a server answers about a photo, read from its rows of JSON."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from kuzov.atlas.names import look_alike
from kuzov.bundle.card import Card
from kuzov.records import LEAST_CAR_PX, Car, Prediction

Row: TypeAlias = dict[str, Any]

# A server without a card, such as TensorFlow Serving, does not tell the model's own threshold.
DEFAULT_UNKNOWN_THRESHOLD = 0.5


class Answer(NamedTuple):
    """What a server says of one car, or of a photo without one."""

    scores: list[float]
    unknown: float
    label: str | None
    alike: tuple[str, float] | None
    car: Car | None
    no_car: bool


def main_car(row: Row, size: tuple[int, int]) -> Answer:
    """The answer in a row of `image_bytes`; a model of the first form tells no car."""
    car = _car(row["car_box"], row["car_score"], size) if "car_score" in row else None
    no_car = car is None and "car_score" in row
    scores = [float(score) for score in row["probabilities"]]
    alike = (str(row["look_alike"]), float(row["look_alike_probability"])) if "look_alike" in row else None
    return Answer(scores, float(row["unknown"]), str(row["label"]), alike, car, no_car)


def cars(row: Row, size: tuple[int, int], least_car_px: int) -> list[Answer]:
    """The answers in a row of `cars`; what has no score is no car."""
    alike: list[tuple[str, float] | None] = [None] * len(row["scores"])
    if "look_alike" in row:
        alike = list(zip(row["look_alike"], row["look_alike_probability"], strict=True))
    columns = zip(row["boxes"], row["scores"], row["probabilities"], row["unknown"], alike, strict=True)
    return [
        Answer([float(each) for each in scores], float(unknown), None, like, car, no_car=False)
        for box, score, scores, unknown, like in columns
        if (car := _car(box, score, size, least_car_px)) is not None
    ]


def _car(box: Any, score: Any, size: tuple[int, int], least_px: int = LEAST_CAR_PX) -> Car | None:
    left, top, right, bottom = (float(side) for side in box)
    if float(score) <= 0:
        return None
    return Car(box=(left, top, right, bottom), score=float(score)).measured(size, least_px)


def describes(card: Card, answer: Answer) -> bool:
    """Whether a card's classes are the answer's columns, as far as its label tells."""
    scores, label = answer.scores, answer.label
    if len(scores) != len(card.classes):
        return False
    return label is None or label == card.classes[scores.index(max(scores))].id


def prediction(photo: str, answer: Answer, card: Card | None) -> Prediction:
    """Name a server's answer; ValueError where that can't be."""
    if card is not None:
        return card.prediction(
            photo, answer.scores, answer.unknown, alike=answer.alike, car=answer.car, no_car=answer.no_car
        )
    probability = max(answer.scores)
    # Cars come without a label, of which a server without a card tells the number.
    label = answer.label or f"class {answer.scores.index(probability)}"
    is_unknown = answer.unknown > DEFAULT_UNKNOWN_THRESHOLD
    return Prediction(
        photo=photo,
        label=label,
        probability=probability,
        probabilities={label: probability},
        unknown=answer.unknown,
        is_unknown=is_unknown,
        names={},
        car=answer.car,
        no_car=answer.no_car,
        look_alike=look_alike(answer.alike) if is_unknown else None,
    )
