from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kuzov.engine.openvino
import kuzov.engine.tensorflow
from kuzov.bundle.saved_model import read_graph
from kuzov.bundle.trace import Tracer
from kuzov.engine.engine import run
from kuzov.engine.portable import TRUSTED, Proof, prove

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
networks: Any = importlib.import_module("tests.saved_networks")
saved_models: Any = importlib.import_module("tests.saved_models")


def assert_same_answers(version: Path, name: str, x: Any) -> None:
    """Both runtimes give the same outputs."""
    inputs = {name: x}
    expected = run(kuzov.engine.tensorflow.load(version), "serving_default", inputs)
    found = run(kuzov.engine.openvino.load(version, "f32"), "serving_default", inputs)
    assert found.keys() == expected.keys()
    for output, tensor in expected.items():
        assert (output, found[output].dtype, found[output].shape) == (output, tensor.dtype, tensor.shape)
        np.testing.assert_allclose(found[output], tensor, rtol=1e-5, atol=1e-5, err_msg=output)


def pixels(*shape: int) -> Any:
    return np.random.default_rng(1).integers(0, 256, shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.mark.parametrize(
    ("write", "signatures"),
    [
        (networks.exported, ("serving_default", "serve")),
        (networks.saved, ("serving_default",)),
        (networks.frozen, ("serving_default",)),
    ],
)
def test_a_classifier_is_openvinos(
    folder: Path, write: Callable[[Path], Path], signatures: tuple[str, ...]
) -> None:
    version = write(folder / write.__name__)
    assert prove(read_graph(version)) == Proof(signatures=signatures)
    (name,) = Tracer(read_graph(version)).signature("serving_default").inputs
    assert_same_answers(version, name, pixels(3, 32, 32, 3).astype(np.float32))


def operations(version: Path) -> set[str]:
    return {each.op for each in Tracer(read_graph(version)).signature("serving_default").operations}


def test_trust_is_earned(folder: Path) -> None:
    modern = networks.every_operation(folder / "modern")
    old = networks.version_1(folder / "old")
    assert operations(modern) | operations(old) == TRUSTED
    for version in (modern, old):
        assert prove(read_graph(version)) == Proof(signatures=("serving_default",))
    assert_same_answers(modern, "x", pixels(3, 8, 8, 3).astype(np.uint8))
    assert_same_answers(old, "image", pixels(3, 8, 8, 3).astype(np.float32))


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_photos_may_be_of_other_whole_numbers(folder: Path, dtype: str) -> None:
    def compute(x: Any) -> dict[str, Any]:
        return {"y": networks.convolution(networks.tf.cast(x, "float32"))}

    version = networks.network(folder / dtype, compute, networks.image(dtype))
    assert prove(read_graph(version)) == Proof(signatures=("serving_default",))
    assert_same_answers(version, "x", (pixels(2, 8, 8, 3) - 128).astype(dtype))


UNKNOWN = "OpenVINO is not known to compute its operation {} as TensorFlow does"


OBSTACLES = {
    "counting": UNKNOWN.format("AssignAddVariableOp"),
    "asserting": UNKNOWN.format("Assert"),
    "ensuring a shape": UNKNOWN.format("EnsureShape"),
    "random": UNKNOWN.format("RandomUniform"),
    "a loop": UNKNOWN.format("StatelessWhile"),
    "a constant": "its output version does not depend on the numbers that it is given",
    "a shape": "its output size does not depend on the numbers that it is given",
    "an input handed on": "its output z is one of its inputs",
    "one tensor twice": "two of its outputs are one tensor",
    "one name twice": "an input and an output are both called x",
    "arithmetic alone": "its input x may be of another rank than the declared one",
    "a flat photo": "its input x may be of another rank than the declared one",
    "a lookup": "its inputs say what is looked up in it, which OpenVINO does not check",
    "double": "its operation Cast is of type DT_DOUBLE",
    "wrapping round": "its operation Cast is of type DT_UINT8",
    "whole numbers": "its operation Mul is of type DT_INT32",
    "long numbers": "its input x is of type DT_INT64",
}


@pytest.mark.parametrize("kind", networks.ODD)
def test_what_openvino_gets_wrong_is_not_its(folder: Path, kind: str) -> None:
    version = networks.network(folder / kind, *networks.ODD[kind])
    assert prove(read_graph(version)) == Proof(obstacle=OBSTACLES[kind])


@pytest.mark.parametrize(
    ("write", "obstacle"),
    [
        (saved_models.half_plus_two, "its input x stands for the result of an operation Identity"),
        (saved_models.counter, "it has no signature serving_default"),
    ],
)
def test_old_models(folder: Path, write: Callable[[Path], Path], obstacle: str) -> None:
    assert prove(read_graph(write(folder / write.__name__))) == Proof(obstacle=obstacle)


def test_a_signature_that_computes_something_else(folder: Path) -> None:
    def double(x: Any) -> dict[str, Any]:
        return {"y": networks.convolution(x) * 2}

    def plain(x: Any) -> dict[str, Any]:
        return {"y": networks.convolution(x)}

    version = networks.network(folder / "two", plain, networks.image(), double=double)
    obstacle = "its signature double computes something else than serving_default"
    assert prove(read_graph(version)) == Proof(obstacle=obstacle)


def test_a_graph_that_starts_by_changing_variables(folder: Path) -> None:
    graph = read_graph(networks.saved(folder / "starting"))
    graph.graph_def.node.add(name="warm", op="AssignAddVariableOp")
    graph.collection_def["legacy_init_op"].node_list.value.append("warm")
    assert prove(graph) == Proof(obstacle="it starts with an operation AssignAddVariableOp")


def test_a_broken_graph(folder: Path) -> None:
    graph = read_graph(networks.saved(folder / "broken"))
    del graph.graph_def.library.function[:]
    assert prove(graph).obstacle.startswith("its graph can't be followed: '__inference_signature_wrapper")
