"""Whether a network computes each row as if it were alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from kuzov.engine.engine import NUMPY_DTYPES, Tensors
from kuzov.errors import RequestError
from kuzov.records import TensorSpec


def rows_stay_apart(compute: Callable[[Tensors], Tensors], inputs: Mapping[str, TensorSpec]) -> bool:
    """Whether two rows, computed together, get to the bit what they get alone; found out by trying.

    Declared shapes do not tell: a network may, say, subtract the mean of all its rows.

    Args:
        compute: The network.
        inputs: What it takes; where a size besides the number of rows is open, the answer is no.
    """
    if any(spec.shape is None or -1 in spec.shape[1:] or spec.shape[:1] != (-1,) for spec in inputs.values()):
        return False
    rng = np.random.default_rng(0)
    rows = {
        name: (rng.random((2, *(spec.shape or ())[1:])) * 255).astype(NUMPY_DTYPES[spec.dtype])
        for name, spec in inputs.items()
    }
    try:
        together = compute(rows)
        alone = [compute({name: row[[index]] for name, row in rows.items()}) for index in (0, 1)]
    except RequestError:  # random numbers may be nothing that the network takes
        return False
    return all(
        output.shape[:1] == (2,) and all(np.array_equal(output[[i]], alone[i][name]) for i in (0, 1))
        for name, output in together.items()
    )
