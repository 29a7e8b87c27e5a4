from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from kuzov.wire import messages

FILES = ("kuzov/wire/tensorflow.proto", "kuzov/wire/serving.proto", "kuzov/wire/error_codes.proto")
# What the package tensorflow-serving-api leaves out.
ONLY_IN_THE_SERVER = {
    f"tensorflow.serving.{name}"
    for name in ("PrometheusConfig", "MonitoringConfig", "SSLConfig", "BatchingParameters")
}


def below(descriptor: Descriptor) -> Iterator[Descriptor]:
    yield descriptor
    for nested in descriptor.nested_types:
        yield from below(nested)


MESSAGES = [
    each
    for name in FILES
    for top in messages.POOL.FindFileByName(name).message_types_by_name.values()
    for each in below(top)
]


@pytest.fixture(scope="module")
def originals() -> descriptor_pool.DescriptorPool:
    """TensorFlow's and TensorFlow Serving's own messages."""
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    for module in (
        "tensorflow.core.example.example_pb2",
        "tensorflow.core.protobuf.saved_model_pb2",
        "tensorflow_serving.apis.model_service_pb2",
        "tensorflow_serving.apis.prediction_log_pb2",
        "tensorflow_serving.apis.prediction_service_pb2",
    ):
        importlib.import_module(module)
    return descriptor_pool.Default()


def shape(field: FieldDescriptor) -> tuple[object, ...]:
    """All that makes a field what it is on the wire, in JSON and in the text form."""
    return (
        field.name,
        field.number,
        field.type,
        field.is_repeated,
        field.is_packed,
        field.json_name,
        field.message_type and field.message_type.full_name,
        field.enum_type and field.enum_type.full_name,
        field.containing_oneof and field.containing_oneof.name,
    )


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.full_name)
def test_every_field_is_tensorflows(message: Descriptor, originals: descriptor_pool.DescriptorPool) -> None:
    if message.full_name in ONLY_IN_THE_SERVER:
        with pytest.raises(KeyError):
            originals.FindMessageTypeByName(message.full_name)
        return
    original = originals.FindMessageTypeByName(message.full_name)
    for field in message.fields:
        assert shape(field) == shape(original.fields_by_name[field.name])


@pytest.mark.parametrize(
    "name", ["DataType", "error.Code", "serving.ModelType", "serving.ModelVersionStatus.State"]
)
def test_every_enum_value_is_tensorflows(name: str, originals: descriptor_pool.DescriptorPool) -> None:
    ours = messages.POOL.FindEnumTypeByName(f"tensorflow.{name}")
    original = originals.FindEnumTypeByName(f"tensorflow.{name}")
    numbers = {value.name: value.number for value in ours.values}
    assert numbers == {value: original.values_by_name[value].number for value in numbers}


def test_the_services_are_tensorflow_servings(originals: descriptor_pool.DescriptorPool) -> None:
    for service, methods in messages.METHODS.items():
        original = originals.FindServiceByName(service)
        assert {
            name: (method.request.DESCRIPTOR.full_name, method.response.DESCRIPTOR.full_name)
            for name, method in methods.items()
        } == {
            method.name: (method.input_type.full_name, method.output_type.full_name)
            for method in original.methods
        }
    assert set(messages.METHODS) == {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
    }
    predict = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"]
    assert predict.path == "/tensorflow.serving.PredictionService/Predict"


def test_metadata_are_packed_under_tensorflow_servings_name() -> None:
    signatures = messages.SignatureDefMap()
    signatures.signature_def["serving_default"].method_name = "tensorflow/serving/predict"
    response = messages.GetModelMetadataResponse()
    response.metadata["signature_def"].Pack(signatures)
    packed = response.metadata["signature_def"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    unpacked = messages.SignatureDefMap()
    assert packed.Unpack(unpacked)
    assert unpacked == signatures


def test_a_version_is_of_this_modules_class() -> None:
    spec = messages.ModelSpec(name="m", version=messages.Int64Value(value=3))
    assert messages.ModelSpec.FromString(spec.SerializeToString()).version.value == 3
    assert spec.WhichOneof("version_choice") == "version"


def test_what_is_not_known_is_kept() -> None:
    logged = bytes.fromhex("0a 03 0a 01 6d 3a 00")  # log_metadata, of which nothing is declared, and log 7
    assert messages.PredictionLog.FromString(logged).SerializeToString() == logged


ORIGINALS = "from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, get_model_metadata_pb2\n"
OURS = "from kuzov.wire import messages\n"
EXCHANGE = """
import numpy, tensorflow
x = tensorflow.make_tensor_proto(numpy.float32([[1, 2]]))
theirs = predict_pb2.PredictRequest(inputs={'x': x}, output_filter=['y'])
theirs.model_spec.version.value = 3
ours = messages.PredictRequest.FromString(theirs.SerializeToString())
assert ours.model_spec.version.value == 3 and list(ours.output_filter) == ['y']
assert ours.inputs['x'].tensor_content == x.tensor_content and len(ours.inputs['x'].tensor_shape.dim) == 2
assert predict_pb2.PredictRequest.FromString(ours.SerializeToString()) == theirs
assert type(ours).DESCRIPTOR.full_name == type(theirs).DESCRIPTOR.full_name and type(ours) is not type(theirs)
print('exchanged')
"""


@pytest.mark.slow
def test_tensorflow_may_be_loaded_before_or_after() -> None:
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    anew = "import sys\nfor name in [*sys.modules]:\n    if name.startswith('kuzov'): del sys.modules[name]\n"
    after, before = OURS + ORIGINALS + EXCHANGE, anew + OURS + EXCHANGE
    ran = subprocess.run([sys.executable, "-c", after + before], capture_output=True, text=True, check=False)
    assert ran.stdout == "exchanged\n" * 2, ran.stderr
