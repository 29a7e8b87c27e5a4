"""Answers as TensorFlow Serving writes them in JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.records import Signature, TensorSpec
from kuzov.serve.json_request import Form
from kuzov.serve.json_text import invalid
from kuzov.serve.servable import VersionStatus
from kuzov.serve.service import MetadataAnswer

Outputs = Mapping[str, npt.NDArray[Any]]


def predict_json(outputs: Outputs, form: Form) -> bytes:
    """The answer to a predict request: `{"predictions": …}` or `{"outputs": …}`.

    Raises:
        RequestError: INVALID: an output is of a type that JSON can't carry, or, in row form, the outputs
            are not lists of the same length.
    """
    if form is Form.ROW:
        _check_rows(outputs)
    values = {name: _plain(name, output) for name, output in outputs.items()}
    answer: Any
    if len(values) == 1:
        [answer] = values.values()
    elif form is Form.ROW:
        answer = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    else:
        answer = values
    return _write({form.value: answer})


def error_json(message: str) -> bytes:
    """The body of every error answer."""
    # A message may quote a stray surrogate of the request; escaped, it can always be sent.
    return json.dumps({"error": message}).encode()


def status_json(statuses: tuple[VersionStatus, ...]) -> bytes:
    """The answer to a status request."""
    return _write(
        {
            "model_version_status": [
                {
                    "version": str(each.version),
                    "state": each.state,
                    "status": {"error_code": "OK", "error_message": ""},
                }
                for each in statuses
            ]
        }
    )


def metadata_json(answer: MetadataAnswer) -> bytes:
    """The answer to a metadata request.

    TensorFlow Serving has "signature_def" alone in the metadata. Where kuzov made the model, "card" stands
    beside it, with all that the bundle says of itself: clients read the classes and their names from there.
    """
    signatures = {name: _signature(each) for name, each in answer.signatures.items()}
    metadata: dict[str, object] = {"signature_def": {"signature_def": signatures}}
    if answer.card is not None:
        metadata["card"] = answer.card.to_json()
    spec = {"name": answer.model, "signature_name": "", "version": str(answer.version)}
    return _write({"model_spec": spec, "metadata": metadata})


def _signature(signature: Signature) -> dict[str, object]:
    return {
        "inputs": {name: _tensor_info(spec) for name, spec in signature.inputs.items()},
        "outputs": {name: _tensor_info(spec) for name, spec in signature.outputs.items()},
        "method_name": signature.method_name,
        "defaults": {},
    }


def _tensor_info(spec: TensorSpec) -> dict[str, object]:
    sizes = [{"size": str(size), "name": ""} for size in spec.shape or ()]
    return {
        "dtype": spec.dtype,
        "tensor_shape": {"dim": sizes, "unknown_rank": spec.shape is None},
        "name": spec.name,
    }


def _check_rows(outputs: Outputs) -> None:
    rows: int | None = None
    for name, output in outputs.items():
        if output.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if rows is not None and rows != len(output):
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(output)} expecting: {rows}")
        rows = len(output)


def _plain(name: str, output: npt.NDArray[Any]) -> Any:
    """A tensor as nested lists of what Python's encoder writes the way that TensorFlow Serving does."""
    if output.dtype.kind == "O":
        convert = np.frompyfunc(_base64_object if name.endswith("_bytes") else _text, 1, 1)
        return np.asarray(convert(output), np.object_).tolist()
    if output.dtype == np.float32:
        # Through its own shortest text: 0.1 as a float is 0.10000000149011612 as a double.
        return output.astype(np.str_).astype(np.float64).tolist()
    if output.dtype == np.float64 or output.dtype.kind in "biu":
        return output.tolist()
    type_name = "half" if output.dtype == np.float16 else output.dtype.name
    raise invalid(f"Failed to write JSON value for tensor type: {type_name}")


def _base64_object(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode("ascii")}


def _text(value: bytes) -> str:
    # TensorFlow Serving sends broken UTF-8 as it is, which strict JSON parsers refuse.
    return value.decode("utf-8", "replace")


def _write(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()
