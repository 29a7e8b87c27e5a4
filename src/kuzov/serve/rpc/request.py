"""Reading a request: its message, the model that it means, its examples; large ones beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from google.protobuf.message import Message

from kuzov.errors import RequestError, invalid
from kuzov.serve.calls import ModelSpec
from kuzov.serve.limits import MEBIBYTE, Limits
from kuzov.wire import messages
from kuzov.wire.examples import serialized_examples

LARGE_BYTES = MEBIBYTE
"""What is larger would hold up the other requests; below it the way to another thread and back costs more."""

M = TypeVar("M", bound=Message)
R = TypeVar("R")


async def off_loop(pool: Executor, size: int, work: Callable[..., R], *args: object) -> R:
    """Call a function that reads or writes a message of `size` bytes; a large one on a thread of the pool."""
    if size <= LARGE_BYTES:
        return work(*args)
    return await asyncio.get_running_loop().run_in_executor(pool, work, *args)


def parse(message: type[M], request: bytes) -> M:
    """A request as a message; INVALID where its bytes are none."""
    try:
        return message.FromString(request)
    except messages.DecodeError as error:
        raise not_a_message(message.DESCRIPTOR.full_name) from error


def parse_about_model(message: type[M], request: bytes) -> M:
    """As `parse`, for a message whose `model_spec` must be there."""
    parsed = parse(message, request)
    check_has_spec(parsed)
    return parsed


def check_has_spec(message: Message) -> None:
    """Raise INVALID for a message without a ModelSpec."""
    if not message.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


def not_a_message(full_name: str) -> RequestError:
    """The error for a request whose bytes are not the message that its method takes."""
    return invalid(f"The request is not a {full_name} message.")


def read_spec(message: messages.ModelSpec) -> ModelSpec:
    """The model that a request names; INVALID where it names none."""
    if not message.name:
        raise invalid("ModelSpec has no name specified.")
    return spec_of(message)


def spec_of(message: messages.ModelSpec) -> ModelSpec:
    """The model that a request names, even where the name is empty: no model bears that name."""
    choice = message.WhichOneof("version_choice")
    return ModelSpec(
        name=message.name,
        version=message.version.value if choice == "version" else None,
        label=message.version_label if choice == "version_label" else None,
    )


def read_examples(message: messages.Input, limits: Limits) -> list[bytes]:
    """The serialized tensorflow.Example messages of a request, each with the features of their context.

    Raises:
        RequestError: INVALID: there are more than the server takes, or they are too large with the context
            that each of them gets.
    """
    if message.WhichOneof("kind") != "example_list_with_context":
        limits.check_rows(len(message.example_list.examples))
        return serialized_examples(message)
    with_context = message.example_list_with_context
    limits.check_rows(len(with_context.examples))
    size = with_context.ByteSize() + with_context.context.ByteSize() * len(with_context.examples)
    if size > limits.max_inflated_bytes:
        raise invalid(
            f"With its context repeated for each example the request has {size} bytes, but this server "
            f"takes at most {limits.max_inflated_bytes} at a time. Send them in several requests."
        )
    return serialized_examples(message)
