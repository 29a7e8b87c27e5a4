"""Answers as TensorFlow Serving writes them in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import invalid
from kuzov.serve.calls import MetadataAnswer
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.rest.json_request import Form
from kuzov.serve.rest.json_signature import signature_json
from kuzov.serve.rest.json_values import floats_json, quoted, rows_json, tensor_json, text_json

Outputs = Mapping[str, npt.NDArray[Any]]


def predict_json(outputs: Outputs, form: Form) -> bytes:
    """The answer to a predict request: `{"predictions": …}` or `{"outputs": …}`.

    Raises:
        RequestError: INVALID: an output is of a type that JSON can't carry, or, in row form, the outputs
            are not lists of the same length.
    """
    if form is Form.ROW:
        _check_rows(outputs)
        columns = {name: rows_json(name, output) for name, output in outputs.items()}
        rows = (_members(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))
        answer = f"[{', '.join(rows)}]"
    else:
        answer = _members({name: tensor_json(name, output) for name, output in outputs.items()})
    return f'{{"{form.value}": {answer}}}'.encode()


def classify_json(results: Sequence[Sequence[tuple[bytes, float]]]) -> bytes:
    """The answer to a classify request: for each example its classes, as pairs of label and score."""
    scores = iter(floats_json(np.array([score for classes in results for _, score in classes], np.float32)))
    examples = (
        ", ".join(f"[{text_json(label)}, {next(scores)}]" for label, _ in classes) for classes in results
    )
    return _results(f"[{classes}]" for classes in examples)


def regress_json(results: Sequence[float]) -> bytes:
    """The answer to a regress request: for each example its number."""
    return _results(floats_json(np.array(results, np.float32)))


def error_json(message: str) -> bytes:
    """The body of every error answer."""
    # A message may quote a stray surrogate of the request; escaped, it can always be sent.
    return json.dumps({"error": message}).encode()


def status_json(statuses: Sequence[VersionStatus]) -> bytes:
    """The answer to a status request."""
    return object_json({"model_version_status": [version_status(each) for each in statuses]})


def version_status(status: VersionStatus) -> dict[str, object]:
    """The state of a version, as a JSON object."""
    return {
        "version": str(status.version),
        "state": status.state,
        "status": {"error_code": status.error_code, "error_message": status.error_message},
    }


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


def object_json(value: Mapping[str, Any]) -> bytes:
    """A JSON object as the body of an answer."""
    return json.dumps(value, ensure_ascii=False).encode()


def _check_rows(outputs: Outputs) -> None:
    rows: int | None = None
    for name, output in outputs.items():
        if output.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if rows is not None and rows != len(output):
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(output)} expecting: {rows}")
        rows = len(output)


def _members(texts: Mapping[str, str]) -> str:
    """The value of the only output, or an object of several."""
    if len(texts) == 1:
        [text] = texts.values()
        return text
    members = (f"{quoted(name)}: {text}" for name, text in texts.items())
    return f"{{{', '.join(members)}}}"


def _results(examples: Iterable[str]) -> bytes:
    return f'{{"results": [{", ".join(examples)}]}}'.encode()
