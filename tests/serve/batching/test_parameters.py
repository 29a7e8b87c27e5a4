from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from kuzov.serve.batching.parameters import BatchingParameters, read_batching_parameters


def test_a_file_gives_the_parameters(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        """
        max_batch_size { value: 128 }
        batch_timeout_micros { value: 2000 }
        max_enqueued_batches { value: 1000000 }
        num_batch_threads { value: 8 }
        thread_pool_name { value: "pool" }
        allowed_batch_sizes: 32
        allowed_batch_sizes: 128
        pad_variable_length_inputs: true
        """
    )
    assert read_batching_parameters(file) == BatchingParameters(
        max_batch_size=128,
        batch_timeout_micros=2000,
        max_enqueued_batches=1_000_000,
        num_batch_threads=8,
        allowed_batch_sizes=(32, 128),
        pad_variable_length_inputs=True,
    )


def test_what_a_file_leaves_out_is_tensorflow_servings(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text("")
    assert read_batching_parameters(file) == BatchingParameters(
        max_batch_size=1000, batch_timeout_micros=0, max_enqueued_batches=10, num_batch_threads=None
    )


def test_no_waiting_batch_is_one(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text("max_enqueued_batches { value: 0 }")
    assert read_batching_parameters(file).max_enqueued_batches == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8",
        ),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [4, 2, 8]",
            "allowed_batch_sizes entries must be monotonically increasing",
        ),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [8, 8]",
            "allowed_batch_sizes entries must be monotonically increasing",
        ),
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1"),
        ("max_enqueued_batches { value: -1 }", "max_enqueued_batches must be positive; was -1"),
        ("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0"),
        (
            "mixed_priority_batching_policy: 1",
            "Error parsing text-format tensorflow.serving.BatchingParameters: 1:1 : Message type "
            '"tensorflow.serving.BatchingParameters" has no field named "mixed_priority_batching_policy".',
        ),
    ],
)
def test_parameters_that_cannot_be_are_refused(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_batching_parameters(file)
    assert str(caught.value) == f"{file}: {reason}"
