"""What fakes of engines have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kuzov.network import Tensors
from kuzov.records import Signature


class PlainEngine:
    """A network for each signature, with nothing to do before it computes or after that."""

    name = "fake"
    signatures: Mapping[str, Signature] = {}

    def network(self, signature: str) -> str:
        return signature

    def batched(self, signature: str) -> bool:
        return True

    def prepare(self, signature: str, inputs: Tensors) -> Tensors:
        return inputs

    def finish(self, signature: str, outputs: Tensors) -> dict[str, Any]:
        return dict(outputs)
