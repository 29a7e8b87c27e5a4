"""Which model a command asks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def model_option(what: str) -> Callable[[Any], Any]:
    """The option of commands that take a model: a Path, or None; `what` becomes of its newest version."""
    return click.option(
        "--model",
        show_default="models/img_classifier, or the model that comes with kuzov",
        type=click.Path(path_type=Path),
        help=f"Model folder, whose newest version {what}, or one version's folder.",
    )


asked_model = model_option("is asked")


def model_or_default(named: Path | None) -> Path:
    """The folder that the user named, else the default; where that is the ready model, stderr says so."""
    from kuzov.bundle.card import read_card
    from kuzov.bundle.layout import newest
    from kuzov.bundle.ready import USERS_MODEL, default_model, ready_model

    model = default_model() if named is None else named
    if named is None and model == ready_model():
        known = ", ".join(each.en for each in read_card(newest(model)).classes)
        print(
            f"There is no {USERS_MODEL}, so the model that comes with kuzov answers; it knows {known}. "
            "Train your own: kuzov train PHOTOS",
            file=sys.stderr,
        )
    return model
