from __future__ import annotations

import errno
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kuzov.errors import BundleError
from kuzov.teach.refusal import RefusedError
from kuzov.teach.trainer import Trainer, Training
from tests.chaos.running import until

# A worker that obeys at once; the tests append what it does once it is told to train.
WORKER = """
import json, sys
def tell(**news):
    print(json.dumps(news), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    if "embed" in order:
        open(sys.argv[1], "a").write("".join(order["embed"]))
    else:
        {train}
"""
Make = Callable[..., Trainer]


@pytest.fixture
def trained() -> list[str]:
    """Gets a word after each training."""
    return []


@pytest.fixture
def make(tmp_path: Path, trained: list[str]) -> Iterator[Make]:
    """Makes a trainer whose worker does this when it is told to train."""
    made = []

    def trainer(train: str, **times: float) -> Trainer:
        command = (sys.executable, "-c", WORKER.format(train=train))
        folders = [tmp_path / "embedded"]
        made.append(Trainer(folders, trained=lambda: trained.append("done"), command=command, **times))
        return made[-1]

    yield trainer
    for each in made:
        each.close()


def ended(trainer: Trainer) -> bool:
    return trainer.training is not None and not trainer.training.running


def outcome(trainer: Trainer) -> Training:
    """Train, and wait for how it ends."""
    trainer.train()
    until(lambda: ended(trainer))
    assert trainer.training is not None
    return trainer.training


def test_a_training_from_its_order_to_its_version(make: Make, trained: list[str]) -> None:
    trainer = make("tell(stage='embed', done=1, total=2); tell(trained=7)")
    assert (trainer.training, trainer.awake) == (None, False)
    training = outcome(trainer)
    assert (training.version, training.failure, training.stage) == (7, None, "embed")
    assert (trained, trainer.awake) == (["done"], True)


def test_a_version_is_there_while_it_is_compared(make: Make) -> None:
    trainer = make("tell(trained=7); tell(stage='compare', done=1, total=2)")
    training = outcome(trainer)
    assert (training.version, training.comparing) == (7, True)
    until(lambda: trainer.training is not None and trainer.training.done == 1)
    assert trainer.training is not None
    assert trainer.training.comparing


@pytest.mark.parametrize("end", ["tell(compared=True)", "sys.exit()"])
def test_a_comparison_ends(make: Make, end: str) -> None:
    trainer = make(f"tell(trained=7); {end}")
    assert outcome(trainer).version == 7
    until(lambda: trainer.training is not None and not trainer.training.comparing)


def test_what_a_failure_is_about(make: Make) -> None:
    training = outcome(make("tell(failed='One picture.', kind='few_different', classes=['niva'])"))
    told = (training.failure, training.failure_kind, training.failure_classes)
    assert told == ("One picture.", "few_different", ("niva",))


def test_one_training_at_a_time(make: Make) -> None:
    trainer = make("tell(stage='head', done=0, total=2)")
    trainer.train()
    with pytest.raises(RefusedError) as refused:
        trainer.train()
    expected = "A training goes on already; wait for it to end."
    assert (refused.value.status, str(refused.value)) == (409, expected)
    until(lambda: trainer.training is not None and trainer.training.stage == "head")


def test_a_failure_is_told_and_the_next_may_succeed(make: Make) -> None:
    trainer = make("tell(failed='There are no photos.')")
    for _ in range(2):
        assert outcome(trainer).failure == "There are no photos."


def test_a_process_that_dies_is_told_and_started_anew(make: Make) -> None:
    trainer = make("sys.exit(3)")
    assert outcome(trainer).failure == (
        "Training failed; the server's log says why. The training process ended with status 3."
    )
    assert not trainer.awake
    outcome(trainer)


@pytest.mark.parametrize("news", ["print('no json', flush=True)", "tell(stage='head', unheard_of=1)"])
def test_a_process_that_can_not_be_understood_is_ended_and_started_anew(
    make: Make, news: str, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make(news)
    for _ in range(2):
        assert outcome(trainer).failure == (
            "Training failed; the server's log says why. The training process ended with status -9."
        )
    assert caplog.messages == ["What the process that trains says can't be understood, so it is ended"] * 2


@pytest.mark.parametrize("error", [BundleError("There is no version 6."), OSError("No such disk")])
def test_a_version_is_there_though_older_ones_can_not_be_removed(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def trained() -> None:
        raise error

    command = (sys.executable, "-c", WORKER.format(train="tell(trained=7)"))
    trainer = Trainer([tmp_path], trained=trained, command=command)
    try:
        for _ in range(2):
            training = outcome(trainer)
            assert (training.version, training.failure) == (7, None)
    finally:
        trainer.close()
    assert caplog.messages == [f"What version 7 supersedes can't be removed: {error}"] * 2


def no_process(*_command: object, **_options: object) -> None:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


class NoThread(threading.Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("module", "name", "missing", "reason"),
    [
        (subprocess, "Popen", no_process, "Cannot allocate memory"),
        (threading, "Thread", NoThread, "can't start new thread"),
    ],
)
def test_a_system_without_room_for_the_process_is_told_and_the_next_may_succeed(
    make: Make, module: Any, name: str, missing: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make("tell(trained=7)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, missing)
        trainer.embed([Path("a.jpg")])  # a photo that was added stays so
        assert trainer.training is None
        assert outcome(trainer).failure == "Training failed; the server's log says why."
    assert caplog.messages == [f"The process that trains can't be started: {reason}."] * 2
    assert outcome(trainer).version == 7


def test_photos_are_embedded_ahead(make: Make, tmp_path: Path) -> None:
    trainer = make("pass")
    trainer.embed([tmp_path / "a.jpg"])
    until((tmp_path / "embedded").exists)
    until(lambda: (tmp_path / "embedded").read_text(encoding="utf-8") == str(tmp_path / "a.jpg"))


def test_a_process_with_nothing_to_do_ends(make: Make) -> None:
    trainer = make("tell(trained=7)", idle_s=0.05)
    trainer.train()
    until(lambda: ended(trainer) and not trainer.awake)


def test_a_process_that_hangs_is_ended_and_the_next_training_may_begin(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make("import time; time.sleep(600)", hanging_s=0.05)
    for _ in range(2):
        assert outcome(trainer).failure == "Training failed; the server's log says why."
        assert not trainer.awake
    assert caplog.messages == ["The process that trains has told nothing for 0 s, and is ended"] * 2


def test_closing_ends_the_process_for_good(make: Make) -> None:
    trainer = make("pass")
    trainer.train()
    trainer.close()
    trainer.embed([Path("a.jpg")])
    assert not trainer.awake
