from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov.engine.choose import load_engine
from kuzov.engine.engine import run
from kuzov.engine.portable import Proof
from kuzov.errors import BundleError, ConfigError
from kuzov.records import Signature, TensorSpec

Calls = list[tuple[Any, ...]]
Give = Callable[..., None]
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


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Says what the model in an empty folder is."""

    def model(proof: Proof, **signatures: Signature) -> None:
        signatures = signatures or {"serving_default": signature()}
        monkeypatch.setattr("kuzov.engine.choose.read_signatures", lambda _: signatures)
        monkeypatch.setattr("kuzov.engine.choose.read_graph", lambda _: "the graph")
        monkeypatch.setattr("kuzov.engine.choose.prove", {"the graph": proof}.__getitem__)

    return model


def test_a_bundle_goes_to_openvino(
    calls: Calls, tensorflow: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    load_engine(make_bundle(tmp_path), precision="bf16", streams=2)
    assert calls == [("openvino", tmp_path, "bf16", {"streams": 2})]
    assert caplog.messages == [f"OpenVINO serves {tmp_path}: it is a bundle of kuzov's."]


def test_a_model_that_both_compute_alike_goes_to_openvino(
    calls: Calls, tensorflow: None, give: Give, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    give(Proof(signatures=("serving_default",)))
    load_engine(tmp_path, intra_op_parallelism=3, streams=2)
    assert calls == [("openvino", tmp_path, "auto", {"streams": 2})]
    assert caplog.messages == [f"OpenVINO serves {tmp_path}: it computes serving_default as TensorFlow does."]


def test_any_other_goes_to_tensorflow(
    calls: Calls, tensorflow: None, give: Give, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    give(Proof(obstacle="its output z is one of its inputs"))
    load_engine(tmp_path, intra_op_parallelism=3, inter_op_parallelism=1, streams=2)
    assert calls == [("tensorflow", tmp_path, {"intra_op_parallelism": 3, "inter_op_parallelism": 1})]
    assert caplog.messages == [f"TensorFlow serves {tmp_path}: its output z is one of its inputs."]


def test_what_openvino_fails_to_compile_goes_to_tensorflow(
    calls: Calls,
    tensorflow: None,
    give: Give,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    give(Proof(signatures=("serving_default",)))

    def fail(*_: Any, **__: Any) -> None:
        raise BundleError("OpenVINO can't run it: too odd.")

    monkeypatch.setattr("kuzov.engine.openvino.load", fail)
    load_engine(tmp_path)
    assert [call[0] for call in calls] == ["tensorflow"]
    assert caplog.messages[1:] == [f"TensorFlow serves {tmp_path}: OpenVINO can't run it: too odd."]
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda _: None)
    with pytest.raises(BundleError) as caught:
        load_engine(tmp_path)
    assert str(caught.value) == f"OpenVINO can't run it: too odd. {ADVICE}"


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
    calls: Calls, no_tensorflow: None, give: Give, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    give(Proof(obstacle="its signature encode computes something else than serving_default"))
    load_engine(tmp_path)
    assert calls == [("openvino", tmp_path, "auto", {})]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            f"Of {tmp_path} only serving_default is served, and its answers may not be TensorFlow's: "
            f"its signature encode computes something else than serving_default. {ADVICE}",
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
    give: Give,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    signatures: dict[str, Signature],
    reason: str,
) -> None:
    caplog.set_level(logging.INFO, "kuzov")
    give(Proof(signatures=("serving_default",)), **signatures)
    with pytest.raises(BundleError) as caught:
        load_engine(tmp_path)
    assert str(caught.value) == f"OpenVINO can't run the model in {tmp_path}: {reason}. {ADVICE}"
    assert calls == []
    monkeypatch.setattr("kuzov.engine.choose.find_spec", lambda name: f"the spec of {name}")
    load_engine(tmp_path)
    assert [call[0] for call in calls] == ["tensorflow"]
    assert caplog.messages == [f"TensorFlow serves {tmp_path}: {reason}."]


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


def test_a_classifier_of_keras_is_served_by_both_its_signatures(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from tests import saved_networks

    version = saved_networks.exported(tmp_path / "1")
    engine, tensorflow = load_engine(version), load_engine(version, engine="tensorflow")
    assert engine.name == "OpenVINO f32"
    image = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = run(tensorflow, "serving_default", {"image": image})["output_0"]
    for name in ("serving_default", "serve"):
        assert engine.signatures[name] == tensorflow.signatures[name]
        outputs = run(engine, name, {"image": image})
        assert outputs.keys() == {"output_0"}
        np.testing.assert_allclose(outputs["output_0"], expected, atol=1e-5)


def test_a_model_that_counts_does_count(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from tests import saved_networks

    version = saved_networks.network(tmp_path / "1", *saved_networks.ODD["counting"])
    engine = load_engine(version)
    inputs = {"x": np.ones((1, 8, 8, 3), np.float32)}
    first, second = (run(engine, "serving_default", inputs)["y"] for _ in range(2))
    np.testing.assert_allclose(second / first, 1.5, rtol=1e-5)


def test_a_broken_bundle_is_told_as_it_is(tensorflow: None, tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        load_engine(make_bundle(tmp_path))
    assert "card.json" in str(caught.value)
    assert ADVICE not in str(caught.value)
