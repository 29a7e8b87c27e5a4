from __future__ import annotations

import numpy as np

from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import ClassifyAnswer, RegressAnswer
from kuzov.serve.rpc.response import (
    classification_result,
    inference_result,
    regression_result,
    signature_def_map,
    write_spec,
)
from kuzov.wire import messages
from tests.serve.rpc.conftest import model_spec

CLASSES = ClassifyAnswer(
    model="m", version=1, signature_name="s", results=[[(b"qashqai", 0.75), (b"\xff", 0.25)], []]
)
NUMBERS = RegressAnswer(model="m", version=1, signature_name="s", results=[0.5, 2.0])


def test_each_example_has_its_classes() -> None:
    first, second = classification_result(CLASSES).classifications
    assert [(each.label, each.score) for each in first.classes] == [("qashqai", 0.75), ("�", 0.25)]
    assert len(second.classes) == 0


def test_each_example_has_its_number() -> None:
    assert [each.value for each in regression_result(NUMBERS).regressions] == [0.5, 2.0]


def test_a_task_gives_the_one_or_the_other() -> None:
    assert inference_result(CLASSES) == messages.InferenceResult(
        classification_result=classification_result(CLASSES)
    )
    assert inference_result(NUMBERS) == messages.InferenceResult(regression_result=regression_result(NUMBERS))


def test_an_answer_says_the_number_of_its_version() -> None:
    message = messages.ModelSpec()
    write_spec(message, NUMBERS)
    assert message == model_spec("s", version=1)


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
