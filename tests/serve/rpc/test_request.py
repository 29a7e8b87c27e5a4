from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.rpc.request import LARGE_BYTES, off_loop, read_examples, spec_of
from kuzov.wire import messages
from tests.errors import raises
from tests.serve.rpc.conftest import example, examples


def test_a_spec_is_read_for_the_journal_even_without_a_name() -> None:
    assert spec_of(messages.ModelSpec(version_label="stable")) == ModelSpec(name="", label="stable")


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
    with raises(RequestError, text, ErrorCode.INVALID):
        read_examples(with_context("x", "y", "z"), Limits(max_inflated_bytes=100))


@pytest.mark.parametrize("found", [with_context("x", "y"), examples(example(), example())])
def test_there_may_not_be_too_many_examples(found: messages.Input) -> None:
    text = "The request has 2 rows, but this server takes at most 1 at a time. Send them in several requests."
    with raises(RequestError, text, ErrorCode.INVALID):
        read_examples(found, Limits(max_rows=1))
    Limits(max_rows=1).check_rows(1)


def test_only_large_messages_leave_the_event_loop() -> None:
    async def threads() -> list[bool]:
        with ThreadPoolExecutor(1) as pool:
            return [
                await off_loop(pool, size, threading.get_ident) == threading.get_ident()
                for size in (0, LARGE_BYTES, LARGE_BYTES + 1)
            ]

    assert asyncio.run(threads()) == [True, True, False]
