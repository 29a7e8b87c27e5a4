from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov.bundle.layout import WARMUP_REQUESTS
from kuzov.errors import BundleError, ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec
from kuzov.serve.repository.servable import Servable
from kuzov.serve.repository.warmup import WarmupCall, warm_up, warmup_calls
from kuzov.wire import messages
from kuzov.wire.messages import PredictionLog
from kuzov.wire.tensors import from_numpy
from kuzov.wire.tf_record import checksum
from tests.errors import raises
from tests.serve.engines import PlainEngine


def write(version_dir: Path, logs: Sequence[PredictionLog | bytes]) -> Path:
    """Write a version's warm-up file."""
    file = version_dir / WARMUP_REQUESTS
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        for log in logs:
            record = log if isinstance(log, bytes) else log.SerializeToString()
            for part in (len(record).to_bytes(8, "little"), record):
                out.write(part + checksum(part))
    return file


def predict(signature: str = "", **inputs: messages.TensorProto) -> PredictionLog:
    request = messages.PredictRequest(model_spec=messages.ModelSpec(signature_name=signature), inputs=inputs)
    return PredictionLog(predict_log=messages.PredictLog(request=request))


def example(**features: int) -> messages.Example:
    made = messages.Example()
    for name, value in features.items():
        made.features.feature[name].int64_list.value.append(value)
    return made


def example_list(*examples: messages.Example) -> messages.Input:
    return messages.Input(example_list=messages.ExampleList(examples=examples))


def classify(signature: str, *examples: messages.Example) -> PredictionLog:
    spec = messages.ModelSpec(signature_name=signature)
    request = messages.ClassificationRequest(model_spec=spec, input=example_list(*examples))
    return PredictionLog(classify_log=messages.ClassifyLog(request=request))


X = np.array([1, 2], np.float32)


def spec(dtype: str) -> TensorSpec:
    return TensorSpec(dtype=dtype, shape=(-1,), name="x:0")


class Recorder(PlainEngine):
    """An engine that notes what it is asked to compute."""

    name = "recorder"
    signatures: Mapping[str, Signature] = {
        "serving_default": Signature(
            inputs={"x": spec("DT_FLOAT"), "k": spec("DT_INT32")},
            outputs={},
            method_name="",
            defaults={"k": np.array([3], np.int32)},
        ),
        "classify": Signature(inputs={"inputs": spec("DT_STRING")}, outputs={}, method_name=""),
        "refusing": Signature(inputs={"x": spec("DT_FLOAT")}, outputs={}, method_name=""),
    }

    def __init__(self) -> None:
        self.computed: list[tuple[str, dict[str, Any]]] = []

    def infer(self, network: str, tensors: Tensors) -> Tensors:
        if network == "refusing":
            raise RequestError(ErrorCode.INVALID, "x is too short.")
        self.computed.append((network, {name: array.tolist() for name, array in tensors.items()}))
        return {}


def servable(engine: Recorder) -> Servable:
    return Servable(name="m", version=1, engine=engine, card=None)


def test_each_request_runs_as_often_as_asked(tmp_path: Path) -> None:
    write(tmp_path, [predict(x=from_numpy(X)), classify("classify", example(a=1))])
    engine = Recorder()
    warm_up(servable(engine), tmp_path, 2)
    first = ("serving_default", {"x": [1, 2], "k": [3]})
    second = ("classify", {"inputs": [example(a=1).SerializeToString()]})
    assert engine.computed == [first, first, second, second]


def test_a_version_without_requests_is_warm(tmp_path: Path) -> None:
    engine = Recorder()
    warm_up(servable(engine), tmp_path, 1)
    assert engine.computed == []


def test_a_prediction_asks_with_its_tensors(tmp_path: Path) -> None:
    grey = messages.TensorProto(dtype="DT_FLOAT", float_val=[127])
    grey.tensor_shape.dim.add(size=3)
    write(tmp_path, [predict("bytes", x=from_numpy(np.array([b"photo"], np.object_))), predict(x=grey)])
    first, second = warmup_calls(tmp_path)
    assert (first.record, first.signature, first.inputs["x"].tolist()) == (1, "bytes", [b"photo"])
    assert (second.record, second.signature, second.inputs["x"].tolist()) == (2, "serving_default", [127] * 3)


