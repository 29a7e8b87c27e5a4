"""The unit that answers, wherever it runs: a thread of this process or another machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kuzov.bulk.answers import TOP, Answer, ModelName
from kuzov.bundle.card import read_card
from kuzov.cars.cut_out import read_cut_out
from kuzov.engine.openvino import load
from kuzov.errors import BundleError, PhotoError

_DECIMALS = 6


class Labeller:
    """A loaded bundle that answers for one photo at a time. Safe to call from several threads at once."""

    def __init__(self, version_dir: Path, *, precision: str, threads: int) -> None:
        """Load a bundle for work that never pauses, on as many cores as threads, a photo each."""
        self._engine = load(version_dir, precision, threads=threads, streams=threads, lone_calls=False)
        self._card = read_card(version_dir)
        self._labels = [each.id for each in self._card.classes]

    def __call__(self, photo: str, content: str | bytes | PhotoError) -> Answer:
        """Answer for one photo: its path, its encoded bytes, or why there are none."""
        try:
            if isinstance(content, PhotoError):
                raise content
            part = read_cut_out(content, self._card.image_px, self._card.framing, name=photo)
        except PhotoError as error:
            return Answer(photo=photo, error=error.reason)
        except MemoryError:
            return Answer(photo=photo, error="needs more memory than there was")
        outputs = self._engine.recognise(part.pixels[np.newaxis].astype(np.float32))
        scores, unknown = outputs["probabilities"][0], float(outputs["unknown"][0])
        top = np.argsort(-scores, kind="stable")[:TOP].tolist()
        return Answer(
            photo=photo,
            top=tuple((self._labels[each], round(float(scores[each]), _DECIMALS)) for each in top),
            unknown=round(unknown, _DECIMALS),
            is_unknown=unknown > self._card.unknown_threshold,
        )


def model_name(version_dir: Path) -> ModelName:
    """How results call the model in a version's folder."""
    folder = version_dir.absolute()
    if not (folder.name.isascii() and folder.name.isdigit()):
        raise BundleError(
            f"{version_dir} has no version: results tell it, so the folder of a bundle is named by a number."
        )
    labels = frozenset(each.id for each in read_card(folder).classes)
    return ModelName(name=folder.parent.name, version=int(folder.name), labels=labels)
