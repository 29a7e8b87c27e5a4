from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from kuzov.bundle.card import Card
from kuzov.errors import ErrorCode, RequestError
from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import ModelSpec, RegressAnswer, Task, UnknownSignatureError
from kuzov.serve.examples import CLASSIFY, PREDICT, REGRESS
from kuzov.serve.repository.servable import Servable
from kuzov.serve.service import Service
from tests.serve.conftest import OneServable, a_card, compute_here

M = ModelSpec(name="m")


def test_predict_names_what_answered(service: Service) -> None:
    answer = asyncio.run(service.predict(service.find(M), {"x": np.array([2], np.float32)}))
    assert (answer.model, answer.version, answer.signature_name) == ("m", 123, "serving_default")
    assert answer.outputs["y"].tolist() == [3.0]


def test_inputs_must_be_those_of_the_signature(service: Service) -> None:
    with pytest.raises(RequestError) as caught:
        asyncio.run(service.predict(service.find(M, "two"), {"a": np.zeros(1, np.float32), "z": np.zeros(1)}))
    assert str(caught.value) == (
        "input size does not match signature: 2!=2 len({a,z}) != len({a,b}). "
        "Sent extra: {z}. Missing but required: {b}."
    )


@pytest.mark.parametrize(("name", "dtype"), [("serving_default", "float"), ("half", "half")])
def test_inputs_must_be_of_the_declared_type(service: Service, name: str, dtype: str) -> None:
    with pytest.raises(RequestError) as caught:
        asyncio.run(service.predict(service.find(M, name), {"x": np.zeros(1)}))
    assert str(caught.value) == f"Expects arg[0] to be {dtype} but double is provided"


def test_an_unknown_signature(service: Service) -> None:
    with pytest.raises(UnknownSignatureError) as caught:
        service.find(M, "none")
    assert str(caught.value) == 'Serving signature name: "none" not found in signature def'
    assert caught.value.signature == "none"


def test_a_filter_chooses_outputs(service: Service) -> None:
    inputs = {"a": np.zeros(1, np.float32), "b": np.array([b"text"], np.object_)}
    answer = asyncio.run(service.predict(service.find(M, "two"), inputs, ["b"]))
    assert answer.outputs.keys() == {"b"}


@pytest.mark.parametrize(
    ("output_filter", "error"),
    [
        (["z"], "output tensor alias not found in signature: z Outputs expected to be in the set {y}."),
        (["y", "y"], "duplicate output tensor alias: y"),
    ],
)
def test_a_wrong_filter(service: Service, output_filter: Sequence[str], error: str) -> None:
    with pytest.raises(RequestError) as caught:
        asyncio.run(service.predict(service.find(M), {"x": np.zeros(1, np.float32)}, output_filter))
    assert str(caught.value) == error


def test_states_of_all_models(service: Service) -> None:
    assert {name: [each.version for each in found] for name, found in service.models().items()} == {
        "m": [123]
    }


class TestCard:
    @pytest.fixture
    def card(self) -> Card:
        return a_card()

    def test_metadata_tells_the_card(self, service: Service, card: Card) -> None:
        assert service.metadata(M).card == card


def test_metadata_without_a_card(service: Service) -> None:
    answer = service.metadata(M)
    assert (answer.model, answer.version, answer.card) == ("m", 123, None)
    assert "serving_default" in answer.signatures


def spec(name: str) -> dict[str, TensorSpec]:
    return {name: TensorSpec(dtype="DT_FLOAT", shape=(-1, 1), name=f"{name}:0")}


@dataclass
class LengthEngine:
    """Says of an example how long it is."""

    name: str = "length"
    signatures: Mapping[str, Signature] = field(
        default_factory=lambda: {
            "classify": Signature(inputs=spec("inputs"), outputs=spec("scores"), method_name=CLASSIFY),
            "regress": Signature(inputs=spec("inputs"), outputs=spec("outputs"), method_name=REGRESS),
            "regress_x": Signature(
                inputs={"inputs": spec("x")["x"]}, outputs=spec("outputs"), method_name=REGRESS
            ),
            "predict": Signature(
                inputs=spec("x"),
                outputs=spec("y"),
                method_name=PREDICT,
                defaults={"x": np.array([[4]], np.float32)},
            ),
        }
    )

    def network(self, signature: str) -> str:
        return signature

    def batched(self, _signature: str) -> bool:
        return True

    def prepare(self, _signature: str, inputs: Any) -> Any:
        return inputs

    def infer(self, network: str, tensors: Any) -> Any:
        if network == "predict":
            return {"y": tensors["x"] / 2}
        lengths = np.array([[len(each)] for each in tensors["inputs"]], np.float32)
        return {"scores" if network == "classify" else "outputs": lengths}

    def finish(self, _signature: str, outputs: Any) -> dict[str, Any]:
        return dict(outputs)


