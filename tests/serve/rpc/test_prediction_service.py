from __future__ import annotations

import numpy as np
import pytest
from google.protobuf.message import Message

from kuzov.records import Signature, TensorSpec
from kuzov.serve.rpc.request import LARGE_BYTES
from kuzov.serve.rpc.response import signature_def_map
from kuzov.wire import messages
from tests.serve.rpc.conftest import Site, example, examples, model_spec, refusal

TWO = examples(example(x=1.0), example(xyz=2.0))
CLASSIFICATION = messages.ClassificationRequest(model_spec=model_spec("classify"), input=TWO)


def regression(found: messages.Input = TWO) -> messages.RegressionRequest:
    return messages.RegressionRequest(model_spec=model_spec("regress"), input=found)


def metadata(*fields: str) -> messages.GetModelMetadataRequest:
    return messages.GetModelMetadataRequest(model_spec=model_spec(), metadata_field=fields)


def test_classify(site: Site) -> None:
    answer = site.call("Classify", CLASSIFICATION)
    assert [
        [(each.label, each.score) for each in classes.classes] for classes in answer.result.classifications
    ] == [[("qashqai", 0.75), ("�", 0.25)]] * 2
    assert answer.model_spec == model_spec("classify", version=124)


def test_a_large_request_loses_nothing(site: Site) -> None:
    photo = messages.Feature(bytes_list=messages.BytesList(value=[bytes(LARGE_BYTES)]))
    found = messages.Example(features=messages.Features(feature={"photo": photo}))
    answer = site.call("Regress", regression(found=examples(found, example(x=1.0))))
    assert [each.value for each in answer.result.regressions] == [found.ByteSize(), example(x=1.0).ByteSize()]


def test_the_journal_knows_what_was_asked(site: Site) -> None:
    regress = messages.InferenceTask(
        model_spec=model_spec("regress"), method_name="tensorflow/serving/regress"
    )
    site.call("Classify", CLASSIFICATION)
    site.call("Regress", regression())
    site.call("MultiInference", messages.MultiInferenceRequest(tasks=[regress], input=TWO))
    site.call("GetModelMetadata", metadata("signature_def"))
    assert [(each.method, each.api, each.model, each.version, each.rows) for each in site.records] == [
        ("Classify", "Classify", "m", 124, 2),
        ("Regress", "Regress", "m", 124, 2),
        ("MultiInference", None, "m", 124, 2),
        ("GetModelMetadata", None, "m", 124, 0),
    ]


NAMELESS = messages.ModelSpec()


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("Classify", messages.ClassificationRequest(), "Missing ModelSpec"),
        ("Regress", messages.RegressionRequest(), "Missing ModelSpec"),
        ("Regress", messages.RegressionRequest(model_spec=NAMELESS), "ModelSpec has no name specified."),
        ("MultiInference", messages.MultiInferenceRequest(), "ModelSpec has no name specified."),
        (
            "MultiInference",
            messages.MultiInferenceRequest(
                tasks=[messages.InferenceTask(model_spec=model_spec()), messages.InferenceTask()]
            ),
            "Found ModelSpec with an empty model name.",
        ),
        ("GetModelMetadata", messages.GetModelMetadataRequest(), "Missing ModelSpec"),
        (
            "GetModelMetadata",
            metadata(),
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        ("GetModelMetadata", metadata("signature_def", "F"), "Metadata field F is not supported"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_refused_in_tensorflow_servings_words(
    site: Site, method: str, request_: Message, text: str
) -> None:
    assert refusal(lambda: site.call(method, request_)) == ("INVALID_ARGUMENT", text)


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
