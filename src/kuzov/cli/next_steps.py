"""What one types after a training, as it has to be typed for the folders that were used."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from kuzov.bundle.ready import USERS_MODEL
from kuzov.words import Words, plain

ASK = Words("Ask it", "Спросить")
SERVE = Words("Serve it", "Запустить сервер")


def next_steps(model: Path, photos: Iterable[Path]) -> list[tuple[Words, Words]]:
    """The commands that ask and serve a model folder; the first photo that can be typed is asked about.

    Where the commands take that folder by themselves, it is not named.
    """
    photo = next((str(each) for each in photos if str(each).isprintable() and each.is_file()), "PHOTO")
    of_image = "MODEL_NAME" in os.environ or "MODEL_BASE_PATH" in os.environ
    ask = ["kuzov", "predict", photo, *_naming("--model", model, is_default=True)]
    serve = ["kuzov", "serve", *_naming("--model-base-path", model, is_default=not of_image)]
    return [(ASK, plain(shlex.join(ask))), (SERVE, plain(shlex.join(serve)))]


def _naming(option: str, model: Path, *, is_default: bool) -> list[str]:
    return [] if is_default and model.resolve() == USERS_MODEL.resolve() else [option, str(model)]
