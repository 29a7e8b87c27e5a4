from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.lifecycle import Failure, VersionLife
from kuzov.serve.repository.model import Model
from kuzov.serve.repository.servable import Servable
from tests.serve.repository.fakes import FakeEngine

BASE = Path("/models/m")
BROKEN = Failure(code=ErrorCode.INTERNAL, message="It is broken.")


@pytest.fixture
def model() -> Model:
    return Model(ModelConfig(name="m", base_path=BASE, labels={"stable": 1}))


def want(model: Model, *versions: int) -> None:
    model.want({version: BASE / str(version) for version in versions}, 2)


def servable(life: VersionLife) -> Servable:
    return Servable(name="m", version=life.version, engine=FakeEngine(life.folder), card=None)


def finish(model: Model, outcome: Failure | None = None, *, retry_interval_s: float = 0.0) -> None:
    """Try to load the first version that is due."""
    life = model.due(math.inf)[0]
    life.begin()
    model.finish(life, outcome or servable(life), seconds=0.1, retry_interval_s=retry_interval_s)


def unload(model: Model) -> list[int]:
    gone = model.superfluous()
    for life in gone:
        life.release()
        life.end()
    model.tidy()
    return [life.version for life in gone]


def states(model: Model) -> dict[int, str]:
    return {status.version: status.state for status in model.statuses()}


def test_a_new_model_has_nothing(model: Model) -> None:
    assert (model.statuses(), model.loaded().newest, model.ready, model.failed) == ((), None, False, True)


def test_requests_find_what_is_loaded(model: Model) -> None:
    want(model, 1, 2)
    finish(model)
    finish(model)
    loaded = model.loaded()
    assert loaded.newest is loaded.find(None, None) is loaded.find(2, None) is loaded.by_version[2]
    assert loaded.find(None, "stable") is loaded.by_version[1]
    assert loaded.find(None, "unknown") is loaded.find(3, None) is None


@pytest.mark.parametrize(
    ("labels", "refused", "refused_even_by_the_setting"),
    [
        ({"stable": 2, "canary": 1}, None, None),
        ({"canary": 3}, 3, None),
        ({"old": 0}, 0, None),
        ({"stable": 3}, 3, 3),
    ],
    ids=["loaded", "new, not loaded", "as before, not loaded", "moved to what is not loaded"],
)
def test_labels_are_checked_against_what_is_loaded(
    model: Model, labels: dict[str, int], refused: int | None, refused_even_by_the_setting: int | None
) -> None:
    want(model, 1, 2)
    finish(model)
    finish(model)
    loaded = replace(model.loaded(), labels={"stable": 1, "old": 0})
    config = replace(model.config, labels=labels)
    for allow, version in ((False, refused), (True, refused_even_by_the_setting)):
        text = f"Request to assign label to version {version} of model m, which is not currently available"
        with nullcontext() if version is None else pytest.raises(RequestError, match=text):
            loaded.check_labels(config, allow_unavailable=allow)


def test_the_unwanted_goes_once_a_wanted_version_serves(model: Model) -> None:
    want(model, 1)
    finish(model)
    want(model, 2)
    assert unload(model) == []
    finish(model)
    assert unload(model) == [1]
    assert states(model) == {2: "AVAILABLE", 1: "END"}


def test_everything_goes_where_nothing_is_wanted(model: Model) -> None:
    want(model, 1, 2)
    finish(model)
    finish(model)
    want(model)
    assert sorted(unload(model)) == [1, 2]


def test_a_version_that_waits_is_given_up_when_nobody_wants_it(model: Model) -> None:
    want(model, 1, 2)
    finish(model, BROKEN, retry_interval_s=60)
    assert model.next_retry() < math.inf
    want(model)
    assert (model.due(math.inf), model.next_retry(), states(model)) == ([], math.inf, {2: "END", 1: "END"})


def test_a_version_that_nobody_wants_any_more_when_it_fails_is_given_up(model: Model) -> None:
    want(model, 1)
    [life] = model.due(0.0)
    life.begin()
    want(model)
    assert states(model) == {1: "LOADING"}
    model.finish(life, BROKEN, seconds=0.1, retry_interval_s=0.0)
    model.tidy()
    [status] = model.statuses()
    assert (status.state, status.error_message) == ("END", "It is broken.")


def test_what_failed_is_tried_again_only_after_it_was_unwanted(model: Model) -> None:
    want(model, 1)
    finish(model, BROKEN)
    finish(model, BROKEN)
    want(model, 1)
    assert (model.failed, model.due(math.inf)) == (True, [])
    assert model.failures() == ["{{name: m version: 1} due to error: INTERNAL: It is broken.}"]
    want(model)
    want(model, 1)
    assert (model.failed, [life.version for life in model.due(math.inf)]) == (False, [1])


def test_a_model_is_ready_when_one_version_serves_and_none_is_in_its_first_try(model: Model) -> None:
    want(model, 1, 2)
    finish(model, BROKEN, retry_interval_s=60)
    assert not model.ready
    [other] = model.due(0.0)
    model.finish(other, servable(other), seconds=0.1, retry_interval_s=0.0)
    assert (model.ready, states(model)) == (True, {2: "LOADING", 1: "AVAILABLE"})


def test_a_new_base_path_replaces_versions_of_the_same_number(model: Model) -> None:
    want(model, 1)
    finish(model)
    former = model.loaded().newest
    model.config = ModelConfig(name="m", base_path=Path("/models/moved"))
    model.want({1: Path("/models/moved/1")}, 1)
    assert (unload(model), model.loaded().newest) == ([], former)
    finish(model)
    newest = model.loaded().newest
    assert newest is not None
    assert newest is not former
    assert unload(model) == [1]
    assert (model.loaded().newest, states(model)) == (newest, {1: "AVAILABLE"})


def test_remarks_are_made_once(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    for remarks in (("a", "b"), ("a", "b"), (), ("a",)):
        model.remark(30, remarks)
    assert caplog.messages == ["a", "b", "a"]


def test_only_the_last_hundred_that_ended_are_told_of(model: Model) -> None:
    for version in range(150):
        want(model, version)
        finish(model)
        unload(model)
    assert states(model) == {149: "AVAILABLE"} | dict.fromkeys(range(49, 149), "END")


def test_a_version_that_ended_again_is_told_of_as_the_last(model: Model) -> None:
    for version in (0, *range(1, 100), 0, 100, 101):
        want(model, version)
        finish(model)
        unload(model)
    assert states(model) == {101: "AVAILABLE"} | dict.fromkeys((0, *range(2, 101)), "END")
