from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.engine.engine import run
from kuzov.engine.tensorflow import TensorFlowEngine, load
from kuzov.errors import BundleError, ErrorCode, MissingExtraError, RequestError

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from tests import saved_models, saved_networks
from tests.errors import raises


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def half_plus_two(folder: Path) -> TensorFlowEngine:
    return load(saved_models.half_plus_two(folder / "half_plus_two" / "123"))


@pytest.fixture(scope="module")
def tf2(folder: Path) -> TensorFlowEngine:
    return load(saved_models.half_plus_two_tf2(folder / "half_plus_two_tf2" / "123"))


@pytest.fixture(scope="module")
def many_types(folder: Path) -> TensorFlowEngine:
    return load(saved_models.many_types(folder / "many_types" / "123"))


def floats(values: Any) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32)


def strings(*values: bytes) -> npt.NDArray[Any]:
    return np.array(values, np.object_)


def test_it_serves_all_signatures(half_plus_two: TensorFlowEngine, tf2: TensorFlowEngine) -> None:
    assert half_plus_two.name.startswith("TensorFlow 2.")
    assert half_plus_two.name.endswith(" f32")
    assert {"classify_x_to_y", "regress_x_to_y", "serving_default"} <= half_plus_two.signatures.keys()
    assert sorted(tf2.signatures) == ["__saved_model_init_op", "serving_default"]
    assert not any(half_plus_two.batched(name) for name in half_plus_two.signatures)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[1], [2], [5]], [[2.5], [3.0], [4.5]]),
        ([1, 2, 5], [2.5, 3.0, 4.5]),
        ([[1, 2], [5, -4]], [[2.5, 3.0], [4.5, 0.0]]),
        (2, 3.0),
        (np.zeros((0, 1)), []),
    ],
)
def test_any_shape_goes_where_the_signature_says_n_by_1(
    half_plus_two: TensorFlowEngine, tf2: TensorFlowEngine, x: Any, y: Any
) -> None:
    for engine in (half_plus_two, tf2):
        output = run(engine, "serving_default", {"x": floats(x)})["y"]
        assert (output.tolist(), output.shape, output.dtype.name) == (y, np.shape(x), "float32")


def test_the_inputs_are_left_as_they_are(half_plus_two: TensorFlowEngine) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    matrix.flags.writeable = False
    output = run(half_plus_two, "serving_default", {"x": matrix.T})["y"]  # not contiguous
    assert output.tolist() == [[2.0, 3.5], [2.5, 4.0], [3.0, 4.5]]
    assert matrix.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("name", [name for name in saved_models.MANY_TYPES if name != "string"])
def test_numbers_of_all_types(many_types: TensorFlowEngine, name: str) -> None:
    x = np.array([0, 1], saved_models.MANY_TYPES[name].as_numpy_dtype)
    y = run(many_types, name, {"x": x})["y"]
    assert y.dtype == x.dtype
    assert np.array_equal(y, x)


def test_strings_are_bytes(many_types: TensorFlowEngine) -> None:
    column = strings(b"", b"a\0b\0", "кузов".encode(), b"\xff")
    y = run(many_types, "string", {"x": column})["y"]
    assert (y.tolist(), y.dtype.name) == (column.tolist(), "object")
    scalar = run(many_types, "string", {"x": np.array(b"a\0", np.object_)})["y"]
    assert (scalar.item(), scalar.dtype.name, scalar.ndim) == (b"a\0", "object", 0)
    assert run(many_types, "string", {"x": strings()})["y"].shape == (0,)


def test_several_inputs_and_outputs(many_types: TensorFlowEngine) -> None:
    inputs = {
        "string": strings(b"a", b"b"),
        "bool": np.array([True, False]),
        "float": floats([1, 2]),
        "int64": np.array([3, 4], np.int64),
    }
    outputs = run(many_types, "serving_default", inputs)
    assert {name: output.tolist() for name, output in outputs.items()} == {
        "float": [1.0, 2.0],
        "int64": [3, 4],
        "bool": [True, False],
        "string": [b"a", b"b"],
        "string_bytes": [b"a", b"b"],
    }


