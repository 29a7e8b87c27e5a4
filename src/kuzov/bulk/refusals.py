"""Why results are refused, in words."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.bulk.answers import ModelName
from kuzov.errors import ResultsError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Have failures to write told in words; what was written before is kept."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            reason = "there is no space left"
            advice = "What was done is kept; free some space, and the same command goes on."
        else:
            reason, advice = error.strerror or str(error), "What was done is kept."
        if isinstance(error, FileExistsError):  # as mkdir says it
            reason = f"{error.filename} is a file"
        raise ResultsError(f"Results can't be written to {path}: {reason}. {advice}") from error


def refuse_other_model(
    path: Path, found: ModelName, labels: Collection[str | None], model: ModelName
) -> None:
    """Have one model's answers in one place, where `found` called photos so; None if one can't be read.

    Raises:
        ResultsError: They are another's than the model's that is asked now.
    """
    if found != model:
        reason = f"{path} holds answers of {found}, and {model} is asked now."
    elif model.labels and (others := set(labels) - model.labels - {None}):
        reason = f"{path} holds answers of another {model}, which knew {min(map(str, others))}."
    else:
        return
    raise ResultsError(f"{reason} Give another --out, or --restart to begin anew in its place.")
