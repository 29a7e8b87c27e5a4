"""A SavedModel's signatures and warm-up requests, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from google.protobuf.message import DecodeError

from kuzov.bundle.layout import SAVED_MODEL
from kuzov.bundle.saved_model_pb2 import (
    ModelSpec,
    PredictionLog,
    PredictLog,
    PredictRequest,
    SavedModel,
    SignatureDef,
    Tensor,
    TensorInfo,
    TensorShape,
)
from kuzov.errors import BundleError
from kuzov.records import Signature, TensorSpec

# tensorflow/core/framework/types.proto
DTYPES: Mapping[int, str] = {
    1: "DT_FLOAT",
    2: "DT_DOUBLE",
    3: "DT_INT32",
    4: "DT_UINT8",
    5: "DT_INT16",
    6: "DT_INT8",
    7: "DT_STRING",
    8: "DT_COMPLEX64",
    9: "DT_INT64",
    10: "DT_BOOL",
    14: "DT_BFLOAT16",
    17: "DT_UINT16",
    19: "DT_HALF",
    22: "DT_UINT32",
    23: "DT_UINT64",
}
DT_FLOAT, DT_STRING = 1, 7


def read_signatures(version_dir: Path) -> dict[str, Signature]:
    """The signatures of a SavedModel, by name.

    Raises:
        BundleError: saved_model.pb is missing or broken.
    """
    file = version_dir / SAVED_MODEL
    try:
        model = SavedModel.FromString(file.read_bytes())
    except OSError as error:
        raise BundleError(f"The model {file} can't be read: {error.strerror}.") from error
    except DecodeError as error:
        raise BundleError(f"{file} is not a SavedModel: {error}.") from error
    if not model.meta_graphs:
        raise BundleError(f"{file} is not a SavedModel: it holds no graph.")
    return {name: _signature(each) for name, each in model.meta_graphs[0].signature_def.items()}


def _signature(definition: SignatureDef) -> Signature:
    return Signature(
        inputs={name: _tensor_spec(info) for name, info in definition.inputs.items()},
        outputs={name: _tensor_spec(info) for name, info in definition.outputs.items()},
        method_name=definition.method_name,
    )


def _tensor_spec(info: TensorInfo) -> TensorSpec:
    shape = None if info.tensor_shape.unknown_rank else tuple(dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(dtype=DTYPES.get(info.dtype, "DT_INVALID"), shape=shape, name=info.name)


def warmup_requests(image_px: int, photo: bytes) -> tuple[bytes, ...]:
    """The records of TensorFlow Serving's warm-up file for a kuzov bundle: serialized PredictionLogs.

    Args:
        image_px: Side of the input of `serving_default`; its one image is grey.
        photo: An encoded photo for `image_bytes`.
    """
    shape = TensorShape(dim=[TensorShape.Dim(size=size) for size in (1, image_px, image_px, 3)])
    # TensorFlow repeats the last value until the shape is full, so one number says a whole image.
    grey = Tensor(dtype=DT_FLOAT, tensor_shape=shape, float_val=[127.0])
    encoded = Tensor(
        dtype=DT_STRING, tensor_shape=TensorShape(dim=[TensorShape.Dim(size=1)]), string_val=[photo]
    )
    return (
        _predict_log("serving_default", {"image": grey}),
        _predict_log("image_bytes", {"image_bytes": encoded}),
    )


def _predict_log(signature: str, inputs: Mapping[str, Tensor]) -> bytes:
    request = PredictRequest(model_spec=ModelSpec(signature_name=signature), inputs=inputs)
    return PredictionLog(predict_log=PredictLog(request=request)).SerializeToString()
