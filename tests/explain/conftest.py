"""One network for all: a bundle's, with its photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kuzov.explain.explainer import Explainer

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="session")
def explainer(trained: TrainResult) -> Explainer:
    """Of the bundle that was trained on the drawn cars."""
    return Explainer.load(trained.bundle.parent)
