"""What is asked for: the head of a request, and what its path means by TensorFlow Serving's rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from kuzov.errors import RequestError, invalid
from kuzov.serve.calls import ModelSpec
from kuzov.serve.repository.source import MAX_VERSION
from kuzov.serve.rest.asgi import Scope

# A path is matched as it stands in the request line, still percent-encoded and with its query, so that a
# model's name may hold any character. Letters match in either case.
_MODEL = r"/v1/models/([^/:]+)(?:/versions/([0-9]+)|/labels/([^/:]+))?"
_CALL = re.compile(rf"{_MODEL}:(classify|regress|predict)", re.IGNORECASE)
# kuzov's own: a body of photos can't say itself which signature it is for.
_SIGNATURE = re.compile(r"(.*:predict)\?signature_name=([^&]+)", re.DOTALL)
_READ = re.compile(rf"{_MODEL}(?:/(metadata))?", re.IGNORECASE)
_NAMELESS = re.compile(r"/v1/models(?:/versions/[0-9]+|/labels/[^/:]+)?(?:/metadata)?", re.IGNORECASE)
_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request.

    Attributes:
        method: The HTTP method, in capitals.
        target: The path with its query as they stand in the request line, still percent-encoded.
        headers: Names, in small letters, and values, in the order in which they came.
    """

    method: str
    target: str
    headers: Sequence[tuple[bytes, bytes]]

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """The request that an ASGI scope describes."""
        path: bytes = scope["raw_path"]
        query: bytes = scope["query_string"]
        target = path + b"?" + query if query else path
        return cls(method=scope["method"], target=target.decode("latin-1"), headers=scope["headers"])

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def is_of_api(self) -> bool:
        """Whether the path belongs to TensorFlow Serving's API, though it may have nothing there."""
        return _API.fullmatch(self.target) is not None

    def header(self, name: bytes) -> str | None:
        """A header's value; None where it is not given. Several of one name are joined by commas."""
        values = [value for each, value in self.headers if each == name]
        return b", ".join(values).decode("latin-1") if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is asked for: a verb ("predict", "classify", "regress", "status" or "metadata") on a model.

    A predict request of photos may name its signature; "" is the one that answers for the most prominent car.
    """

    verb: str
    spec: ModelSpec
    signature: str = ""


def find_route(request: Request) -> Route:
    """What a request of the API asks for.

    Raises:
        RequestError: INVALID, in TensorFlow Serving's words.
    """
    method, target, signature = request.method, request.target, ""
    if named := _SIGNATURE.fullmatch(target):
        target, signature = named[1], unquote(named[2])
    if method == "POST" and (found := _CALL.fullmatch(target)):
        verb = found[4]
        # Only the match ignores case: ":PREDICT" is known and yet not served.
        if verb == verb.lower():
            return Route(verb=verb, spec=_spec(*found.groups()[:3]), signature=signature)
    if method == "GET" and (found := _READ.fullmatch(target)):
        verb = "metadata" if found[4] == "metadata" else "status"
        return Route(verb=verb, spec=_spec(*found.groups()[:3]))
    if method == "GET" and _NAMELESS.fullmatch(target):
        raise invalid("Missing model name in request.")
    raise malformed(request)


def malformed(request: Request) -> RequestError:
    """The error for a request that the API has not."""
    return invalid(f"Malformed request: {request.method} {request.target}")


def _spec(name: str, version: str | None, label: str | None) -> ModelSpec:
    return ModelSpec(
        name=unquote(name),
        version=None if version is None else _version(version),
        label=None if label is None else unquote(label),
    )


def _version(digits: str) -> int:
    version = version_number(digits)
    if version is None:
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return version


def version_number(text: str) -> int | None:
    """The version that a text means; None where it is anything but digits, or beyond all versions."""
    digits = text.lstrip("0") or "0"
    # Python refuses to convert thousands of digits.
    if not (text.isascii() and text.isdigit()) or len(digits) > len(str(MAX_VERSION)):
        return None
    version = int(digits)
    return version if version <= MAX_VERSION else None
