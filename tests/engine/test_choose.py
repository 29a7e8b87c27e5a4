from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov.engine.choose import load_engine
from kuzov.engine.engine import run
from kuzov.errors import BundleError, ConfigError
from tests.errors import raises

Calls = list[tuple[Any, ...]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Calls:
    """What would have been loaded, instead of loading it."""
    found: Calls = []
    for name in ("openvino", "tensorflow"):

        def load(*args: Any, name: str = name, **options: Any) -> str:
            found.append((name, *args, options))
            return name

        monkeypatch.setattr(f"kuzov.engine.{name}.load", load)
    caplog.set_level(logging.INFO, "kuzov")
    return found


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda name: f"the spec of {name}")


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda _: None)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version that passes for kuzov's own."""
    monkeypatch.setattr("kuzov.engine.choose.find_card", {tmp_path: "the card"}.get)
    return tmp_path


def test_a_bundle_goes_to_openvino(calls: Calls, bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_engine(bundle, precision="bf16", threads=1, streams=2)
    assert calls == [("openvino", bundle, "bf16", {"threads": 1, "streams": 2})]
    assert caplog.messages == [f"OpenVINO serves {bundle}: it is a bundle of kuzov's."]


@pytest.mark.parametrize("card", [None, {"format": 1, "name": "a model card of another tool's"}])
def test_any_other_model_goes_to_tensorflow(
    calls: Calls, tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture, card: object
) -> None:
    if card is not None:
        (tmp_path / "assets.extra").mkdir()
        (tmp_path / "assets.extra" / "card.json").write_text(json.dumps(card))
    load_engine(tmp_path, threads=3, streams=2)
    assert calls == [("tensorflow", tmp_path, 3, {})]
    assert caplog.messages == [f"TensorFlow serves {tmp_path}: it is no bundle of kuzov's."]


def test_without_tensorflow_any_other_model_is_refused(
    calls: Calls, no_tensorflow: None, tmp_path: Path
) -> None:
    with raises(
        BundleError,
        f"{tmp_path} is no bundle of kuzov's, and TensorFlow, which computes other models, is not installed: "
        "pip install 'kuzov[fine-tune]'. OpenVINO may compute it, by --engine openvino, but nobody knows "
        "whether as TensorFlow would.",
    ):
        load_engine(tmp_path)
    assert calls == []


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
def test_an_engine_may_be_asked_for(
    calls: Calls, bundle: Path, caplog: pytest.LogCaptureFixture, engine: str
) -> None:
    load_engine(bundle, engine=engine)
    assert [call[0] for call in calls] == [engine]
    assert caplog.messages[0].endswith(f" serves {bundle}: it is asked for.")


def test_openvino_by_name_without_tensorflow_serves_what_nobody_compared(
    calls: Calls, no_tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_engine(tmp_path, engine="openvino")
    assert [call[0] for call in calls] == ["openvino"]
    assert (caplog.records[-1].levelname, caplog.messages[-1]) == (
        "WARNING",
        f"Nobody knows whether OpenVINO computes {tmp_path} as TensorFlow would, which is not installed.",
    )


def test_no_such_engine(calls: Calls, tmp_path: Path) -> None:
    with raises(ConfigError, "There is no engine 'onnx'; choose from auto, openvino, tensorflow."):
        load_engine(tmp_path, engine="onnx")
    assert calls == []


def test_a_broken_bundle_is_told_as_it_is(tensorflow: None, tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "card.json").touch()
    with pytest.raises(BundleError, match=r"card\.json is not valid JSON: "):
        load_engine(tmp_path)


# With TensorFlow itself.


@pytest.fixture(scope="module")
def networks() -> Any:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    return importlib.import_module("tests.saved_networks")


X = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", ["log_softmax", "tile", "LRN of an odd radius", "LRN of a bias", "counting"])
def test_what_openvino_gets_wrong_is_computed_by_tensorflow(networks: Any, tmp_path: Path, kind: str) -> None:
    version = networks.network(tmp_path / "1", networks.WRONG[kind])
    engine = load_engine(version)
    assert engine.name.startswith("TensorFlow ")
    networks.state().assign(1.0)
    expected = networks.WRONG[kind](X)["y"].numpy()
    np.testing.assert_allclose(run(engine, "serving_default", {"x": X})["y"], expected, rtol=1e-4, atol=1e-4)


AT_WORST = r"its output y has at worst -?\d.* instead of -?\d.*"
DIFFERENCES = {
    "log_softmax": AT_WORST,
    "tile": r"its output y is float32 of shape \[1, 24, 16, 4\] instead of float32 of shape \[1, 16, 8, 12\]",
    "LRN of an odd radius": AT_WORST,
    "LRN of a bias": AT_WORST,
    "counting": AT_WORST,
    "asserting": r"TensorFlow .* f32 refuses some: assertion failed: .*",
    "a batch of two": r"TensorFlow .* f32 refuses some: Shape of tensor .*",
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_what_openvino_gets_wrong_is_refused_where_it_is_asked_for(
    networks: Any, tmp_path: Path, kind: str
) -> None:
    version = networks.network(tmp_path / "1", networks.WRONG[kind])
    told = (
        f"^OpenVINO does not compute the model in {version} as TensorFlow does: for random inputs "
        rf"{DIFFERENCES[kind]}\. Leave out --engine openvino, and TensorFlow computes it\.$"
    )
    with pytest.raises(BundleError, match=told):
        load_engine(version, engine="openvino")


@pytest.mark.parametrize("write", ["exported", "saved", "frozen", "version_1"])
def test_a_usual_classifier_passes(
    networks: Any, tmp_path: Path, write: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    version = getattr(networks, write)(tmp_path / "1")
    engine = load_engine(version, engine="openvino")
    assert engine.name == "OpenVINO f32"
    assert caplog.messages[-1] == f"OpenVINO computes {version} for random inputs as TensorFlow does."
