"""A SavedModel's signatures and warm-up requests, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from google.protobuf.message import DecodeError

from kuzov.bundle.layout import SAVED_MODEL
from kuzov.errors import BundleError, reason_of
from kuzov.records import Signature, TensorSpec
from kuzov.wire import messages
from kuzov.wire.messages import SavedModel, SignatureDef, TensorInfo, TensorProto
from kuzov.wire.tensors import data_type_name, to_numpy
from kuzov.words import Words

_UNREADABLE = Words("The model {file} can't be read: {why}.", "Модель {file} не читается: {why}.")
_NO_SAVED_MODEL = Words("{file} is not a SavedModel: {why}.", "{file} — не SavedModel: {why}.")
_NO_GRAPH = Words("it holds no graph", "в нём нет графа")
_BROKEN_DEFAULT = Words(
    "{file} has a signature with a broken default: {why}.",
    "В {file} у сигнатуры испорчено значение по умолчанию: {why}.",
)

SERVE_TAG = "serve"


def read_signatures(version_dir: Path) -> dict[str, Signature]:
    """The signatures of a SavedModel's graph for serving, by name.

    Raises:
        BundleError: saved_model.pb is missing or broken.
    """
    file = version_dir / SAVED_MODEL
    try:
        graphs = SavedModel.FromString(file.read_bytes()).meta_graphs
    except OSError as error:
        raise BundleError(_UNREADABLE.fill(file=str(file), why=reason_of(error))) from error
    except DecodeError as error:
        raise BundleError(_NO_SAVED_MODEL.fill(file=str(file), why=str(error))) from error
    if not graphs:
        raise BundleError(_NO_SAVED_MODEL.fill(file=str(file), why=_NO_GRAPH))
    serving = next((each for each in graphs if SERVE_TAG in each.meta_info_def.tags), graphs[0])
    try:
        return {name: _signature(each) for name, each in serving.signature_def.items()}
    except ValueError as error:
        raise BundleError(_BROKEN_DEFAULT.fill(file=str(file), why=str(error))) from error


def _signature(definition: SignatureDef) -> Signature:
    return Signature(
        inputs={name: _tensor_spec(info) for name, info in definition.inputs.items()},
        outputs={name: _tensor_spec(info) for name, info in definition.outputs.items()},
        method_name=definition.method_name,
        defaults={name: to_numpy(tensor) for name, tensor in definition.defaults.items()},
    )


def _tensor_spec(info: TensorInfo) -> TensorSpec:
    shape = None if info.tensor_shape.unknown_rank else tuple(dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(dtype=data_type_name(info.dtype), shape=shape, name=info.name)


def warmup_requests(image_px: int, photo: bytes) -> tuple[bytes, ...]:
    """The PredictionLogs of a bundle's warm-up file: a grey image of `image_px` pixels, an encoded photo."""
    # TensorFlow repeats the last value until the shape is full, so one number says a whole image.
    grey = _tensor(messages.DT_FLOAT, 1, image_px, image_px, 3)
    grey.float_val.append(127.0)
    encoded = _tensor(messages.DT_STRING, 1)
    encoded.string_val.append(photo)
    return (
        _predict_log("serving_default", {"image": grey}),
        _predict_log("image_bytes", {"image_bytes": encoded}),
    )


def _tensor(dtype: messages.DataType, *shape: int) -> TensorProto:
    sizes = [messages.TensorShapeProto.Dim(size=size) for size in shape]
    return TensorProto(dtype=dtype, tensor_shape=messages.TensorShapeProto(dim=sizes))


def _predict_log(signature: str, inputs: Mapping[str, TensorProto]) -> bytes:
    spec = messages.ModelSpec(signature_name=signature)
    request = messages.PredictRequest(model_spec=spec, inputs=inputs)
    return messages.PredictionLog(predict_log=messages.PredictLog(request=request)).SerializeToString()
