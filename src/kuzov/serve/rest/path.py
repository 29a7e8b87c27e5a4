"""What a request's method and path ask for, by TensorFlow Serving's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from kuzov.errors import RequestError, invalid
from kuzov.serve.calls import ModelSpec

# A path is matched as it stands in the request line, still percent-encoded and with its query, so that a
# model's name may hold any character. Letters match in either case.
_MODEL = r"/v1/models/([^/:]+)(?:/versions/([0-9]+)|/labels/([^/:]+))?"
_CALL = re.compile(rf"{_MODEL}:(classify|regress|predict)", re.IGNORECASE)
_READ = re.compile(rf"{_MODEL}(?:/(metadata))?", re.IGNORECASE)
_NAMELESS = re.compile(r"/v1/models(?:/versions/[0-9]+|/labels/[^/:]+)?(?:/metadata)?", re.IGNORECASE)
_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_MAX_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is asked for: a verb ("predict", "classify", "regress", "status" or "metadata") on a model."""

    verb: str
    spec: ModelSpec


def is_api_path(target: str) -> bool:
    """Whether a path belongs to the API; any other is not found."""
    return _API.fullmatch(target) is not None


def read_path(method: str, target: str) -> Route:
    """Find what a request asks for.

    Args:
        method: The HTTP method, in capitals.
        target: The path with its query, as in the request line.

    Raises:
        RequestError: INVALID, in TensorFlow Serving's words.
    """
    if method == "POST" and (found := _CALL.fullmatch(target)):
        verb = found[4]
        # Only the match ignores case: ":PREDICT" is known and yet not served.
        if verb == verb.lower():
            return Route(verb=verb, spec=_spec(*found.groups()[:3]))
    if method == "GET" and (found := _READ.fullmatch(target)):
        verb = "metadata" if found[4] == "metadata" else "status"
        return Route(verb=verb, spec=_spec(*found.groups()[:3]))
    if method == "GET" and _NAMELESS.fullmatch(target):
        raise invalid("Missing model name in request.")
    raise malformed(method, target)


def malformed(method: str, target: str) -> RequestError:
    """The error for a request that the API has not."""
    return invalid(f"Malformed request: {method} {target}")


def _spec(name: str, version: str | None, label: str | None) -> ModelSpec:
    return ModelSpec(
        name=unquote(name),
        version=None if version is None else _version(version),
        label=None if label is None else unquote(label),
    )


def _version(digits: str) -> int:
    if len(digits.lstrip("0")) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return int(digits)
