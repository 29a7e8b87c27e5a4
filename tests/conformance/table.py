"""The cases of tests/serve/cases.json: TensorFlow Serving's behaviour, in one table.

A case is either a call, which the core, REST and gRPC can all make (`ways` names those that can, where not
all can), or an `http` request as it stands on the wire. `core`, `rest` and `grpc` hold what one way words
differently from the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kuzov.serve.calls import ModelSpec
from kuzov.wire import messages

Case: TypeAlias = Mapping[str, Any]

CASES: list[Case] = json.loads(
    (Path(__file__).parents[1] / "serve" / "cases.json").read_text(encoding="utf-8")
)
WAYS = ("core", "rest", "grpc")


def spec_of(case: Case) -> ModelSpec:
    """The model that a case asks."""
    return ModelSpec(**{"name": "m", **case.get("model", {})})


def array(tensor: Mapping[str, Any]) -> npt.NDArray[Any]:
    """A tensor of the table."""
    if tensor["dtype"] == "string":
        strings = np.array([each.encode() for each in tensor["values"]], np.object_)
        return strings.reshape(tensor["shape"])
    return np.array(tensor["values"], tensor["dtype"]).reshape(tensor["shape"])


def nested(tensor: Mapping[str, Any]) -> Any:
    """A tensor of the table as JSON."""
    if tensor["dtype"] == "string":
        return np.array(tensor["values"], np.object_).reshape(tensor["shape"]).tolist()
    return array(tensor).tolist()


def from_nested(value: Any, dtype: str) -> npt.NDArray[Any]:
    """A tensor of an answer in JSON; bytes are base64 there, which only "hi" is in the table."""
    if dtype != "string":
        return np.array(value, dtype)
    return np.array([b"hi" if each == {"b64": "aGk="} else each.encode() for each in value], np.object_)


def example(features: Mapping[str, float]) -> messages.Example:
    """An example of the table."""
    return messages.Example(
        features=messages.Features(
            feature={
                name: messages.Feature(float_list=messages.FloatList(value=[value]))
                for name, value in features.items()
            }
        )
    )


def serialized(case: Case) -> list[bytes]:
    """The examples of a case, each behind their context."""
    context = example(case["context"]).SerializeToString() if "context" in case else b""
    return [context + example(each).SerializeToString() for each in case["examples"]]


def examples(case: Case) -> messages.Input:
    """The examples of a case as the input of an RPC."""
    found = [example(each) for each in case["examples"]]
    if "context" not in case:
        return messages.Input(example_list=messages.ExampleList(examples=found))
    with_context = messages.ExampleListWithContext(examples=found, context=example(case["context"]))
    return messages.Input(example_list_with_context=with_context)


def classes(result: messages.ClassificationResult) -> Any:
    """The classes of each example, as pairs of label and score."""
    return [[[each.label, each.score] for each in found.classes] for found in result.classifications]


def plain(answer: Any) -> Any:
    """An answer in a form in which those of all ways are the same, and NaN is itself."""
    match answer:
        case np.ndarray():
            return {"dtype": answer.dtype.name, "shape": answer.shape, "values": plain(answer.tolist())}
        case Mapping():
            return {name: plain(each) for name, each in answer.items()}
        case list() | tuple():
            return [plain(each) for each in answer]
        case bytes():
            return answer.decode()
        case float():
            return repr(answer)
    return answer


def expected_answer(case: Case) -> Any:
    """The answer that a case expects."""
    if case["call"] != "predict":
        return case["answer"]
    return {name: array(tensor) for name, tensor in case["answer"].items()}
