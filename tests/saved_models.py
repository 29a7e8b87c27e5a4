"""SavedModels of the kinds that TensorFlow Serving is tested with, written by TensorFlow.

Each function writes one version into the folder that it is given, such as `<base>/123`, and returns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo

v1 = tf.compat.v1
PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def half_plus_two(folder: Path) -> Path:
    """y = x/2 + 2, y2 = x/2 + 3, y3 = x2/2 + 3, for numbers or for tf.Examples with the features x and x2.

    x:0 is no placeholder: it is what the examples are parsed to, and `serving_default` feeds it instead.
    """
    with v1.Graph().as_default():
        examples, x, x2 = _parsed_examples()
        a, b, c = (_variable(name, value) for name, value in (("a", 0.5), ("b", 2.0), ("c", 3.0)))
        y = tf.identity(a * x + b, "y")
        y2 = tf.identity(a * x + c, "y2")
        y3 = tf.identity(a * x2 + c, "y3")
        signatures = {
            "serving_default": _signature({"x": x}, {"y": y}, PREDICT),
            "regress_x_to_y": _signature({"inputs": examples}, {"outputs": y}, REGRESS),
            "regress_x_to_y2": _signature({"inputs": examples}, {"outputs": y2}, REGRESS),
            "regress_x2_to_y3": _signature({"inputs": x2}, {"outputs": y3}, REGRESS),
            "classify_x_to_y": _signature({"inputs": examples}, {"scores": y}, CLASSIFY),
            "classify_x2_to_y3": _signature({"inputs": x2}, {"scores": y3}, CLASSIFY),
        }
        return _save(folder, signatures)


def half_plus_three(folder: Path) -> Path:
    """y = x/2 + 3; its regression claims to take DT_FLOAT, but it takes tf.Examples."""
    with v1.Graph().as_default():
        examples, x, _ = _parsed_examples()
        y = tf.identity(_variable("a", 0.5) * x + _variable("b", 3.0), "y")
        regress = _signature({"inputs": examples}, {"outputs": y}, REGRESS)
        regress.inputs["inputs"].dtype = tf.float32.as_datatype_enum
        signatures = {
            "serving_default": _signature({"x": x}, {"y": y}, PREDICT),
            "tensorflow/serving/predict": _signature({"x": x}, {"y": y}, PREDICT),
            "tensorflow/serving/regress": regress,
        }
        return _save(folder, signatures)


def half_plus_two_tf2(folder: Path) -> Path:
    """y = x/2 + 2, as TensorFlow 2 writes it; a gRPC request may leave x out, then it is [0]."""

    class HalfPlusTwo(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.a = tf.Variable(0.5)
            self.b = tf.Variable(2.0)

    model, default = HalfPlusTwo(), tf.constant([0.0])

    def compute(x: Any = default) -> dict[str, Any]:
        return {"y": model.a * x + model.b}

    serve = tf.function(compute, input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    tf.saved_model.save(model, str(folder), {"serving_default": serve})
    return folder


def counter(folder: Path) -> Path:
    """A number that requests change: get, incr, incr_by and reset. It has no default signature."""
    with v1.Graph().as_default():
        value = _variable("counter", 0.0)
        delta = v1.placeholder(tf.float32, (), "delta")
        outputs = {
            "get_counter": value.value(),
            "incr_counter": value.assign_add(1.0, read_value=True),
            "incr_counter_by": value.assign_add(delta, read_value=True),
            "reset_counter": value.assign(0.0, read_value=True),
        }
        signatures = {
            name: _signature(
                {"delta": delta} if name == "incr_counter_by" else {}, {"output": output}, PREDICT
            )
            for name, output in outputs.items()
        }
        return _save(folder, signatures)


MANY_TYPES: Mapping[str, Any] = {
    "float": tf.float32,
    "double": tf.float64,
    "int8": tf.int8,
    "int32": tf.int32,
    "int64": tf.int64,
    "uint8": tf.uint8,
    "uint32": tf.uint32,
    "uint64": tf.uint64,
    "bool": tf.bool,
    "half": tf.float16,
    "bfloat16": tf.bfloat16,
    "complex64": tf.complex64,
    "string": tf.string,
}


def many_types(folder: Path) -> Path:
    """Gives its inputs back.

    `serving_default` takes a float, an int64, a bool and a string column, and also gives the strings as
    `string_bytes`; a signature named after a type takes and gives one column of it, `x` to `y`.
    """
    mixed = {
        name: tf.TensorSpec([None], MANY_TYPES[name], name) for name in ("float", "int64", "bool", "string")
    }

    @tf.function(input_signature=[mixed])  # type: ignore[untyped-decorator]
    def give_back(columns: dict[str, Any]) -> dict[str, Any]:
        outputs = {name: tf.identity(column) for name, column in columns.items()}
        return {**outputs, "string_bytes": tf.identity(columns["string"])}

    def one(dtype: Any) -> Any:
        spec = tf.TensorSpec([None], dtype, "x")
        return tf.function(lambda x: {"y": tf.identity(x)}, input_signature=[spec])

    signatures = {name: one(dtype) for name, dtype in MANY_TYPES.items()}
    tf.saved_model.save(tf.Module(), str(folder), {"serving_default": give_back, **signatures})
    return folder


def _parsed_examples() -> tuple[Any, Any, Any]:
    """The placeholder of the examples, and their features x and x2 (0 where there is none): (N, 1)."""
    examples = v1.placeholder(tf.string, [None], "tf_example")
    features = {
        "x": tf.io.FixedLenFeature([1], tf.float32),
        "x2": tf.io.FixedLenFeature([1], tf.float32, [0.0]),
    }
    parsed = tf.io.parse_example(examples, features)
    return examples, tf.identity(parsed["x"], "x"), tf.identity(parsed["x2"], "x2")


def _variable(name: str, value: float) -> Any:
    return v1.Variable(value, name=name, use_resource=False)


def _signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any], method_name: str) -> Any:
    def infos(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: TensorInfo(
                name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto()
            )
            for name, tensor in tensors.items()
        }

    return SignatureDef(inputs=infos(inputs), outputs=infos(outputs), method_name=method_name)


def _save(folder: Path, signatures: Mapping[str, Any]) -> Path:
    """Write the graph under construction with the initial values of its variables."""
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], dict(signatures))
        builder.save()
    return folder
