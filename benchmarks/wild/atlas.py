"""The models that kuzov knows by itself: of their own photos, and as what a stranger is said to look like."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import kuzov
from benchmarks.wild.figure import Figure, share
from benchmarks.wild.recognisers import answers
from kuzov.atlas.names import car_models
from kuzov.records import ATLAS, Prediction
from recipes.backbone.photos import read_members
from recipes.calibrator.photos import is_learned_from


def measure(wild: Path) -> Iterator[Figure]:
    """Stanford Cars' validation photos, sellers' Impalas, and the other cars of the Russian market."""
    atlas = kuzov.load(ATLAS)
    labels, photos = unseen_photos(wild.parent / "stanford-cars")
    found = [atlas.predict(photo) for photo in photos]
    ids = list(car_models())
    truths = [ids[label] for label in labels]
    yield share(
        "validation photos: right", [a.label == truth for a, truth in zip(found, truths, strict=True)]
    )
    firsts = [sorted(a.probabilities, key=a.probabilities.__getitem__)[-5:] for a in found]
    yield share(
        "validation photos: right among the first five",
        [truth in five for five, truth in zip(firsts, truths, strict=True)],
    )
    yield from _told("validation photos", found, truths)
    impalas = sorted((wild / "seller" / "chevrolet_impala_2007").glob("*.jpg"))
    yield from _told(
        "sellers' Impalas",
        [atlas.predict(photo) for photo in impalas],
        ["chevrolet_impala_sedan_2007"] * len(impalas),
    )
    yield from _strangers(wild / "russian-market")


def unseen_photos(folder: Path) -> tuple[list[int], list[bytes]]:
    """Validation photos of Stanford Cars that were not learned from: true class numbers, encoded photos."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = {
            row["file"]: int(row["class_id"])
            for row in csv.DictReader(file)
            if row["split"] == "validation" and not is_learned_from(int(row["class_id"]))
        }
    encoded = read_members(folder / "images.tar")
    return list(labels.values()), [encoded[name] for name in labels]


def _told(what: str, found: list[Prediction], truths: list[str]) -> Iterator[Figure]:
    """How often the atlas gives a name, and how often that is right."""
    told = [not answer.is_unknown for answer in found]
    yield share(f"{what}: a name is told", told)
    right = [a.label == truth for a, truth, is_told in zip(found, truths, told, strict=True) if is_told]
    yield share(f"{what}: of the names told, right", right)


def _strangers(folder: Path) -> Iterator[Figure]:
    """By make alone: which model of it the photos show is not known for sure."""
    makes = {_folder_name(each.make) for each in car_models().values()}
    files = [
        (make, file)
        for file in sorted(folder.glob("other_*/*.jpg"))
        for make in makes
        if file.parent.name.removeprefix("other_").startswith(f"{make}_")
    ]
    found = answers(file for _, file in files)
    alike = [(make, answer.look_alike) for (make, _), answer in zip(files, found, strict=True)]
    yield share("other cars of these makes: a look-alike is told", [each is not None for _, each in alike])
    named = [(make, car_models()[each.model].make) for make, each in alike if each is not None]
    yield share(
        "other cars of these makes: of the look-alikes told, of the right make",
        [make == _folder_name(name) for make, name in named],
    )


def _folder_name(make: str) -> str:
    return make.lower().replace(" ", "_").replace("-", "_")
