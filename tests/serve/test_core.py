from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from kuzov.bundle.ready import ready_model
from kuzov.cars import detector
from kuzov.errors import BundleError, ConfigError, ErrorCode, RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.serve.core import engine_loader, open_core
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings
from tests.serve.core import a_core


def settings(base_path: Path, api_key_file: Path | None = None) -> ServeSettings:
    model = ModelConfig(name="cars", base_path=base_path)
    return ServeSettings(models=(model,), api_key_file=api_key_file)


def test_a_core_answers_and_counts_for_itself() -> None:
    ready = settings(ready_model())
    with open_core(ready, engine_loader(ready)) as core:
        call = core.service.find(ModelSpec(name="cars"))
        (spec,) = call.signature.inputs.values()
        image = np.zeros((1, *(spec.shape or ())[1:]), np.float32)
        answer = asyncio.run(core.service.predict(call, {"image": image}))
        assert answer.outputs["probabilities"].shape == (1, 5)
        assert (core.admission.under_way, core.keys) == (0, None)
        assert any(family["samples"] for family in core.snapshot())


def test_without_models_or_keys_there_is_no_core(tmp_path: Path) -> None:
    modelless, keyless = settings(tmp_path / "cars"), settings(ready_model(), tmp_path / "keys")
    for broken, error in ((modelless, BundleError), (keyless, ConfigError)):
        with pytest.raises(error), open_core(broken, engine_loader(broken)):
            raise AssertionError("There is no core.")


@pytest.mark.parametrize("content", [None, "no network"])
def test_without_a_detector_a_server_ends_as_it_starts(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "detector.xml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(detector, "NETWORK", file)
    monkeypatch.setattr(detector, "_load", detector._load.__wrapped__)
    ready = settings(ready_model())  # which would try again for five minutes
    with pytest.raises(BundleError) as caught, open_core(ready, engine_loader(ready)):
        raise AssertionError("There is no core.")
    assert str(caught.value).startswith(
        "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: "
    )
    assert f"The detector of cars, {file}, can't be loaded; install kuzov anew: " in str(caught.value)


def test_one_of_several_processes_takes_no_new_configuration() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(RequestError) as refused:
        a_core(Mock(Service), pool, peers="worker processes").reload(())
    assert refused.value.code is ErrorCode.FAILED_PRECONDITION
    assert str(refused.value) == (
        "A reload would reach one of several worker processes. Change the file of --model_config_file "
        "instead, which all read again every --model_config_file_poll_wait_seconds."
    )
