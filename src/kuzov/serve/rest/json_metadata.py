"""A model's metadata: its signatures as protobuf prints them in JSON, with the fields at their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import STRING_DTYPE
from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import MetadataAnswer
from kuzov.serve.rest.json_answer import base64_text, object_json

_VALUES: Mapping[str, str] = {
    "DT_FLOAT": "float_val",
    "DT_DOUBLE": "double_val",
    "DT_HALF": "half_val",
    **dict.fromkeys(("DT_INT8", "DT_INT16", "DT_INT32", "DT_UINT8", "DT_UINT16"), "int_val"),
    "DT_INT64": "int64_val",
    "DT_UINT32": "uint32_val",
    "DT_UINT64": "uint64_val",
    "DT_COMPLEX64": "scomplex_val",
    "DT_COMPLEX128": "dcomplex_val",
    "DT_BOOL": "bool_val",
    STRING_DTYPE: "string_val",
}
_LISTS = (*dict.fromkeys(_VALUES.values()), "resource_handle_val", "variant_val")


def metadata_json(answer: MetadataAnswer) -> bytes:
    """The answer to a metadata request.

    TensorFlow Serving has "signature_def" alone in the metadata. Where kuzov made the model, "card" stands
    beside it, with all that the bundle says of itself: clients read the classes and their names from there.
    """
    signatures = {name: signature_json(each) for name, each in answer.signatures.items()}
    metadata: dict[str, object] = {"signature_def": {"signature_def": signatures}}
    if answer.card is not None:
        metadata["card"] = answer.card.to_json()
    spec = {"name": answer.model, "signature_name": "", "version": str(answer.version)}
    return object_json({"model_spec": spec, "metadata": metadata})


def signature_json(signature: Signature) -> dict[str, object]:
    """A SignatureDef."""
    return {
        "inputs": {name: _tensor_info(spec) for name, spec in signature.inputs.items()},
        "outputs": {name: _tensor_info(spec) for name, spec in signature.outputs.items()},
        "method_name": signature.method_name,
        "defaults": {
            name: _tensor(value, signature.inputs[name].dtype)
            for name, value in signature.defaults.items()
            if name in signature.inputs
        },
    }


def _tensor_info(spec: TensorSpec) -> dict[str, object]:
    return {"dtype": spec.dtype, "tensor_shape": _shape(spec.shape), "name": spec.name}


def _shape(shape: tuple[int, ...] | None) -> dict[str, object]:
    sizes = [{"size": str(size), "name": ""} for size in shape or ()]
    return {"dim": sizes, "unknown_rank": shape is None}


def _tensor(value: npt.NDArray[Any], dtype: str) -> dict[str, object]:
    """A TensorProto, in the form that TensorFlow gives to the tensors that it saves."""
    fields: dict[str, object] = {
        "dtype": dtype,
        "tensor_shape": _shape(value.shape),
        "version_number": 0,
        "tensor_content": "",
        "float8_val": "",
        **{field: [] for field in _LISTS},
    }
    if dtype not in _VALUES or (dtype != STRING_DTYPE and value.size > 1):
        fields["tensor_content"] = base64_text(value.tobytes())
    else:
        fields[_VALUES[dtype]] = _values(value.ravel())
    return fields


def _values(flat: npt.NDArray[Any]) -> list[object]:
    if flat.dtype == np.float16:
        flat = flat.view(np.uint16)
    elif flat.dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    return [_value(each) for each in flat]


def _value(value: Any) -> object:
    """A number or string as protobuf's JSON has it: 64-bit integers and what is not finite are strings."""
    if isinstance(value, bytes):
        return base64_text(value)
    if isinstance(value, np.int64 | np.uint64):
        return str(value)
    if not isinstance(value, np.float32 | np.float64):
        return value.item()
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return float(str(value))  # a float32's own shortest text: as a double, 0.1 is 0.10000000149011612
