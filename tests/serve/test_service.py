from __future__ import annotations

import numpy as np
import pytest

from kuzov.errors import RequestError
from kuzov.serve.service import ModelSpec, Service

M = ModelSpec(name="m")


def test_predict_names_what_answered(service: Service) -> None:
    answer = service.predict(service.find(M), {"x": np.array([2], np.float32)})
    assert (answer.model, answer.version, answer.signature_name) == ("m", 123, "serving_default")
    assert answer.outputs["y"].tolist() == [3.0]


def test_inputs_must_be_those_of_the_signature(service: Service) -> None:
    with pytest.raises(RequestError) as caught:
        service.predict(service.find(M, "two"), {"a": np.zeros(1, np.float32), "z": np.zeros(1)})
    assert str(caught.value) == (
        "input size does not match signature: 2!=2 len({a,z}) != len({a,b}). "
        "Sent extra: {z}. Missing but required: {b}."
    )


@pytest.mark.parametrize(("name", "dtype"), [("serving_default", "DT_FLOAT"), ("half", "DT_HALF")])
def test_inputs_must_be_of_the_declared_type(service: Service, name: str, dtype: str) -> None:
    with pytest.raises(RequestError) as caught:
        service.predict(service.find(M, name), {"x": np.zeros(1)})
    assert str(caught.value) == f"Input 'x' is of type float64, but the signature declares {dtype}."


def test_metadata_without_a_card(service: Service) -> None:
    answer = service.metadata(M)
    assert (answer.model, answer.version, answer.card) == ("m", 123, None)
    assert "serving_default" in answer.signatures
