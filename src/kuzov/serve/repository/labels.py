"""Names for versions: which a configuration may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.model import Loaded

_NOTHING = Loaded()


def check_labels(
    configs: Sequence[ModelConfig], loaded: Mapping[str, Loaded], *, allow_unavailable: bool
) -> None:
    """Check the labels of a new configuration against what is loaded before it takes effect.

    Args:
        configs: The new configuration.
        loaded: What is loaded now, by model, with the labels in force.
        allow_unavailable: Whether a label that is not in use yet may name a version that is not loaded.

    Raises:
        RequestError: FAILED_PRECONDITION: a label names a version that it may not.
    """
    for config in configs:
        now = loaded.get(config.name, _NOTHING)
        for label, version in config.labels.items():
            moved = now.labels.get(label, version) != version
            if version not in now.by_version and (moved or not allow_unavailable):
                raise RequestError(
                    ErrorCode.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {config.name}, "
                    "which is not currently available for inference",
                )
