"""The model behind BentoML: `bentoml serve benchmarks.serving.peers.bentoml_server:Classifier`."""

# BentoML reads the annotations, so they are no strings here.
from pathlib import Path
from typing import Any

import bentoml  # type: ignore[import-not-found]

from benchmarks.serving.peers.model import MAX_BATCH, WORKERS, Model


@bentoml.service(workers=WORKERS, traffic={"timeout": 60})
class Classifier:
    """A form's files in, classes out."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH)
    def classify(self, photos: list[Path]) -> list[dict[str, Any]]:
        """One answer a photo; BentoML puts those of several requests together."""
        return self.model.classify([photo.read_bytes() for photo in photos])
