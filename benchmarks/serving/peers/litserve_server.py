"""The model behind LitServe."""

# LitServe reads the annotations, so they are no strings here.
from collections.abc import Sequence
from typing import Any

import litserve  # type: ignore[import-not-found]
from fastapi import Request

from benchmarks.serving.peers.model import MAX_BATCH, PORT, WORKERS, Model


class Api(litserve.LitAPI):
    """A form's file in, a class out."""

    def setup(self, _device: str) -> None:
        """Load the model, once a worker."""
        self.model = Model()

    def decode_request(self, request: Request) -> bytes:
        """The bytes of the form's file."""
        content: bytes = request["photos"].file.read()
        return content

    def batch(self, photos: Sequence[bytes]) -> Sequence[bytes]:
        """As they are; LitServe would make an array of them."""
        return photos

    def predict(self, photos: Sequence[bytes]) -> list[dict[str, Any]]:
        """One answer a photo."""
        return self.model.classify(photos)

    def unbatch(self, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As they are."""
        return answers

    def encode_response(self, answer: dict[str, Any]) -> dict[str, Any]:
        """As it is."""
        return answer


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(max_batch_size=MAX_BATCH, batch_timeout=0.001),
        accelerator="cpu",
        workers_per_device=WORKERS,
        fast_queue=True,
    )
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False, log_level="warning")
