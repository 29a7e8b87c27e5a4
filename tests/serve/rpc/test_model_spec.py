from __future__ import annotations

import pytest

from kuzov.errors import RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rpc.model_spec import missing_spec, read_spec, spec_of, write_spec
from kuzov.wire import messages
from tests.serve.rpc.conftest import model_spec


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (model_spec(), ModelSpec(name="m")),
        (model_spec(version=0), ModelSpec(name="m", version=0)),
        (model_spec(version=123), ModelSpec(name="m", version=123)),
        (model_spec(label="stable"), ModelSpec(name="m", label="stable")),
    ],
    ids=["newest", "version 0", "version", "label"],
)
def test_a_request_names_a_version_or_a_label(message: messages.ModelSpec, read: ModelSpec) -> None:
    assert read_spec(message) == read


def test_a_request_must_name_its_model() -> None:
    nameless = messages.ModelSpec(version_label="stable")
    with pytest.raises(RequestError, match=r"^ModelSpec has no name specified\.$"):
        read_spec(nameless)
    assert spec_of(nameless) == ModelSpec(name="", label="stable")
    assert str(missing_spec()) == "Missing ModelSpec"


def test_an_answer_says_the_number_of_its_version() -> None:
    message = messages.ModelSpec()
    write_spec(message, "m", 123, "serving_default")
    assert message == model_spec("serving_default", version=123)
