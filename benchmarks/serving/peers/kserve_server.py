"""The model behind KServe's Python server."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Any

import kserve  # type: ignore[import-not-found]

from benchmarks.serving.peers.model import PORT, WORKERS, Model


class Classifier(kserve.Model):
    """Photos in base64 in, classes out, by the V1 protocol."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ready = True

    @cached_property
    def model(self) -> Model:
        """Loaded by the first request of each worker: what is loaded can't be handed to another process."""
        return Model()

    def predict(self, payload: dict[str, Any], _headers: Any = None) -> dict[str, Any]:
        """One answer an instance."""
        photos = [base64.b64decode(instance["b64"]) for instance in payload["instances"]]
        return {"predictions": self.model.classify(photos)}


if __name__ == "__main__":
    server = kserve.ModelServer(http_port=PORT, workers=WORKERS, enable_grpc=False)
    server.start([Classifier("img_classifier")])