@pytest.mark.parametrize("shape", [(32, 32, 3), (1, 1, 32, 32, 3)])
def test_an_image_of_another_rank_is_refused_before_a_convolution_sees_it(
    folder: Path, shape: tuple[int, ...]
) -> None:
    engine = load(saved_networks.exported(folder / f"classifier{len(shape)}" / "1"))
    [name] = engine.signatures["serving_default"].inputs
    with raises(RequestError, f"Input {name} has {len(shape)} dimensions; the model takes 4."):
        run(engine, "serving_default", {name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize(
    ("signature", "inputs", "text"),
    [
        (
            "serving_default",
            {"x": np.array([1, 2], np.int32)},
            "Type mismatch: actual int32 vs. expect float\n\t [[{{node _arg_x_0_0}}]]",
        ),
        (
            "regress_x_to_y",
            {"inputs": strings(b"a")},
            "Could not parse example input, value: 'a'\n\t [[{{node ParseExample/ParseExampleV2}}]]",
        ),
        (
            "regress_x_to_y",
            {"inputs": strings(b"\xff\xfe")},
            "Could not parse example input, value: '\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'\n"
            "\t [[{{node ParseExample/ParseExampleV2}}]]",
        ),
    ],
)
def test_what_the_graph_refuses(
    half_plus_two: TensorFlowEngine, signature: str, inputs: dict[str, Any], text: str
) -> None:
    with raises(RequestError, text, ErrorCode.INVALID):
        run(half_plus_two, signature, inputs)


def test_an_operation_is_no_output(tf2: TensorFlowEngine) -> None:
    with pytest.raises(RequestError) as caught:
        run(tf2, "__saved_model_init_op", {})
    assert caught.value.code == ErrorCode.OUT_OF_RANGE
    assert str(caught.value) == "Node 'NoOp' (type: 'NoOp', num of outputs: 0) does not have output 0"


def test_threads_load_and_ask_at_once(folder: Path) -> None:
    version = saved_models.half_plus_two(folder / "threads" / "123")
    start = threading.Barrier(4)
    answers: list[Any] = []

    def load_and_ask(number: int) -> None:
        start.wait(10)
        engine = load(version)
        answers.extend(run(engine, "serving_default", {"x": floats([number])})["y"] for _ in range(10))

    threads = [threading.Thread(target=load_and_ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [2.0] * 10 + [2.5] * 10 + [3.0] * 10 + [3.5] * 10


def test_dropping_the_engine_frees_the_graph_at_once(folder: Path) -> None:
    version = saved_models.half_plus_two_tf2(folder / "dropped" / "123")
    gc.collect()
    gc.disable()  # so that what goes, goes without it
    try:
        engine = load(version)
        run(engine, "serving_default", {"x": floats([1])})
        held = [weakref.ref(each) for each in (engine, engine._session, engine._session.graph)]
        del engine
        assert [each() for each in held] == [None, None, None]
    finally:
        gc.enable()


def lose_the_variables(version: Path) -> None:
    for file in (version / "variables").iterdir():
        file.unlink()


def cut_the_variables_short(version: Path) -> None:
    (version / "variables" / "variables.data-00000-of-00001").write_bytes(b"")


def use_an_unknown_operation(version: Path) -> None:
    file = version / "saved_model.pb"
    file.write_bytes(file.read_bytes().replace(b"AddV2", b"AddV9"))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lose_the_variables, "The passed save_path is not a valid checkpoint: {version}/variables/variables"),
        (cut_the_variables_short, "Read less bytes than requested"),
        (use_an_unknown_operation, f"Op type not registered 'AddV9' in binary running on {gethostname()}"),
    ],
)
def test_a_model_that_can_not_be_loaded_is_told(
    tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    version = saved_models.half_plus_two(tmp_path / "123")
    spoil(version)
    with raises(
        BundleError, f"TensorFlow can't load the model in {version}: {reason.format(version=version)}."
    ):
        load(version)


def test_without_tensorflow_it_says_what_to_install(
    half_plus_two: TensorFlowEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with raises(
        MissingExtraError,
        "Serving a model with TensorFlow needs packages that are not installed. Install them with: "
        "pip install 'kuzov[fine-tune]'",
    ):
        load(folder / "half_plus_two" / "123")


@pytest.mark.slow
def test_tensorflow_is_imported_late_and_without_a_word(
    half_plus_two: TensorFlowEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    program = """
import sys
from pathlib import Path
from kuzov.engine.tensorflow import load
assert "tensorflow" not in sys.modules
load(Path(sys.argv[1]))
print("loaded", file=sys.stderr)
"""
    version = folder / "half_plus_two" / "123"
    done = subprocess.run(
        [sys.executable, "-c", program, version], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "loaded\n")
