"""TensorFlow Serving's parameters of batching: the file of --batching_parameters_file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kuzov.errors import ConfigError
from kuzov.wire import messages
from kuzov.wire.text_file import read_text_file


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchingParameters:
    """How rows of several requests are computed together; the names are TensorFlow Serving's.

    Attributes:
        max_batch_size: Rows of a batch, and of one request.
        batch_timeout_micros: How long a batch that is not full waits for more, in microseconds.
        max_enqueued_batches: Batches that may wait for each signature; requests past them are refused.
        num_batch_threads: Batches that are computed at once; None for as many as there are cores.
        allowed_batch_sizes: A batch is padded to the next of these, ascending; empty for none.
        pad_variable_length_inputs: Whether rows of other shapes are padded to the largest, not refused. Here
            they are neither: rows of one shape are computed together.
        enable_large_batch_splitting: Whether a request of more rows is cut up, not refused.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int | None = None
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False

    def __post_init__(self) -> None:
        """Raise ConfigError, in TensorFlow Serving's words, for values that can't be, or not together."""
        if self.max_batch_size < 1:
            raise ConfigError(f"max_batch_size must be positive; was {self.max_batch_size}")
        if self.batch_timeout_micros < 0:
            raise ConfigError(f"batch_timeout_micros must be non-negative; was {self.batch_timeout_micros}")
        if self.max_enqueued_batches < 1:
            raise ConfigError(f"max_enqueued_batches must be positive; was {self.max_enqueued_batches}")
        if self.num_batch_threads is not None and self.num_batch_threads < 1:
            raise ConfigError(f"num_batch_threads must be positive; was {self.num_batch_threads}")
        sizes = self.allowed_batch_sizes
        if sizes and sizes[-1] != self.max_batch_size:
            raise ConfigError(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
                f"{sizes[-1]}; expected {self.max_batch_size}"
            )
        if list(sizes) != sorted(set(sizes)):
            raise ConfigError("allowed_batch_sizes entries must be monotonically increasing")


def read_batching_parameters(file: Path) -> BatchingParameters:
    """The parameters that a file holds in text form; those that it leaves out have the values above.

    `thread_pool_name` is read and means nothing here; a parameter that is not listed above is refused.

    Raises:
        ConfigError: The file can't be read, or a parameter is unknown or out of range.
    """
    message = read_text_file(file, messages.BatchingParameters)
    given = {
        name: getattr(message, name).value
        for name in ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
        if message.HasField(name)
    }
    if given.get("max_enqueued_batches") == 0:
        given["max_enqueued_batches"] = 1  # as TensorFlow Serving does, for the sake of old files
    try:
        return BatchingParameters(
            **given,
            allowed_batch_sizes=tuple(message.allowed_batch_sizes),
            pad_variable_length_inputs=message.pad_variable_length_inputs,
            enable_large_batch_splitting=message.enable_large_batch_splitting.value,
        )
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
