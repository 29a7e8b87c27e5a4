from __future__ import annotations

import numpy as np

from kuzov.records import Signature, TensorSpec
from kuzov.serve.rpc.signature_defs import signature_def_map
from kuzov.wire import messages


def test_a_signature_is_described_as_tensorflow_does() -> None:
    signature = Signature(
        inputs={"x": TensorSpec(dtype="DT_FLOAT", shape=(-1, 3), name="x:0")},
        outputs={"y": TensorSpec(dtype="DT_STRING", shape=None, name="StatefulPartitionedCall:0")},
        method_name="tensorflow/serving/predict",
        defaults={"x": np.array([0.5], np.float32)},
    )
    found = signature_def_map({"s": signature}).signature_def["s"]
    x, y = found.inputs["x"], found.outputs["y"]
    assert (x.name, x.dtype) == ("x:0", messages.DT_FLOAT)
    assert [dim.size for dim in x.tensor_shape.dim] == [-1, 3]
    assert not x.tensor_shape.unknown_rank
    assert (y.name, y.dtype, y.tensor_shape.unknown_rank) == (
        "StatefulPartitionedCall:0",
        messages.DT_STRING,
        True,
    )
    assert found.method_name == "tensorflow/serving/predict"
    assert list(found.defaults["x"].float_val) == [0.5]
