"""Which model a command asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kuzov.cli.language import note
from kuzov.cli.paths import A_PATH
from kuzov.words import Words, joined

NO_RECOGNISER = Words(
    "There is no {model}, so the recogniser that comes with kuzov answers; it knows {known}. "
    "Train your own: kuzov train PHOTOS",
    "Папки {model} нет, поэтому отвечает распознаватель из самого kuzov; он знает {known}. "
    "Обучите свой: kuzov train ПАПКА_С_ФОТО",
)


def model_option(what: str, **more: Any) -> Callable[[Any], Any]:
    """The option of commands that take a model: a Path, or None; `what` becomes of its newest version."""
    return click.option(
        "--model",
        show_default="models/img_classifier, or the model that comes with kuzov",
        type=A_PATH,
        help=f"Model folder, whose newest version {what}, or one version's folder.",
        **more,
    )


asked_model = model_option("is asked")
judged_model = model_option("is judged")
compared_models = model_option("is compared", multiple=True)


def model_or_default(named: Path | None) -> Path:
    """The folder that the user named, else the default; where that is the ready model, stderr says so."""
    from kuzov.bundle.card import read_card
    from kuzov.bundle.layout import newest
    from kuzov.bundle.ready import USERS_MODEL, default_model, ready_model

    model = default_model() if named is None else named
    if named is None and model == ready_model():
        known = joined(each.words for each in read_card(newest(model)).classes)
        note(NO_RECOGNISER.fill(model=str(USERS_MODEL), known=known))
    return model
