"""The model that comes with kuzov, so that it answers on a fresh machine, before any training."""

from __future__ import annotations

from pathlib import Path

from kuzov.bundle.layout import reading

USERS_MODEL = Path("models/img_classifier")
"""Where `kuzov train` writes unless it is told otherwise, and where a model is looked for first."""


def ready_model() -> Path:
    """The model folder inside the package; kuzov/ready/README.md says what it knows and how it was made."""
    return Path(__file__).parents[1] / "ready" / "img_classifier"


def default_model() -> Path:
    """The model folder where the user names none: models/img_classifier, or the ready one if it is missing.

    A models/img_classifier with no version in it is the user's own all the same: loading it tells what is
    wrong with it, and nothing is silently put in its place.

    Raises:
        BundleError: Whether it is there can't be told.
    """
    with reading(USERS_MODEL):
        return USERS_MODEL if USERS_MODEL.exists() else ready_model()
