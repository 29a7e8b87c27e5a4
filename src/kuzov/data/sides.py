"""Photos that are divided already, put right where they can't be judged by as they are."""

from __future__ import annotations

from dataclasses import replace

from kuzov.data.dataset import Dataset, Photo
from kuzov.data.split import stratified_split
from kuzov.errors import DatasetError
from kuzov.words import Words

ONE_PICTURE = Words(
    "All photos of a class show the same picture: {classes}. Add others of each.",
    "Все фотографии класса — одна и та же картинка: {classes}. Добавьте другие.",
)


def without_leaks(dataset: Dataset, *, validation_fraction: float, seed: int) -> Dataset:
    """The dataset with all photos that show the same picture on one side, where they are learned from.

    A class that this leaves nothing to be judged by is divided anew.

    Raises:
        DatasetError: All photos of a class show the same picture.
    """
    if not dataset.leaks:
        return dataset
    learned = {photo.group for photo in dataset.train}
    apart = [photo for photo in dataset.validation if photo.group not in learned]
    judged = {photo.label for photo in apart}
    together = [*dataset.train, *(photo for photo in dataset.validation if photo.group in learned)]
    again = [photo for photo in together if photo.label not in judged]
    groups = {(photo.label, photo.group) for photo in again}
    single = tuple(each for each in dataset.classes if sum(label == each for label, _ in groups) == 1)
    if single:
        raise DatasetError(ONE_PICTURE.fill(classes=", ".join(single)), "few_different", single)
    drawn = stratified_split(
        [photo.label for photo in again],
        [photo.group for photo in again],
        validation_fraction=validation_fraction,
        seed=seed,
    ).validation
    moved = {again[index].path for index in drawn}
    return replace(
        dataset,
        train=_sorted(*(photo for photo in together if photo.path not in moved)),
        validation=_sorted(*apart, *(photo for photo in together if photo.path in moved)),
    )


def _sorted(*photos: Photo) -> tuple[Photo, ...]:
    return tuple(sorted(photos, key=lambda photo: (photo.label, photo.path.name)))
