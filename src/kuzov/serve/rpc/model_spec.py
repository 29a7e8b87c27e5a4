"""Which model an RPC means, and which one answered."""

from __future__ import annotations

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.wire import messages


def read_spec(message: messages.ModelSpec) -> ModelSpec:
    """The model that a request names.

    Raises:
        RequestError: INVALID: it names none.
    """
    if not message.name:
        raise RequestError(ErrorCode.INVALID, "ModelSpec has no name specified.")
    return spec_of(message)


def spec_of(message: messages.ModelSpec) -> ModelSpec:
    """The model that a request names, even where the name is empty: no model bears that name."""
    choice = message.WhichOneof("version_choice")
    return ModelSpec(
        name=message.name,
        version=message.version.value if choice == "version" else None,
        label=message.version_label if choice == "version_label" else None,
    )


def write_spec(message: messages.ModelSpec, name: str, version: int, signature_name: str = "") -> None:
    """Say in an answer which version computed it: its number, even where the request gave a label."""
    message.name = name
    message.version.value = version
    message.signature_name = signature_name


def missing_spec() -> RequestError:
    """The error for a request without a ModelSpec."""
    return RequestError(ErrorCode.INVALID, "Missing ModelSpec")
