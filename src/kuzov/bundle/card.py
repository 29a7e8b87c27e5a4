"""card.json: what a bundle says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from operator import itemgetter
from pathlib import Path
from typing import Any

from kuzov.atlas.names import look_alike
from kuzov.bundle.layout import CARD, holds
from kuzov.errors import BundleError, reason_of
from kuzov.records import Car, ClassName, Prediction
from kuzov.words import Words

FORMAT = 2
# In the first form a photo was shown by its middle, since then by the car that is found in it.
FRAMINGS = {1: "middle", FORMAT: "car"}

_TELLS_NO_CARS = Words(
    "This model was made by an older kuzov: it is shown the middle of a photo, and tells no car from "
    "another. Train it anew to ask about all cars.",
    "Эту модель сделал более старый kuzov: она видит середину фото и не отличает одну машину от другой. "
    "Обучите её заново, чтобы спрашивать обо всех машинах.",
)
_NO_CARD = Words("The bundle {folder} has no {card}: {why}.", "В версии {folder} нет {card}: {why}.")
_NOT_JSON = Words("{file} is not valid JSON: {why}.", "В {file} неверный JSON: {why}.")
_OTHER_FORM = Words(
    "{source} is of form {found}; this version of kuzov reads forms 1 to {newest}. Upgrade kuzov.",
    "У {source} формат {found}; эта версия kuzov читает форматы с 1 по {newest}. Обновите kuzov.",
)
_INCOMPLETE = Words("{source} is not a complete card: {why}.", "{source} — неполная карточка: {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a bundle says of itself.

    Attributes:
        classes: Ids and display names, in the order of the model's columns.
        backbone: Key of the backbone in the table of backbones.
        image_px: Side of the model's square input, in pixels.
        temperature: Divides the head's logits before the softmax.
        unknown_threshold: A photo counts as unknown where `unknown` is over it, 0..1.
        precision: What the features were computed in that it learned from and was judged by, "int8" or "f32";
            older cards have "bf16" too, where that was proved.
        metrics: The judgement, as in the run's metrics.json; and `float32_moves`, how far the judged photos'
            probabilities are from those in int8 on average and at most, where it learned from int8.
        data: Number of photos by split and class, and the SHA-256 fingerprint of the photos.
        versions: Versions of the packages that made the bundle.
        config: The run's settings.
        atlas: Ids of the models that a stranger may look like, in the order of the network's columns; none
            where the backbone knows none.
        format: Version of this file's form.
    """

    classes: tuple[ClassName, ...]
    backbone: str
    image_px: int
    temperature: float
    unknown_threshold: float
    precision: str
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    versions: Mapping[str, str]
    config: Mapping[str, Any]
    atlas: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def framing(self) -> str:
        """Which part of a photo the network is shown; see `kuzov.cars.cut_out.read_parts`."""
        return FRAMINGS[self.format]

    def require_cars(self) -> None:
        """Refuse to answer for each car by a model that was taught photos' middles.

        Raises:
            BundleError: It was.
        """
        if self.format == 1:
            raise BundleError(_TELLS_NO_CARS)

    def to_json(self) -> dict[str, Any]:
        """The card as a JSON object."""
        return asdict(self)

    def prediction(
        self,
        photo: str,
        scores: Sequence[float],
        unknown: float,
        *,
        alike: tuple[str, float] | None = None,
        car: Car | None = None,
        no_car: bool = False,
        note: Words | None = None,
    ) -> Prediction:
        """Name what the model says of a photo, of which it gives a score for each class, and `unknown`.

        `alike` is the model of the atlas that it is most likely, and how likely.
        """
        probabilities = {each.id: score for each, score in zip(self.classes, scores, strict=True)}
        label = max(probabilities, key=probabilities.__getitem__)
        is_unknown = unknown > self.unknown_threshold
        return Prediction(
            photo=photo,
            label=label,
            probability=probabilities[label],
            probabilities=probabilities,
            unknown=unknown,
            is_unknown=is_unknown,
            names={each.id: each for each in self.classes},
            car=car,
            no_car=no_car,
            look_alike=look_alike(alike) if is_unknown else None,
            note=note,
        )

    def likeliest(self, known: Sequence[float]) -> tuple[str, float] | None:
        """Which model of the atlas is likeliest, by the probability of each; None where there is no atlas."""
        return max(zip(self.atlas, known, strict=False), key=itemgetter(1), default=None)


def find_card(version_dir: Path) -> Card | None:
    """The card of a version that kuzov made; None for a SavedModel from elsewhere.

    This is the one place that tells whose a version is. Other tools may well write a card.json of their own,
    so its name does not count, but that it tells which version of kuzov was at work.

    Raises:
        BundleError: The card is broken, or of a newer form than this version of kuzov knows.
    """
    if not holds(version_dir, CARD):
        return None
    values = _read_json(version_dir)
    versions = values.get("versions") if isinstance(values, dict) else None
    if not isinstance(versions, dict) or "kuzov" not in versions:
        return None
    return card_from_json(values, source=str(version_dir / CARD))


def read_card(version_dir: Path) -> Card:
    """Read a bundle's card.

    Raises:
        BundleError: It is missing, broken, or of a newer form than this version of kuzov knows.
    """
    return card_from_json(_read_json(version_dir), source=str(version_dir / CARD))


def _read_json(version_dir: Path) -> Any:
    file = version_dir / CARD
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        told = _NO_CARD.fill(folder=str(version_dir), card=str(CARD), why=reason_of(error))
        raise BundleError(told) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(_NOT_JSON.fill(file=str(file), why=str(error))) from error


def card_from_json(values: Any, *, source: str) -> Card:
    """Make a card from a parsed JSON object; `source` tells in errors where it came from.

    Raises:
        BundleError: It is not a card of a form that this version of kuzov knows.
    """
    found = values.get("format") if isinstance(values, dict) else None
    if not isinstance(found, int) or found not in FRAMINGS:
        raise BundleError(_OTHER_FORM.fill(source=source, found=str(found), newest=FORMAT))
    try:
        # A later kuzov may add fields without changing what the known ones mean.
        values = {"atlas": [], **values}  # which an earlier one did not write
        known = {each.name: values[each.name] for each in fields(Card)}
        known["classes"] = tuple(ClassName(**each) for each in known["classes"])
        known["atlas"] = tuple(known["atlas"])
        return Card(**known)
    except (KeyError, TypeError) as error:
        raise BundleError(_INCOMPLETE.fill(source=source, why=str(error))) from error
