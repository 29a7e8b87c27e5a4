"""A version's warm-up requests: they run before it serves, so that no client meets a cold model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from kuzov.bundle.layout import WARMUP_REQUESTS
from kuzov.engine.engine import Engine, run
from kuzov.errors import BundleError, RequestError, invalid, reason_of
from kuzov.records import DEFAULT_SIGNATURE
from kuzov.serve.examples import example_tensor
from kuzov.serve.repository.servable import Servable
from kuzov.wire import messages
from kuzov.wire.examples import serialized_examples
from kuzov.wire.messages import DecodeError, ModelSpec, PredictionLog
from kuzov.wire.tensors import to_numpy
from kuzov.wire.tf_record import read_records

MAX_RECORDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupCall:
    """A signature to call once."""

    record: int  # which of the file asks for it, from 1
    signature: str
    inputs: Mapping[str, npt.NDArray[Any]]


def warm_up(servable: Servable, version_dir: Path, iterations: int) -> None:
    """Run each of a version's warm-up requests as often; a version without any is warm as it is.

    Raises:
        BundleError: The file is broken, or a request fails; the text names the record.
    """
    for call in warmup_calls(version_dir):
        try:
            inputs = _complete(servable.engine, call)
            for _ in range(iterations):
                run(servable.engine, call.signature, inputs)
        except RequestError as error:
            raise _failed(version_dir / WARMUP_REQUESTS, call.record, str(error)) from error


def warmup_calls(version_dir: Path) -> Iterator[WarmupCall]:
    """The calls that a version's warm-up file asks for, in its order; none where there is no such file.

    Raises:
        BundleError: The file can't be read, or holds what is no warm-up request, or more than 1000 of them.
    """
    path = version_dir / WARMUP_REQUESTS
    for record, log in _records(path):
        try:
            for signature, inputs in _calls(log):
                yield WarmupCall(record=record, signature=signature or DEFAULT_SIGNATURE, inputs=inputs)
        except (RequestError, ValueError) as error:
            raise _failed(path, record, str(error)) from error


def _records(path: Path) -> Iterator[tuple[int, PredictionLog]]:
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            for number, record in enumerate(read_records(file, path.stat().st_size), start=1):
                if number > MAX_RECORDS:
                    raise BundleError(
                        f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}"
                    )
                yield number, PredictionLog.FromString(record)
    except OSError as error:
        raise BundleError(f"The warm-up requests {path} can't be read: {reason_of(error)}.") from error
    except DecodeError as error:
        raise BundleError(f"Failed to parse warmup record: {number} from {path}") from error
    except ValueError as error:
        text = f"{path}: {error}. Please verify your warmup data is in TFRecord format."
        raise BundleError(text) from error


def _calls(log: PredictionLog) -> Iterator[tuple[str, Mapping[str, npt.NDArray[Any]]]]:
    match log.WhichOneof("log_type"):
        case "predict_log":
            predict = log.predict_log.request
            inputs = {name: _array(name, tensor) for name, tensor in predict.inputs.items()}
            yield predict.model_spec.signature_name, inputs
        case "classify_log":
            yield _examples_call(log.classify_log.request.model_spec, log.classify_log.request.input)
        case "regress_log":
            yield _examples_call(log.regress_log.request.model_spec, log.regress_log.request.input)
        case "multi_inference_log":
            inference = log.multi_inference_log.request
            for task in inference.tasks:
                yield _examples_call(task.model_spec, inference.input)
        case "session_run_log":
            number = PredictionLog.SESSION_RUN_LOG_FIELD_NUMBER
            raise ValueError(f"Unsupported log_type for warmup: {number}")
        case _:
            pass  # TensorFlow Serving passes over what it does not know, too


def _array(name: str, tensor: messages.TensorProto) -> npt.NDArray[Any]:
    try:
        return to_numpy(tensor)
    except ValueError as error:
        raise ValueError(f"tensor parsing error: {name}: {error}") from error


def _examples_call(spec: ModelSpec, message: messages.Input) -> tuple[str, Mapping[str, npt.NDArray[Any]]]:
    return spec.signature_name, example_tensor(serialized_examples(message))


def _complete(engine: Engine, call: WarmupCall) -> Mapping[str, npt.NDArray[Any]]:
    signature = engine.signatures.get(call.signature)
    if signature is None:
        known = ", ".join(sorted(engine.signatures))
        raise invalid(f'the model has no signature "{call.signature}"; it has {known}')
    inputs = {**signature.defaults, **call.inputs}
    if inputs.keys() != signature.inputs.keys():
        raise invalid(
            f'the signature "{call.signature}" takes the inputs {", ".join(sorted(signature.inputs))}, '
            f"but the request gives {', '.join(sorted(inputs)) or 'none'}"
        )
    return inputs


def _failed(path: Path, record: int, reason: str) -> BundleError:
    return BundleError(f"Warm-up request {record} of {path} fails: {reason}")
