"""What TensorFlow Serving's tests ask of the gRPC port: tensorflow_model_server_test.py and its like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    regression_pb2,
)

from tests.tf_serving.client import CLASSIFY, REGRESS, TIMEOUT_S, Server, a_predict, refusal, with_examples


def signature_defs(folder: Path) -> Any:
    """What the model itself says of its signatures."""
    model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    return model.meta_graphs[0].signature_def


@pytest.mark.parametrize("output_filter", [[], ["y"]])
@pytest.mark.parametrize(("model", "y"), [("half_plus_two", 3.0), ("half_plus_three", 4.0)])
def test_predict(server: Server, model: str, y: float, output_filter: list[str]) -> None:
    answer = server.predict(model, x=[2.0], output_filter=output_filter)
    assert list(answer.outputs) == ["y"]
    output = answer.outputs["y"]
    assert (output.dtype, list(output.float_val), output.tensor_content) == (tf.float32, [y], b"")
    assert [dim.size for dim in output.tensor_shape.dim] == [1]
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == (model, "serving_default", 123)
    assert spec.WhichOneof("version_choice") == "version"


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (
            a_predict("half_plus_two", "regress_x_to_y", inputs=[b"\xff"]),
            "Could not parse example input, value: '\N{REPLACEMENT CHARACTER}'",
        ),
        (
            a_predict("counter", "incr_counter_by", delta=[1.0]),
            "Parameters and update must be the same size",
        ),
    ],
    ids=["example", "update"],
)
def test_what_the_graph_refuses_is_told_in_its_words(server: Server, request_: Any, text: str) -> None:
    code, details = refusal(lambda: server.predictions.Predict(request_, TIMEOUT_S))
    assert (code, details[: len(text)]) == ("INVALID_ARGUMENT", text)


def test_an_input_that_is_left_out_has_its_default(server: Server) -> None:
    assert list(server.predict("tf2").outputs["y"].float_val) == [2.0]
    assert list(server.predict("tf2", x=[4.0]).outputs["y"].float_val) == [4.0]


def test_classify(server: Server) -> None:
    request = with_examples(classification_pb2.ClassificationRequest(), 2.0, 4.0, signature="classify_x_to_y")
    answer = server.predictions.Classify(request, TIMEOUT_S)
    found = [[(each.label, each.score) for each in row.classes] for row in answer.result.classifications]
    assert found == [[("", 3.0)], [("", 4.0)]]
    assert (answer.model_spec.signature_name, answer.model_spec.version.value) == ("classify_x_to_y", 123)


def test_regress(server: Server) -> None:
    request = with_examples(regression_pb2.RegressionRequest(), 2.0, 4.0, signature="regress_x_to_y")
    answer = server.predictions.Regress(request, TIMEOUT_S)
    assert [each.value for each in answer.result.regressions] == [3.0, 4.0]
    assert (answer.model_spec.signature_name, answer.model_spec.version.value) == ("regress_x_to_y", 123)


def test_a_regression_may_lie_about_its_input(server: Server) -> None:
    request = with_examples(
        regression_pb2.RegressionRequest(),
        2.0,
        model="half_plus_three",
        signature="tensorflow/serving/regress",
    )
    answer = server.predictions.Regress(request, TIMEOUT_S)
    assert [each.value for each in answer.result.regressions] == [4.0]


def test_multi_inference(server: Server) -> None:
    request = with_examples(inference_pb2.MultiInferenceRequest(), 2.0)
    wanted = [("regress_x_to_y", REGRESS), ("classify_x_to_y", CLASSIFY), ("regress_x_to_y2", REGRESS)]
    for signature, method in wanted:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "half_plus_two", signature
    results = server.predictions.MultiInference(request, TIMEOUT_S).results
    assert results[0].regression_result.regressions[0].value == 3.0
    assert results[1].classification_result.classifications[0].classes[0].score == 3.0
    assert results[2].regression_result.regressions[0].value == 4.0
    assert [each.model_spec.signature_name for each in results] == [name for name, _ in wanted]
    assert {each.model_spec.version.value for each in results} == {123}


@pytest.mark.parametrize(
    ("model", "version"), [("half_plus_two", "00000123"), ("counter", "123"), ("tf2", "123")]
)
def test_metadata(server: Server, model: str, version: str) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model
    answer = server.predictions.GetModelMetadata(request, TIMEOUT_S)
    found = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found)
    expected = signature_defs(server.folder / model / version)
    assert dict(found.signature_def) == dict(expected)
    spec = answer.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (model, 123, "")

    answer_json = server.get(f"{model}/metadata").json()
    assert answer_json["model_spec"] == {"name": model, "signature_name": "", "version": "123"}
    in_json = json_format.MessageToDict(
        found, always_print_fields_with_no_presence=True, preserving_proto_field_name=True
    )
    assert answer_json["metadata"] == {"signature_def": in_json}


def test_a_counter_counts_for_both_protocols(server: Server) -> None:
    def ask(signature: str, **inputs: Any) -> float:
        output = server.predict("counter", signature, **inputs).outputs["output"]
        assert len(output.tensor_shape.dim) == 0
        found: float = output.float_val[0]
        return found

    assert [ask("reset_counter"), ask("get_counter"), ask("incr_counter"), ask("incr_counter")] == [
        0,
        0,
        1,
        2,
    ]
    assert ask("incr_counter_by", delta=2.5) == 4.5
    by_rest = server.post("counter:predict", {"signature_name": "incr_counter_by", "inputs": 1.5})
    assert by_rest.json() == {"outputs": 6.0}
    assert ask("get_counter") == 6.0
    assert server.post("counter:predict", {"signature_name": "get_counter", "inputs": {}}).json() == {
        "error": "Failed to get input map for signature: get_counter"
    }


@pytest.mark.parametrize(
    ("spec", "version", "y"),
    [
        ({}, 124, 4.0),
        ({"version": 123}, 123, 3.0),
        ({"version": 124}, 124, 4.0),
        ({"label": "stable"}, 123, 3.0),
        ({"label": "canary"}, 124, 4.0),
    ],
)
def test_versions_and_labels(server: Server, spec: dict[str, Any], version: int, y: float) -> None:
    answer = server.predict("two_versions", x=[2.0], **spec)
    assert (answer.model_spec.version.value, list(answer.outputs["y"].float_val)) == (version, [y])
    path = "".join(f"/{kind}s/{value}" for kind, value in spec.items())
    by_rest = server.post(f"two_versions{path}:predict", {"instances": [2.0]})
    assert by_rest.json() == {"predictions": [y]}
    metadata = server.get(f"two_versions{path}/metadata").json()
    assert metadata["model_spec"]["version"] == str(version)


def test_the_status_of_two_versions(server: Server) -> None:
    assert server.states("two_versions") == {124: "AVAILABLE", 123: "AVAILABLE"}
    available = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    both = {"model_version_status": [{"version": each, **available} for each in ("124", "123")]}
    assert server.get("two_versions").json() == both
    assert server.get("two_versions/labels/stable").json() == both
    assert server.get("two_versions/versions/123").json() == {
        "model_version_status": [{"version": "123", **available}]
    }
