from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov.engine.choose import load_engine
from kuzov.engine.engine import run
from kuzov.errors import BundleError, ConfigError
from kuzov.records import Signature, TensorSpec

Calls = list[tuple[Any, ...]]
ADVICE = "TensorFlow may run it: pip install 'kuzov[train]'."


def signature(
    *,
    x: str = "DT_FLOAT",
    y: str = "DT_FLOAT",
    shape: tuple[int, ...] | None = (-1, 1),
    defaults: Mapping[str, Any] | None = None,
) -> Signature:
    return Signature(
        inputs={"x": TensorSpec(dtype=x, shape=shape, name="x:0")},
        outputs={"y": TensorSpec(dtype=y, shape=(-1, 1), name="y:0")},
        method_name="tensorflow/serving/predict",
        defaults=defaults or {},
    )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What would have been loaded, instead of loading it."""
    found: Calls = []
    for name in ("openvino", "tensorflow"):

        def load(*args: Any, name: str = name, **options: Any) -> str:
            found.append((name, *args, options))
            return name

        monkeypatch.setattr(f"kuzov.engine.{name}.load", load)
    return found


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda name: f"the spec of {name}")


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda _: None)


def make_bundle(version: Path) -> Path:
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "card.json").touch()
    return version


def give_signatures(monkeypatch: pytest.MonkeyPatch, signatures: Mapping[str, Signature]) -> None:
    monkeypatch.setattr("kuzov.engine.choose.read_signatures", lambda _: signatures)


def test_a_bundle_goes_to_openvino(
    calls: Calls, tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    load_engine(make_bundle(tmp_path), precision="bf16", streams=2)
    assert calls == [("openvino", tmp_path, "bf16", {"streams": 2})]
    assert caplog.messages == [f"OpenVINO serves {tmp_path}: it is a bundle of kuzov's."]


def test_a_model_from_elsewhere_goes_to_tensorflow(
    calls: Calls, tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    load_engine(tmp_path, intra_op_parallelism=3, inter_op_parallelism=1, streams=2)
    assert calls == [("tensorflow", tmp_path, {"intra_op_parallelism": 3, "inter_op_parallelism": 1})]
    assert caplog.messages == [
        f"TensorFlow serves {tmp_path}: it is a SavedModel from elsewhere, and TensorFlow is installed."
    ]


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
def test_an_engine_may_be_asked_for(
    calls: Calls, no_tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture, engine: str
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    load_engine(make_bundle(tmp_path), engine=engine)
    assert [call[0] for call in calls] == [engine]
    assert caplog.messages[0].endswith(f" serves {tmp_path}: it is asked for.")


def test_no_such_engine(calls: Calls, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_engine(tmp_path, engine="onnx")
    assert str(caught.value) == "There is no engine 'onnx'; choose from auto, openvino, tensorflow."
    assert calls == []


def test_without_tensorflow_openvino_serves_what_it_can(
    calls: Calls,
    no_tensorflow: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    names = ("serving_default", "serve", "encode", "__saved_model_init_op")
    give_signatures(monkeypatch, {name: signature() for name in names})
    load_engine(tmp_path)
    assert calls == [("openvino", tmp_path, "auto", {})]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            f"Of {tmp_path} only serving_default is served, not encode, serve. "
            "TensorFlow would serve all: pip install 'kuzov[train]'.",
        ),
        ("INFO", f"OpenVINO serves {tmp_path}: TensorFlow is not installed."),
    ]


@pytest.mark.parametrize(
    ("signatures", "reason"),
    [
        ({"get_counter": signature()}, "it has no signature serving_default"),
        (
            {"serving_default": signature(defaults={"x": np.zeros(1)})},
            "a request may leave out its input x",
        ),
        ({"serving_default": signature(x="DT_STRING")}, "its input x is of type DT_STRING"),
        ({"serving_default": signature(y="DT_BFLOAT16")}, "its output y is of type DT_BFLOAT16"),
        ({"serving_default": signature(shape=None)}, "its input x is of any rank"),
    ],
)
def test_what_openvino_can_not_serve(
    calls: Calls,
    no_tensorflow: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    signatures: Mapping[str, Signature],
    reason: str,
) -> None:
    give_signatures(monkeypatch, signatures)
    with pytest.raises(BundleError) as caught:
        load_engine(tmp_path)
    assert str(caught.value) == f"OpenVINO can't run the model in {tmp_path}: {reason}. {ADVICE}"
    assert calls == []


def test_tensorflow_computes_what_openvino_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from tests import saved_models

    version = saved_models.half_plus_two(tmp_path / "123")
    engine = load_engine(version)
    outputs = run(engine, "serving_default", {"x": np.array([1, 2, 5], np.float32)})
    assert outputs["y"].tolist() == [2.5, 3.0, 4.5]
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda _: None)
    with pytest.raises(BundleError) as caught:
        load_engine(version)
    assert str(caught.value).startswith(f"OpenVINO can't run the model in {version}: ")
    assert str(caught.value).endswith(ADVICE)


def test_openvino_agrees_on_a_plain_model(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from tests import saved_models

    version = saved_models.matrix_half_plus_two(tmp_path / "1")
    x = np.array([[[1, 2], [5, -4]]], np.float32)
    for engine in ("openvino", "tensorflow"):
        outputs = run(load_engine(version, engine=engine), "serving_default", {"x": x})
        assert outputs["y"].tolist() == [[[2.5, 3.0], [4.5, 0.0]]]


def test_a_broken_bundle_is_told_as_it_is(tensorflow: None, tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        load_engine(make_bundle(tmp_path))
    assert "card.json" in str(caught.value)
    assert ADVICE not in str(caught.value)
