"""What a bundle answers about photos of known classes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kuzov.bundle.card import Card
from kuzov.bundle.layout import resolve
from kuzov.bundle.learned_from import LearnedFrom
from kuzov.data.dataset import Photo, fingerprint
from kuzov.data.labelled import LabelledPhotos
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, DatasetError, PhotoError
from kuzov.model.calibration import Probabilities
from kuzov.model.head import Labels
from kuzov.progress import Progress
from kuzov.records import Prediction
from kuzov.words import Plural

log = logging.getLogger(__name__)

NONE_READ = Plural(
    (
        "The only photo in {folder} can't be read: {first}.",
        "None of the {count} photos in {folder} can be read; the first: {first}.",
    ),
    ("В {folder} не читается ни одно фото из {count}; первое: {first}.",) * 3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A bundle that is judged, its version's folder, and the photos that it has learned from, if it tells."""

    version_dir: Path
    recogniser: Recogniser
    learned: LearnedFrom | None

    @classmethod
    def load(cls, path: Path) -> Subject:
        """Load a bundle: a model folder, whose newest version is taken, or one version's folder.

        Raises:
            BundleError: It is missing, incomplete or broken.
        """
        version_dir = resolve(path)
        try:
            learned = LearnedFrom.read(version_dir)
        except BundleError as error:
            log.warning("%s; the photos that it has learned from are not counted.", error)
            learned = None
        return cls(version_dir=version_dir, recogniser=Recogniser.load(version_dir), learned=learned)

    @property
    def card(self) -> Card:
        """What the bundle says of itself."""
        return self.recogniser.card

    @property
    def classes(self) -> tuple[str, ...]:
        """Class ids, in the order of the model's columns."""
        return tuple(each.id for each in self.card.classes)

    def learned_from(self, photos: Sequence[Photo]) -> list[bool] | None:
        """Which photos it has learned from; None where it does not tell.

        An older kuzov's bundle tells of all photos of its training together.
        """
        if self.learned is not None:
            return [photo.digest in self.learned for photo in photos]
        return [True] * len(photos) if fingerprint(photos) == self.card.data["fingerprint"] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a bundle says of each photo that can be read, and what is wrong with the others."""

    photos: tuple[Photo, ...]
    predictions: tuple[Prediction, ...]
    unreadable: tuple[PhotoError, ...]

    def probabilities(self, classes: tuple[str, ...]) -> Probabilities:
        """Probabilities of the classes in this order, (N, C)."""
        return np.array([[each.probabilities[label] for label in classes] for each in self.predictions])

    def only(self, photos: Collection[Photo]) -> Answers:
        """The answers about some photos."""
        pairs = [pair for pair in zip(self.photos, self.predictions, strict=True) if pair[0] in photos]
        return replace(
            self, photos=tuple(photo for photo, _ in pairs), predictions=tuple(answer for _, answer in pairs)
        )

    def labels(self, classes: tuple[str, ...]) -> Labels:
        """Positions of the true classes in this order, (N,)."""
        return np.array([classes.index(photo.label) for photo in self.photos], np.int64)


def ask(subject: Subject, labelled: LabelledPhotos, progress: Progress, *, stage: str = "ask") -> Answers:
    """Ask a bundle about all photos; `progress` is told of each, under the stage's name.

    Raises:
        DatasetError: No photo can be read.
    """
    read, predictions, unreadable = [], [], []
    total = len(labelled.photos)
    answers = subject.recogniser.predict_many(photo.path for photo in labelled.photos)
    progress(stage, 0, total)
    for done, (photo, answer) in enumerate(zip(labelled.photos, answers, strict=True), start=1):
        if isinstance(answer, PhotoError):
            unreadable.append(answer)
        else:
            read.append(photo)
            predictions.append(answer)
        progress(stage, done, total)
    if not read:
        raise DatasetError(NONE_READ.of(total, folder=str(labelled.root), first=unreadable[0].words))
    return Answers(photos=tuple(read), predictions=tuple(predictions), unreadable=tuple(unreadable))
