from __future__ import annotations

import numpy as np
import pytest

from benchmarks.backbones import nearest_prototype


def test_models_that_lie_apart_are_told_apart_by_one_photo() -> None:
    labels = np.repeat(np.arange(4), 6)
    features = np.eye(4, 16, dtype=np.float32)[labels] + 0.01
    assert nearest_prototype(features, labels, 1) == 1.0


def test_photos_that_show_nothing_are_told_apart_by_chance() -> None:
    labels = np.repeat(np.arange(4), 30)
    features = np.random.default_rng(0).random((120, 16), np.float32)
    assert nearest_prototype(features, labels, 10) == pytest.approx(0.25, abs=0.06)
