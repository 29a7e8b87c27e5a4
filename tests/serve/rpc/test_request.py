from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.rpc.request import LARGE_BYTES, off_loop, parse, read_examples, read_spec, spec_of
from kuzov.wire import messages
from tests.serve.rpc.conftest import example, examples, model_spec


def test_a_request_that_is_no_message_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        parse(messages.ClassificationRequest, b"no message")
    assert caught.value.code is ErrorCode.INVALID
    assert str(caught.value) == "The request is not a tensorflow.serving.ClassificationRequest message."


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


def test_examples_are_read_in_their_order() -> None:
    one, two = example(x=1.0), example(x=2.0)
    assert read_examples(examples(one, two), Limits()) == [one.SerializeToString(), two.SerializeToString()]


def test_a_request_may_have_no_examples() -> None:
    assert read_examples(messages.Input(), Limits()) == []
    assert read_examples(examples(), Limits()) == []


def with_context(*features: str) -> messages.Input:
    found = messages.ExampleListWithContext(
        context=example(size=9.0, x=0.5), examples=[example(**{name: 1.0}) for name in features]
    )
    return messages.Input(example_list_with_context=found)


def test_each_example_gets_the_features_of_the_context() -> None:
    first, second = map(messages.Example.FromString, read_examples(with_context("x", "y"), Limits()))
    assert first == example(size=9.0, x=1.0), "an example's own features win"
    assert second == example(size=9.0, x=0.5, y=1.0)


def test_a_context_may_not_be_repeated_without_end() -> None:
    text = (
        "With its context repeated for each example the request has 199 bytes, but this server takes at "
        "most 100 at a time. Send them in several requests."
    )
    with pytest.raises(RequestError) as caught:
        read_examples(with_context("x", "y", "z"), Limits(max_inflated_bytes=100))
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, text)


@pytest.mark.parametrize("found", [with_context("x", "y"), examples(example(), example())])
def test_there_may_not_be_too_many_examples(found: messages.Input) -> None:
    text = "The request has 2 rows, but this server takes at most 1 at a time. Send them in several requests."
    with pytest.raises(RequestError) as caught:
        read_examples(found, Limits(max_rows=1))
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, text)
    Limits(max_rows=1).check_rows(1)


def test_only_large_messages_leave_the_event_loop() -> None:
    async def threads() -> list[bool]:
        with ThreadPoolExecutor(1) as pool:
            return [
                await off_loop(pool, size, threading.get_ident) == threading.get_ident()
                for size in (0, LARGE_BYTES, LARGE_BYTES + 1)
            ]

    assert asyncio.run(threads()) == [True, True, False]
