from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kuzov.cache import UNWRITABLE
from kuzov.errors import KuzovError
from kuzov.training.checkpoints import Checkpoints
from tests.errors import raises


def tiny_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    return model


def fit(model: keras.Model, checkpoints: Checkpoints, *, epochs: int) -> None:
    x = np.arange(16, dtype=np.float32).reshape(8, 2)
    y = x.sum(axis=1)
    checkpoints.restore_last(model)
    model.fit(x, y, validation_data=(x, y), initial_epoch=checkpoints.epochs, epochs=epochs, shuffle=False,
              callbacks=[checkpoints], verbose=0)  # fmt: skip


@pytest.mark.slow
def test_a_run_in_two_parts_ends_where_a_whole_one_does(tmp_path: Path) -> None:
    whole, parts = tiny_model(), tiny_model()
    fit(whole, Checkpoints(tmp_path / "whole", patience=9), epochs=4)
    fit(parts, Checkpoints(tmp_path / "parts", patience=9), epochs=2)
    resumed = tiny_model()
    checkpoints = Checkpoints(tmp_path / "parts", patience=9)
    fit(resumed, checkpoints, epochs=4)
    assert checkpoints.epochs == 4
    for expected, found in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_half_written_files_of_a_killed_epoch_do_no_harm(tmp_path: Path) -> None:
    fit(tiny_model(), Checkpoints(tmp_path, patience=9), epochs=2)
    for leftover in ("part.epoch2.weights.h5", "epoch2.weights.h5", "part.history.json"):
        (tmp_path / leftover).write_bytes(b"half of a fi")
    checkpoints = Checkpoints(tmp_path, patience=9)
    fit(tiny_model(), checkpoints, epochs=4)
    assert checkpoints.epochs == 4


def test_it_stops_after_patience_and_gives_back_the_best(tmp_path: Path) -> None:
    model = tiny_model()
    checkpoints = Checkpoints(tmp_path, patience=2)
    checkpoints.set_model(model)
    for epoch, loss in enumerate([3.0, 1.0, 2.0, 2.0]):
        model.set_weights([np.full((2, 1), epoch), np.zeros(1)])
        checkpoints.on_epoch_end(epoch, {"val_loss": loss})
        assert model.stop_training == (epoch == 3)
    assert checkpoints.finished
    checkpoints.restore_best(model)
    assert model.get_weights()[0].tolist() == [[1.0], [1.0]]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "epoch1.weights.h5",
        "epoch3.weights.h5",
        "history.json",
    ]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError(28, "Can't synchronously write data\\n(file write failed: …"),
    ],
    ids=["the system", "h5py"],
)
def test_a_full_disk_is_told_and_keeps_the_epochs_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    model = tiny_model()
    checkpoints = Checkpoints(tmp_path, patience=2)
    checkpoints.set_model(model)
    checkpoints.on_epoch_end(0, {"val_loss": 1.0})
    monkeypatch.setattr(model, "save_weights", full)
    with raises(KuzovError, UNWRITABLE.fill(folder=str(tmp_path), why="No space left on device")):
        checkpoints.on_epoch_end(1, {"val_loss": 0.5})
    assert Checkpoints(tmp_path, patience=2).history == {"val_loss": [1.0]}


@pytest.mark.parametrize(
    "history",
    [b"", b'{"val_loss": [1.0, ', b"\xff", b"[]", b'{"val_loss": [1.0], "loss": []}', b'{"loss": [1.0]}'],
    ids=["empty", "half", "no text", "a list", "uneven", "no loss held out"],
)
def test_a_damaged_history_is_as_good_as_none(tmp_path: Path, history: bytes) -> None:
    (tmp_path / "history.json").write_bytes(history)
    (tmp_path / "epoch0.weights.h5").touch()
    assert Checkpoints(tmp_path, patience=2).history == {}


@pytest.mark.parametrize("gone", ["epoch1.weights.h5", "epoch3.weights.h5"], ids=["the best", "the last"])
def test_a_history_whose_weights_are_gone_is_as_good_as_none(tmp_path: Path, gone: str) -> None:
    (tmp_path / "history.json").write_text('{"val_loss": [3.0, 1.0, 2.0, 2.0]}')
    for name in ("epoch1.weights.h5", "epoch3.weights.h5"):
        (tmp_path / name).touch()
    assert Checkpoints(tmp_path, patience=2).epochs == 4
    (tmp_path / gone).unlink()
    assert Checkpoints(tmp_path, patience=2).epochs == 0


def test_what_the_history_names_outlives_a_power_cut(
    tmp_path: Path, on_disk: dict[Path, bytes | set[str]]
) -> None:
    checkpoints = Checkpoints(tmp_path, patience=2)
    checkpoints.set_model(tiny_model())
    checkpoints.on_epoch_end(0, {"val_loss": 1.0})
    assert (tmp_path / "epoch0.weights.h5").read_bytes() in on_disk.values()
    assert on_disk[tmp_path] == {"epoch0.weights.h5", "history.json"}
