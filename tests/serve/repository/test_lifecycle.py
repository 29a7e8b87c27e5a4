from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bundle.saved_model import read_signatures
from kuzov.errors import (
    BundleError,
    ErrorCode,
    InstallationError,
    KuzovError,
    MissingExtraError,
    RequestError,
)
from kuzov.serve.repository.lifecycle import Failure, State, VersionLife, load
from kuzov.serve.repository.servable import LoadEngine, Servable, VersionStatus
from tests.serve.repository.fakes import FakeEngine, put


@pytest.fixture
def life(tmp_path: Path) -> VersionLife:
    return VersionLife(model="m", version=1, folder=put(tmp_path, 1), tries_left=2)


def no_warm_up(servable: Servable, folder: Path) -> None:
    pass


def test_a_life_without_trouble(life: VersionLife) -> None:
    assert (life.state, life.is_due(0.0), life.is_new) == (State.START, True, True)
    life.begin()
    assert (life.state, life.is_due(0.0), life.is_new) == (State.LOADING, False, True)
    servable = load(life, FakeEngine, no_warm_up)
    assert isinstance(servable, Servable)
    life.succeed(servable)
    assert life.status() == VersionStatus(version=1, state="AVAILABLE", engine="fake")
    assert life.release() is servable
    assert life.status() == VersionStatus(version=1, state="UNLOADING", engine="fake")
    life.end()
    assert life.status() == VersionStatus(version=1, state="END")


def test_failures_end_a_life_when_no_try_is_left(life: VersionLife) -> None:
    failure = Failure(code=ErrorCode.INTERNAL, message="It is broken.")
    life.begin()
    life.fail(failure, retry_at=5.0)
    assert life.status() == VersionStatus(version=1, state="LOADING")
    assert (life.is_due(4.9), life.is_due(5.0), life.is_new) == (False, True, False)
    life.begin()
    life.fail(failure, retry_at=10.0)
    assert not life.is_due(10.0)
    assert life.status() == VersionStatus(
        version=1, state="END", error_code="INTERNAL", error_message="It is broken."
    )


@pytest.mark.parametrize("error", [InstallationError("Install it."), MissingExtraError("It", "fine-tune")])
def test_what_only_an_installation_mends_is_not_tried_again(life: VersionLife, error: KuzovError) -> None:
    def fail(*_: object) -> FakeEngine:
        raise error

    life.begin()
    failure = load(life, fail, no_warm_up)
    assert isinstance(failure, Failure)
    life.fail(failure, retry_at=0.0)
    assert (life.is_waiting, life.status().state) == (False, "END")
    assert life.status().error_message == str(error)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (BundleError("It is broken."), ErrorCode.FAILED_PRECONDITION, "It is broken."),
        (RequestError(ErrorCode.DATA_LOSS, "Bad record."), ErrorCode.DATA_LOSS, "Bad record."),
        (MemoryError(), ErrorCode.RESOURCE_EXHAUSTED, "There is not enough memory to load {}."),
        (
            ZeroDivisionError("a secret"),
            ErrorCode.INTERNAL,
            "Loading {} ended in an unexpected ZeroDivisionError; the log tells more.",
        ),
    ],
)
def test_whatever_goes_wrong_is_told(
    life: VersionLife,
    error: Exception,
    code: ErrorCode,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> FakeEngine:
        raise error

    expected = Failure(code=code, message=message.format(life.folder))
    assert load(life, fail, no_warm_up) == expected
    assert load(life, FakeEngine, fail) == expected  # type: ignore[arg-type]
    assert ("a secret" in caplog.text) == (code is ErrorCode.INTERNAL)


def lacks_a_file(folder: Path) -> FakeEngine:
    try:
        (folder / "variables").read_bytes()
    except OSError as error:
        raise BundleError("There are no variables.") from error
    raise AssertionError


def vanishes(folder: Path) -> FakeEngine:
    (folder / "saved_model.pb").unlink()
    raise BundleError("It is gone.")


def is_junk(folder: Path) -> FakeEngine:
    (folder / "saved_model.pb").write_bytes(b"junk")
    read_signatures(folder)
    raise AssertionError


@pytest.mark.parametrize(
    ("load_engine", "code", "message"),
    [
        (lacks_a_file, ErrorCode.NOT_FOUND, "There are no variables."),
        (vanishes, ErrorCode.NOT_FOUND, "It is gone."),
        (is_junk, ErrorCode.DATA_LOSS, "is not a SavedModel"),
    ],
)
def test_what_is_missing_and_what_is_broken_are_told_apart(
    life: VersionLife, load_engine: LoadEngine, code: ErrorCode, message: str
) -> None:
    failure = load(life, load_engine, no_warm_up)
    assert isinstance(failure, Failure)
    assert (failure.code, message in failure.message) == (code, True)