def test_the_other_kinds_ask_with_examples(tmp_path: Path) -> None:
    default, named = messages.ModelSpec(name="m"), messages.ModelSpec(signature_name="named")
    context = messages.ExampleListWithContext(examples=[example(a=1)], context=example(b=2))
    regression = messages.RegressionRequest(
        model_spec=default, input=messages.Input(example_list_with_context=context)
    )
    tasks = [messages.InferenceTask(model_spec=named), messages.InferenceTask(model_spec=default)]
    several = messages.MultiInferenceRequest(tasks=tasks, input=example_list(example(a=3)))
    write(
        tmp_path,
        [
            classify("named", example(a=1), example(a=2)),
            PredictionLog(regress_log=messages.RegressLog(request=regression)),
            PredictionLog(multi_inference_log=messages.MultiInferenceLog(request=several)),
            PredictionLog(),
        ],
    )

    def read(call: WarmupCall) -> tuple[int, str, list[messages.Example]]:
        assert list(call.inputs) == ["inputs"]
        examples = [messages.Example.FromString(each) for each in call.inputs["inputs"]]
        return call.record, call.signature, examples

    assert [read(call) for call in warmup_calls(tmp_path)] == [
        (1, "named", [example(a=1), example(a=2)]),
        (2, "serving_default", [example(a=1, b=2)]),
        (3, "named", [example(a=3)]),
        (3, "serving_default", [example(a=3)]),
    ]


BROKEN_X = messages.TensorProto(dtype="DT_FLOAT", tensor_content=b"x")
NO_EXAMPLES = PredictionLog(classify_log=messages.ClassifyLog())
SESSION_RUN = PredictionLog(session_run_log=messages.SessionRunLog())


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (predict("refusing", x=from_numpy(X)), "x is too short."),
        (
            predict("none", x=from_numpy(X)),
            'the model has no signature "none"; it has classify, refusing, serving_default',
        ),
        (
            predict(y=from_numpy(X)),
            'the signature "serving_default" takes the inputs k, x, but the request gives k, y',
        ),
        (predict("refusing"), 'the signature "refusing" takes the inputs x, but the request gives none'),
        (
            predict(x=BROKEN_X),
            "tensor parsing error: x: tensor_content has 1 bytes, but the shape needs 4",
        ),
        (NO_EXAMPLES, "Input is empty."),
        (SESSION_RUN, "Unsupported log_type for warmup: 5"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_request_that_fails_is_named(log: PredictionLog, reason: str, tmp_path: Path) -> None:
    file = write(tmp_path, [predict(x=from_numpy(X)), log])
    engine = Recorder()
    with raises(BundleError, f"Warm-up request 2 of {file} fails: {reason}"):
        warm_up(servable(engine), tmp_path, 1)
    assert len(engine.computed) == 1


def test_a_file_of_another_form_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, [])
    file.write_text("model_spec { name: 'm' }")
    with pytest.raises(BundleError) as caught:
        list(warmup_calls(tmp_path))
    assert str(caught.value) == (
        f"{file}: corrupted record at 0 (Is this even a TFRecord file?). "
        "Please verify your warmup data is in TFRecord format."
    )


def test_a_record_that_is_no_request_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, [predict(x=from_numpy(X)), b"\xff\xff"])
    with raises(BundleError, f"Failed to parse warmup record: 2 from {file}"):
        list(warmup_calls(tmp_path))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / WARMUP_REQUESTS).mkdir(parents=True)
    with raises(
        BundleError, f"The warm-up requests {tmp_path / WARMUP_REQUESTS} can't be read: Is a directory."
    ):
        list(warmup_calls(tmp_path))


def test_at_most_a_thousand_records_are_read(tmp_path: Path) -> None:
    write(tmp_path, [predict()] * 1000)
    assert len(list(warmup_calls(tmp_path))) == 1000
    file = write(tmp_path, [predict()] * 1001)
    with raises(BundleError, f"Number of warmup records exceeds the maximum (1000) at {file}"):
        list(warmup_calls(tmp_path))