def service_of_lengths(*, method_name_check: bool = False) -> Service:
    servable = Servable(name="m", version=123, engine=LengthEngine(), card=None)
    return Service(OneServable(servable=servable), compute_here, method_name_check=method_name_check)


def test_examples_are_classified() -> None:
    answer = asyncio.run(service_of_lengths().classify(M, "classify", [b"abc", b"de"]))
    assert (answer.model, answer.version, answer.signature_name) == ("m", 123, "classify")
    assert answer.results == [[(b"", 3.0)], [(b"", 2.0)]]


def test_examples_get_their_numbers() -> None:
    answer = asyncio.run(service_of_lengths().regress(M, "regress", [b"abc", b"de"]))
    assert answer.results == [3.0, 2.0]


def test_classify_by_an_unknown_signature() -> None:
    with pytest.raises(RequestError) as caught:
        asyncio.run(service_of_lengths().classify(M, "", [b"abc"]))
    assert str(caught.value) == "No signature was found with the name: serving_default"


def test_an_input_that_is_left_out_has_its_default() -> None:
    service = service_of_lengths()
    answer = asyncio.run(service.predict(service.find(M, "predict"), {}))
    assert answer.outputs["y"].tolist() == [[2.0]]


def test_a_signature_may_be_held_to_its_method_name() -> None:
    service = service_of_lengths(method_name_check=True)
    assert asyncio.run(service.classify(M, "classify", [b"a"])).results == [[(b"", 1.0)]]
    with pytest.raises(RequestError) as caught:
        asyncio.run(service.classify(M, "regress", [b"a"]))
    assert "Expected classification signature outputs" in str(caught.value)


def task(signature: str, method: str = CLASSIFY, model: str = "m") -> Task:
    return Task(spec=ModelSpec(name=model), signature_name=signature, method_name=method)


def test_several_inferences_on_the_same_examples() -> None:
    tasks = [task("regress", REGRESS), task("classify")]
    answers = asyncio.run(service_of_lengths().multi_inference(tasks, [b"abc"]))
    assert isinstance(answers[0], RegressAnswer)
    assert [answer.results for answer in answers] == [[3.0], [[(b"", 3.0)]]]


@pytest.mark.parametrize(
    ("tasks", "code", "error"),
    [
        ([], ErrorCode.INVALID, "The request has no tasks; name at least one signature."),
        (
            [task("classify"), task("regress", REGRESS, "other")],
            ErrorCode.INVALID,
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            [task("classify"), task("classify")],
            ErrorCode.INVALID,
            "Duplicate evaluation of signature: classify",
        ),
        ([task("none")], ErrorCode.INVALID, "Requested signature not found in model graph: none"),
        (
            [task("classify", PREDICT)],
            ErrorCode.UNIMPLEMENTED,
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
        (
            [task("classify"), task("regress_x", REGRESS)],
            ErrorCode.INVALID,
            "Input tensor must be the same for all Signatures.",
        ),
        (
            [task("classify"), task("predict", REGRESS)],
            ErrorCode.INVALID,
            "No regression inputs found in SignatureDef: predict, inputs {x}, outputs {y}, "
            "method_name 'tensorflow/serving/predict'",
        ),
    ],
)
def test_tasks_that_can_not_go_together(tasks: list[Task], code: ErrorCode, error: str) -> None:
    with pytest.raises(RequestError) as caught:
        asyncio.run(service_of_lengths().multi_inference(tasks, [b"abc"]))
    assert (caught.value.code, str(caught.value)) == (code, error)


def test_several_inferences_on_nothing() -> None:
    with pytest.raises(RequestError, match=r"^Input is empty\.$"):
        asyncio.run(service_of_lengths().multi_inference([task("classify")], []))
