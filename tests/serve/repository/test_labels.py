from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.labels import check_labels
from kuzov.serve.repository.model import Loaded
from kuzov.serve.repository.servable import Servable
from tests.serve.repository.fakes import FakeEngine


@pytest.fixture
def loaded() -> dict[str, Loaded]:
    """Versions 1 and 2 of model m; label stable is version 1, label old is version 0, which is gone."""
    servables = {
        version: Servable(name="m", version=version, engine=FakeEngine(Path(str(version))), card=None)
        for version in (1, 2)
    }
    labels = {"stable": 1, "old": 0}
    return {"m": Loaded(newest=servables[2], by_version=servables, labels=labels)}


def config(name: str, **labels: int) -> ModelConfig:
    return ModelConfig(name=name, base_path=Path("/models"), labels=labels)


@pytest.mark.parametrize("allow", [False, True])
def test_labels_may_name_what_is_loaded(loaded: dict[str, Loaded], allow: bool) -> None:
    check_labels([config("m", stable=2, canary=1)], loaded, allow_unavailable=allow)


@pytest.mark.parametrize("labels", [{"canary": 3}, {"old": 0}])
def test_only_by_the_setting_may_they_name_what_is_not(
    loaded: dict[str, Loaded], labels: dict[str, int]
) -> None:
    check_labels([config("m", **labels)], loaded, allow_unavailable=True)
    check_labels([config("new", **labels)], loaded, allow_unavailable=True)
    with pytest.raises(RequestError) as caught:
        check_labels([config("m", **labels)], loaded, allow_unavailable=False)
    assert caught.value.code is ErrorCode.FAILED_PRECONDITION


def test_a_label_in_use_moves_only_to_what_is_loaded(loaded: dict[str, Loaded]) -> None:
    with pytest.raises(RequestError) as caught:
        check_labels([config("m", stable=3)], loaded, allow_unavailable=True)
    assert str(caught.value) == (
        "Request to assign label to version 3 of model m, which is not currently available for inference"
    )
