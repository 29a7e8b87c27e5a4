from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kuzov.errors import ErrorCode
from kuzov.serve.limits import Limits
from kuzov.serve.rpc.request import LARGE_BYTES
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy, to_numpy
from tests.serve.rpc.conftest import Site, floats, model_spec, refusal

X = {"x": floats(1.0, 2.0, 5.0)}


def request(
    inputs: Mapping[str, messages.TensorProto],
    signature: str = "",
    only: tuple[str, ...] = (),
    **version: Any,
) -> messages.PredictRequest:
    return messages.PredictRequest(
        model_spec=model_spec(signature, **version), inputs=inputs, output_filter=only
    )


def test_predict_half_plus_two(site: Site) -> None:
    answer = site.call("Predict", request(X))
    y = answer.outputs["y"]
    assert list(y.float_val) == [2.5, 3.0, 4.5]
    assert (y.dtype, [dim.size for dim in y.tensor_shape.dim], y.tensor_content) == (
        messages.DT_FLOAT,
        [3],
        b"",
    )
    assert answer.model_spec == model_spec("serving_default", version=124)


def test_tensors_may_come_and_go_as_tensor_content(site: Site) -> None:
    content = from_numpy(np.array([[1.0, 2.0]], np.float32), as_content=True)
    answer = site.call("Predict", request({"x": content}), tensor_content=True)
    assert answer.outputs["y"] == from_numpy(np.array([[2.5, 3.0]], np.float32), as_content=True)


def test_fewer_values_than_the_shape_repeat_the_last_and_no_shape_is_a_scalar(site: Site) -> None:
    short = floats(1.0, 2.0, 2.0)
    del short.float_val[2:]
    assert list(site.call("Predict", request({"x": short})).outputs["y"].float_val) == [2.5, 3.0, 3.0]
    scalar = messages.TensorProto(dtype=messages.DT_FLOAT, float_val=[1.0])
    y = site.call("Predict", request({"x": scalar})).outputs["y"]
    assert y.tensor_shape == messages.TensorShapeProto()


def test_a_large_request_and_a_large_answer_lose_nothing(site: Site) -> None:
    x = np.arange(LARGE_BYTES // 4 + 4, dtype=np.float32).reshape(4, -1)
    answer = site.call("Predict", request({"x": from_numpy(x, as_content=True)}))
    assert np.array_equal(to_numpy(answer.outputs["y"]), x / 2 + 2)


def misshapen() -> messages.TensorProto:
    tensor = floats(1.0, 2.0)
    tensor.tensor_content = b"abc"
    return tensor


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (messages.PredictRequest(inputs=X), "Missing ModelSpec"),
        (
            request({"z": floats(1.0)}, "with_default"),
            "Inputs contains invalid name. Used request inputs: , request input: z",
        ),
        (request({"x": misshapen()}), "tensor parsing error: x"),
        (request({"x": messages.TensorProto(dtype=messages.DT_RESOURCE)}), "tensor parsing error: x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_refused_in_tensorflow_servings_words(
    site: Site, refused: messages.PredictRequest, text: str
) -> None:
    assert refusal(lambda: site.call("Predict", refused)) == ("INVALID_ARGUMENT", text)


def test_a_small_message_may_not_stand_for_a_huge_tensor(site: Site) -> None:
    site.limits = Limits(max_body_bytes=1000, max_inflated_bytes=2000)
    huge = floats(1.0)
    huge.tensor_shape.dim[0].size = 501
    text = (
        "Input 'x' has 2004 bytes by its shape, but this server takes at most 2000 at a time. "
        "Send them in several requests."
    )
    assert refusal(lambda: site.call("Predict", request({"x": huge}))) == ("INVALID_ARGUMENT", text)


def test_there_may_not_be_too_many_strings(site: Site) -> None:
    site.limits = Limits(max_rows=2)
    text = "The request has 3 rows, but this server takes at most 2 at a time. Send them in several requests."
    three = from_numpy(np.array([b"a", b"b", b"c"], np.object_))
    refused = refusal(lambda: site.call("Predict", request({"x": three}, "string")))
    assert refused == ("INVALID_ARGUMENT", text)
    assert site.call("Predict", request(X)).outputs["y"].float_val, "numbers have no limit but their size"


def test_the_journal_knows_what_was_asked(site: Site) -> None:
    asked = request(X, label="stable")
    answer = site.call("Predict", asked)
    refusal(lambda: site.call("Predict", request(X, "S")))
    done, refused = site.records
    assert (done.protocol, done.method, done.path) == (
        "GRPC",
        "Predict",
        "/tensorflow.serving.PredictionService/Predict",
    )
    assert (done.api, done.model, done.version, done.signature) == ("Predict", "m", 123, "serving_default")
    assert (done.rows, done.status) == (3, None)
    assert (done.bytes_in, done.bytes_out) == (asked.ByteSize(), answer.ByteSize())
    assert (refused.model, refused.signature, refused.status) == ("m", "S", ErrorCode.FAILED_PRECONDITION)
