"""How fast TensorFlow alone computes the SavedModel, in this process: the ceiling of TensorFlow Serving.

    python -m benchmarks.serving.tensorflow_ceiling VERSION_FOLDER SECONDS

Prints JSON: rows a second by batch and callers, in float32, the type of the graph.
"""

from __future__ import annotations

import functools
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

from benchmarks.serving.ceilings import interleaved_rates

BATCHES, CALLERS = (1, 2, 4, 8, 16, 32), (1, 2)


def main() -> None:
    """Print the rates."""
    folder, seconds = sys.argv[1], float(sys.argv[2])
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["image"].shape[1:]
    rng = np.random.default_rng(0)
    calls = {}
    for batch in BATCHES:
        images = tf.constant(rng.uniform(0, 255, (batch, *shape)).astype(np.float32))
        call = functools.partial(signature, image=images)
        for callers in CALLERS:
            threads = "1 thread" if callers == 1 else f"{callers} threads"
            calls[f"{threads}, batch {batch}"] = ([call] * callers, batch)
    print(json.dumps({"raw": interleaved_rates(calls, seconds), "tensorflow": tf.__version__}))


if __name__ == "__main__":
    main()
