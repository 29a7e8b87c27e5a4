"""The examples of a request to classify or regress."""

from __future__ import annotations

from kuzov.wire.messages import Input


def serialized_examples(message: Input) -> list[bytes]:
    """The serialized tensorflow.Example messages, each with the features of their context."""
    if message.WhichOneof("kind") != "example_list_with_context":
        return [example.SerializeToString() for example in message.example_list.examples]
    context = message.example_list_with_context.context.SerializeToString()
    # Two messages one after the other read as both merged.
    return [context + example.SerializeToString() for example in message.example_list_with_context.examples]
