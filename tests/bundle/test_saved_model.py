from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bundle.saved_model import read_signatures, warmup_requests
from kuzov.errors import BundleError
from kuzov.records import Signature, TensorSpec
from kuzov.wire import messages
from tests.errors import raises


@pytest.fixture(scope="module")
def half_plus_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel that kuzov did not make, with open, fixed and no shapes."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed; it writes the SavedModel")

    half = tf.function(
        lambda x: {"y": x / 2 + 2}, input_signature=[tf.TensorSpec((None, 3), tf.float32, "x")]
    )
    repeat = tf.function(
        lambda text, n: {"text": tf.identity(text), "n": n + 1},
        input_signature=[tf.TensorSpec(None, tf.string, "text"), tf.TensorSpec((), tf.int64, "n")],
    )
    folder = tmp_path_factory.mktemp("half_plus_two")
    tf.saved_model.save(tf.Module(), str(folder), {"serving_default": half, "repeat": repeat})
    return folder


def test_signatures_are_read_as_tensorflow_wrote_them(half_plus_two: Path) -> None:
    signatures = read_signatures(half_plus_two)
    method = "tensorflow/serving/predict"
    (output,) = signatures["serving_default"].outputs.values()  # its name is up to TensorFlow
    assert signatures["serving_default"] == Signature(
        inputs={"x": TensorSpec(dtype="DT_FLOAT", shape=(-1, 3), name="serving_default_x:0")},
        outputs={"y": TensorSpec(dtype="DT_FLOAT", shape=(-1, 3), name=output.name)},
        method_name=method,
    )
    repeat = signatures["repeat"]
    assert repeat.inputs == {
        "text": TensorSpec(dtype="DT_STRING", shape=None, name="repeat_text:0"),
        "n": TensorSpec(dtype="DT_INT64", shape=(), name="repeat_n:0"),
    }
    assert {name: (spec.dtype, spec.shape) for name, spec in repeat.outputs.items()} == {
        "text": ("DT_STRING", None),
        "n": ("DT_INT64", ()),
    }
    assert repeat.method_name == method


def test_a_missing_or_broken_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.pb"
    with raises(BundleError, f"The model {file} can't be read: No such file or directory."):
        read_signatures(tmp_path)
    file.write_bytes(b"\xff\xff\xff")
    with pytest.raises(BundleError) as caught:
        read_signatures(tmp_path)
    assert str(caught.value).startswith(f"{file} is not a SavedModel: ")
    file.write_bytes(b"")
    with raises(BundleError, f"{file} is not a SavedModel: it holds no graph."):
        read_signatures(tmp_path)


def saved(folder: Path, *graphs: messages.MetaGraphDef) -> Path:
    (folder / "saved_model.pb").write_bytes(messages.SavedModel(meta_graphs=graphs).SerializeToString())
    return folder


def graph(method: str, *tags: str) -> messages.MetaGraphDef:
    """A graph whose one signature tells it by its method's name."""
    made = messages.MetaGraphDef(meta_info_def=messages.MetaGraphDef.MetaInfoDef(tags=tags))
    made.signature_def["serving_default"].method_name = method
    return made


@pytest.mark.parametrize(
    ("graphs", "method"),
    [
        ([graph("trains", "train"), graph("serves", "serve")], "serves"),
        ([graph("serves on a GPU", "gpu", "serve"), graph("serves", "serve")], "serves on a GPU"),
        ([graph("first", "train"), graph("second", "eval")], "first"),
    ],
)
def test_the_graph_for_serving_is_read(
    graphs: list[messages.MetaGraphDef], method: str, tmp_path: Path
) -> None:
    assert read_signatures(saved(tmp_path, *graphs))["serving_default"].method_name == method


def test_defaults_of_inputs_are_read(tmp_path: Path) -> None:
    made = graph("tensorflow/serving/predict", "serve")
    default = messages.TensorProto(dtype="DT_INT32", int_val=[3])
    default.tensor_shape.dim.add(size=2)
    made.signature_def["serving_default"].defaults["k"].CopyFrom(default)
    (found,) = read_signatures(saved(tmp_path, made))["serving_default"].defaults.items()
    assert (found[0], found[1].tolist(), found[1].dtype.name) == ("k", [3, 3], "int32")


def test_a_broken_default_is_told(tmp_path: Path) -> None:
    made = graph("tensorflow/serving/predict", "serve")
    made.signature_def["serving_default"].defaults["k"].dtype = messages.DT_RESOURCE
    with raises(
        BundleError,
        f"{tmp_path / 'saved_model.pb'} has a signature with a broken default: "
        "tensors of type DT_RESOURCE are not supported.",
    ):
        read_signatures(saved(tmp_path, made))


def test_warmup_records_are_what_tensorflow_serving_reads() -> None:
    tensor_pb2 = pytest.importorskip(
        "tensorflow.core.framework.tensor_pb2", reason="TensorFlow is not installed; it reads the tensors"
    )
    import tensorflow as tf

    records = warmup_requests(4, b"a photo")
    requests = [messages.PredictionLog.FromString(each).predict_log.request for each in records]
    assert [each.model_spec.signature_name for each in requests] == ["serving_default", "image_bytes"]
    image, photo = (
        tf.make_ndarray(tensor_pb2.TensorProto.FromString(each.inputs[name].SerializeToString()))
        for each, name in zip(requests, ("image", "image_bytes"), strict=True)
    )
    assert (image.shape, image.dtype) == ((1, 4, 4, 3), "float32")
    assert (image == 127).all()
    assert photo.tolist() == [b"a photo"]
