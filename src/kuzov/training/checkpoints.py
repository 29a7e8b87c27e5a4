"""Fine-tuning that a kill at any moment only delays."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import msgspec

from kuzov.atomic import place, written_whole
from kuzov.cache import UNWRITABLE
from kuzov.errors import KuzovError, reason_of

HISTORY = "history.json"


class Checkpoints(keras.callbacks.Callback):
    """Saves each epoch, stops when the loss held out no longer falls, and knows the best epoch.

    The weights, with the optimizer's, are on disk under their name before the history names their epoch, so
    what the history names is whole; where it is damaged all the same, or they are gone, it begins anew. Of
    the weights, only the last and the best epoch's are kept.

    Attributes:
        history: Loss and accuracy by epoch, as Keras names them; earlier calls' epochs too.
    """

    def __init__(self, folder: Path, *, patience: int) -> None:
        super().__init__()
        self._folder, self._patience = folder, patience
        folder.mkdir(parents=True, exist_ok=True)
        self.history = _read(folder / HISTORY)
        if not all(self._weights(epoch).is_file() for epoch in self._kept):
            self.history = {}

    @property
    def epochs(self) -> int:
        """Epochs done so far."""
        return len(self._losses)

    @property
    def finished(self) -> bool:
        """Whether the loss held out has not fallen for too long."""
        return self.epochs > 0 and self.epochs - 1 - self._best_epoch >= self._patience

    def restore_last(self, model: keras.Model) -> None:
        """Put a compiled model where the last epoch left it; a fresh start leaves it as it is."""
        if self.epochs:
            model.optimizer.build(model.trainable_variables)
            model.load_weights(self._weights(self.epochs - 1))

    def restore_best(self, model: keras.Model) -> None:
        """Give a model the weights of the epoch with the smallest loss held out."""
        model.load_weights(self._weights(self._best_epoch))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Save the epoch; Keras calls it.

        Raises:
            KuzovError: It can't be written; the epochs before are kept.
        """
        try:
            self._save(epoch, logs or {})
        except OSError as error:
            # The library that writes weights tells the system's reason in lines of its own.
            why = os.strerror(error.errno) if error.errno else reason_of(error)
            raise KuzovError(UNWRITABLE.fill(folder=str(self._folder), why=why)) from error
        if self.finished:
            self.model.stop_training = True

    def _save(self, epoch: int, logs: Mapping[str, float]) -> None:
        weights = self._weights(epoch)
        part = self._folder / f"part.{weights.name}"
        self.model.save_weights(part, overwrite=True)
        place(part, weights)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        with written_whole(self._folder / HISTORY) as part:
            part.write_text(json.dumps(self.history))
        for file in self._folder.glob("epoch*.weights.h5"):
            if file not in map(self._weights, self._kept):
                file.unlink()

    @property
    def _kept(self) -> set[int]:
        """Epochs whose weights there have to be."""
        return {self.epochs - 1, self._best_epoch} if self.epochs else set()

    @property
    def _losses(self) -> Sequence[float]:
        return self.history.get("val_loss", [])

    @property
    def _best_epoch(self) -> int:
        return min(range(self.epochs), key=self._losses.__getitem__)

    def _weights(self, epoch: int) -> Path:
        return self._folder / f"epoch{epoch}.weights.h5"


def _read(file: Path) -> dict[str, list[float]]:
    """A history; empty where there is none, and a damaged one is as good as none."""
    try:
        found = msgspec.convert(json.loads(file.read_bytes()), dict[str, list[float]])
    except (OSError, ValueError):
        return {}
    return found if len({len(each) for each in found.values()}) == 1 and "val_loss" in found else {}
