from __future__ import annotations

import json
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from kuzov.engine.engine import run
from kuzov.errors import BundleError, ErrorCode, RequestError
from kuzov.serve.repository import repository as module
from kuzov.serve.repository import threads
from kuzov.serve.repository.config import ALL, ModelConfig, RepositorySettings, VersionPolicy
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import Servable, VersionStatus
from kuzov.serve.repository.source import Listing, look
from tests.errors import raises
from tests.serve.conftest import a_card
from tests.serve.repository.fakes import Engines, delete, put, until

Make: TypeAlias = Callable[..., Repository]


@pytest.fixture(autouse=True)
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Counts how often memory is given back, which takes long."""
    calls: list[None] = []
    monkeypatch.setattr(threads, "give_back_memory", lambda: calls.append(None))
    return calls


@pytest.fixture
def engines() -> Engines:
    return Engines()


@pytest.fixture
def make(engines: Engines) -> Iterator[Make]:
    """A repository that looks at its folders only when it is told to."""
    made: list[Repository] = []

    def repository(
        *configs: ModelConfig,
        warm_up: Callable[[Servable, Path, int], None] = lambda servable, folder, iterations: None,
        **settings: float,
    ) -> Repository:
        values = {"file_system_poll_wait_seconds": 0, "load_retry_interval_s": 0, "max_num_load_retries": 0}
        made.append(
            Repository(
                configs,
                RepositorySettings(**(values | settings)),  # type: ignore[arg-type]
                engines,
                warm_up=warm_up,
            )
        )
        return made[-1]

    yield repository
    for gate in engines.gates.values():
        gate.set()
    for each in made:
        each.stop()


@pytest.fixture
def start(make: Make) -> Make:
    """As `make`, and it has started."""

    def started(*configs: ModelConfig, **options: Any) -> Repository:
        repository = make(*configs, **options)
        repository.start()
        return repository

    return started


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The base path of model m, with version 1."""
    put(tmp_path / "m", 1)
    return tmp_path / "m"


def states(repository: Repository, name: str = "m") -> dict[int, str]:
    return {each.version: each.state for each in repository.status(name)}


def answer(repository: Repository, name: str = "m") -> int:
    return int(run(repository.get(name).engine, "serving_default", {})["version"])


def refusal(call: Callable[[], object]) -> tuple[ErrorCode, str]:
    with pytest.raises(RequestError) as caught:
        call()
    return caught.value.code, str(caught.value)


def model(base: Path, policy: VersionPolicy | None = None, **labels: int) -> ModelConfig:
    return ModelConfig(name=base.name, base_path=base, policy=policy or VersionPolicy(), labels=labels)


# What is found


def test_the_newest_version_is_served(base: Path, start: Make, engines: Engines) -> None:
    put(base, "0124")
    repository = start(model(base))
    found = repository.get("m")
    assert (found.name, found.version, found.card) == ("m", 124, None)
    assert repository.get("m", 124) is found
    assert repository.status("m") == (VersionStatus(version=124, state="AVAILABLE", engine="fake"),)
    assert repository.models() == ("m",)
    assert engines.order == [base / "0124"]


def test_the_card_is_read(base: Path, start: Make) -> None:
    card = a_card()
    (base / "1" / "assets.extra").mkdir()
    (base / "1" / "assets.extra" / "card.json").write_text(json.dumps(card.to_json()))
    repository = start(model(base))
    assert repository.get("m").card == card


# Starting


@pytest.mark.parametrize(
    ("configs", "told"),
    [
        (
            lambda base: [model(base, VersionPolicy(specific=(7,)))],
            "Version 7 of model m is wanted by its policy, but not found under base path {base}.",
        ),
        (
            lambda base: [model(base), model(base)],
            "Failed to start server. Error: INVALID_ARGUMENT: "
            "Illegal to list model m multiple times in config list.",
        ),
        (
            lambda base: [model(base, stable=1)],
            "Failed to start server. Error: FAILED_PRECONDITION: "
            "Request to assign label to version 1 of model m, which is not currently available for "
            "inference. Labels that are there from the start need "
            "--allow_version_labels_for_unavailable_models.",
        ),
    ],
    ids=["nothing to load", "a model named twice", "labels without the setting"],
)
def test_what_stops_the_start(
    base: Path, make: Make, configs: Callable[[Path], list[ModelConfig]], told: str
) -> None:
    with raises(BundleError, told.format(base=base)):
        make(*configs(base)).start()


def test_a_model_that_does_not_load_stops_the_start(base: Path, make: Make, engines: Engines) -> None:
    engines.errors[base / "1"] = BundleError("It is broken.")
    put(base.parent / "n", 1)
    repository = make(model(base), model(base.parent / "n"))
    with pytest.raises(BundleError) as caught:
        repository.start()
    assert str(caught.value) == (
        "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: "
        "{{{name: m version: 1} due to error: FAILED_PRECONDITION: It is broken.}}"
    )


def test_models_load_side_by_side_at_the_start_and_then_one_by_one(
    tmp_path: Path, make: Make, engines: Engines
) -> None:
    bases = [tmp_path / name for name in "abc"]
    barrier = threading.Barrier(3)
    for base in bases:
        put(base, 1)

    def meet(servable: Servable, folder: Path, iterations: int) -> None:
        if servable.version == 1:
            barrier.wait(10)

    repository = make(*map(model, bases), warm_up=meet)
    repository._loader.limit = 3  # a machine with three cores
    repository.start()
    gates = [engines.hold(put(base, 2)) for base in bases]
    engines.most_at_a_time = 0
    repository.poll_once()
    assert [states(repository, name)[2] for name in "abc"] == ["LOADING", "START", "START"]
    for gate in gates:
        gate.set()
    until(lambda: [answer(repository, name) for name in "abc"] == [2, 2, 2])
    assert engines.most_at_a_time == 1


def test_stopping_ends_a_start(base: Path, make: Make, engines: Engines) -> None:
    gate = engines.hold(base / "1")
    repository = make(model(base))
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(repository.start)
        until(lambda: engines.order)
        threading.Timer(0.05, gate.set).start()
        repository.stop()
        assert str(starting.exception()) == "The server is stopping."


def test_stopping_ends_the_threads_and_leaves_the_servables(base: Path, start: Make) -> None:
    before = set(threading.enumerate())
    repository = start(model(base), file_system_poll_wait_seconds=60)
    repository.stop()
    assert set(threading.enumerate()) <= before
    assert answer(repository) == 1


# Swapping


def test_an_old_version_serves_until_the_new_one_does(base: Path, start: Make, engines: Engines) -> None:
    repository = start(model(base))
    gate = engines.hold(put(base, 2))
    repository.poll_once()
    until(lambda: states(repository) == {2: "LOADING", 1: "AVAILABLE"})
    assert answer(repository) == 1
    gate.set()
    until(lambda: states(repository) == {2: "AVAILABLE", 1: "END"})
    assert answer(repository) == 2


def test_new_versions_are_found_by_polling(base: Path, start: Make) -> None:
    repository = start(model(base), file_system_poll_wait_seconds=0.01)
    put(base, 2)
    until(lambda: answer(repository) == 2)


def test_requests_under_way_keep_their_version(
    base: Path, start: Make, given_back: list[None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    repository = start(model(base))
    held = repository.get("m")
    engine = weakref.ref(held.engine)
    put(base, 2)
    repository.poll_once()
    until(lambda: states(repository) == {2: "AVAILABLE", 1: "UNLOADING"})
    assert run(held.engine, "serving_default", {})["version"] == 1
    assert not given_back
    del held
    until(lambda: states(repository) == {2: "AVAILABLE", 1: "END"})
    until(lambda: given_back and engine() is None)
    assert [text.split(", in")[0] for text in caplog.messages] == [
        "Loaded m, version 1, by fake",
        "Loaded m, version 2, by fake",
        "Unloaded m, version 1",
    ]


def test_without_its_folder_a_version_gives_way_to_the_next_older(
    base: Path, start: Make, engines: Engines
) -> None:
    put(base, 2)
    repository = start(model(base))
    gate = engines.hold(base / "1")
    delete(base, 2)
    repository.poll_once()
    until(lambda: states(repository) == {2: "AVAILABLE", 1: "LOADING"})
    assert answer(repository) == 2
    gate.set()
    until(lambda: states(repository) == {2: "END", 1: "AVAILABLE"})
    assert answer(repository) == 1


def test_a_version_that_loads_slower_than_new_ones_come_is_served_all_the_same(
    base: Path, start: Make, engines: Engines
) -> None:
    repository = start(model(base))
    second, third = engines.hold(put(base, 2)), engines.hold(base / "3")
    repository.poll_once()
    until(lambda: len(engines.order) == 2)
    put(base, 3)
    repository.poll_once()
    second.set()
    until(lambda: states(repository) == {3: "LOADING", 2: "AVAILABLE", 1: "AVAILABLE"})
    assert answer(repository) == 2
    third.set()
    until(lambda: states(repository) == {3: "AVAILABLE", 2: "END", 1: "END"})


def test_a_version_deleted_while_it_loads_is_never_served(base: Path, start: Make, engines: Engines) -> None:
    repository = start(model(base))
    gate = engines.hold(put(base, 2))
    repository.poll_once()
    until(lambda: len(engines.order) == 2)
    delete(base, 2)
    repository.poll_once()
    served = {1}
    gate.set()

    def ended() -> bool:
        served.add(answer(repository))
        return states(repository) == {2: "END", 1: "AVAILABLE"}

    until(ended)
    assert served == {1}


def test_a_model_without_versions_is_unloaded(
    base: Path, start: Make, caplog: pytest.LogCaptureFixture
) -> None:
    repository = start(model(base))
    delete(base, 1)
    repository.poll_once()
    repository.poll_once()
    with pytest.raises(RequestError, match=r"Servable not found for request: Latest\(m\)"):
        repository.get("m")
    until(lambda: states(repository) == {1: "END"})
    assert caplog.messages == [
        f"No versions of servable m found under base path {base}. "
        "Did you forget to name your leaf directory as a number (eg. '/1/')?"
    ]
    put(base, 1)
    repository.poll_once()
    until(lambda: states(repository) == {1: "AVAILABLE"})


def test_a_base_path_that_vanishes_unloads_nothing(
    base: Path, start: Make, caplog: pytest.LogCaptureFixture
) -> None:
    other = base.parent / "n"
    put(other, 1)
    repository = start(model(base), model(other))
    base.rename(base.parent / "away")
    put(other, 2)
    repository.poll_once()
    repository.poll_once()
    until(lambda: answer(repository, "n") == 2)
    assert answer(repository) == 1
    assert caplog.messages == [
        f"The base path {base} of model m can't be read: No such file or directory. "
        "What is loaded is served on."
    ]


# Failing


def test_a_version_that_fails_is_tried_again_and_never_replaces_a_good_one(
    base: Path, start: Make, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    repository = start(model(base), max_num_load_retries=2)
    engines.errors[put(base, 2)] = BundleError("It is broken.")
    repository.poll_once()
    until(lambda: states(repository) == {2: "END", 1: "AVAILABLE"})
    assert repository.status("m", 2) == (
        VersionStatus(
            version=2, state="END", error_code="FAILED_PRECONDITION", error_message="It is broken."
        ),
    )
    repository.poll_once()
    assert (engines.tries[base / "2"], answer(repository)) == (3, 1)
    assert caplog.messages == [
        "Can't load m, version 2: It is broken. It is tried again in 0 s.",
        "Can't load m, version 2: It is broken. It is tried again in 0 s.",
        "Can't load m, version 2: It is broken. It is given up.",
    ]


def test_a_retry_may_succeed(base: Path, make: Make, engines: Engines) -> None:
    engines.errors[base / "1"] = BundleError("It is still being copied.")
    repository = make(model(base), max_num_load_retries=1000, load_retry_interval_s=0.01)
    thread = threading.Thread(target=repository.start)
    thread.start()
    until(lambda: engines.tries[base / "1"] > 2)
    engines.errors.clear()
    thread.join(10)
    assert answer(repository) == 1


def test_waiting_for_a_retry_holds_nobody_up(base: Path, start: Make, engines: Engines) -> None:
    other = base.parent / "n"
    put(other, 1)
    repository = start(model(base), model(other), max_num_load_retries=5, load_retry_interval_s=600)
    engines.errors[put(base, 2)] = BundleError("It is broken.")
    repository.poll_once()
    until(lambda: engines.tries[base / "2"])
    put(other, 2)
    repository.poll_once()
    until(lambda: answer(repository, "n") == 2)
    assert states(repository) == {2: "LOADING", 1: "AVAILABLE"}
    delete(base, 2)
    repository.poll_once()
    assert repository.status("m", 2)[0].error_message == "It is broken."
    assert states(repository) == {2: "END", 1: "AVAILABLE"}


# Warm-up


@pytest.mark.parametrize(
    ("settings", "times"),
    [
        ({}, [1]),
        ({"num_request_iterations_for_warmup": 3}, [3]),
        ({"enable_model_warmup": False}, []),
    ],
)
def test_a_version_is_warm_before_it_is_available(
    base: Path, make: Make, settings: dict[str, Any], times: list[int]
) -> None:
    seen: list[tuple[Path, int]] = []

    def warm_up(servable: Servable, folder: Path, iterations: int) -> None:
        seen.append((folder, iterations))
        with pytest.raises(RequestError):
            repository.get("m", servable.version)

    repository = make(model(base), warm_up=warm_up, **settings)
    repository.start()
    assert seen == [(base / "1", each) for each in times]
    assert states(repository) == {1: "AVAILABLE"}


# Labels


def test_labels_name_versions(base: Path, start: Make) -> None:
    put(base, 2)
    repository = start(model(base, ALL, stable=1, gone=7), allow_version_labels_for_unavailable_models=True)
    assert repository.get("m", label="stable").version == 1
    assert refusal(lambda: repository.get("m", label="gone")) == (
        ErrorCode.NOT_FOUND,
        "Servable not found for request: Specific(m, 7)",
    )
    unknown = (ErrorCode.INVALID, "Unrecognized servable version label: canary")
    assert refusal(lambda: repository.get("m", label="canary")) == unknown
    assert refusal(lambda: repository.get("n", label="canary")) == unknown


# Reloading


def test_a_reload_looks_at_the_folders_and_waits_only_for_new_models(
    base: Path, start: Make, engines: Engines
) -> None:
    repository = start(model(base))
    gate = engines.hold(put(base, 2))
    repository.reload([model(base)])
    assert answer(repository) == 1
    gate.set()
    until(lambda: answer(repository) == 2)


def test_a_reload_changes_base_paths(base: Path, start: Make, engines: Engines) -> None:
    repository = start(model(base))
    former = repository.get("m")
    gate = engines.hold(put(base.parent / "elsewhere", 1))
    repository.reload([ModelConfig(name="m", base_path=base.parent / "elsewhere")])
    assert repository.get("m") is former
    gate.set()
    until(lambda: repository.get("m") is not former)
    assert engines.order == [base / "1", base.parent / "elsewhere" / "1"]


@pytest.mark.parametrize("name", ["m", "new"])
def test_no_model_is_added_or_moved_to_where_there_is_nothing(base: Path, start: Make, name: str) -> None:
    repository = start(model(base))
    nowhere = base / "nowhere"
    assert refusal(lambda: repository.reload([ModelConfig(name=name, base_path=nowhere)])) == (
        ErrorCode.NOT_FOUND,
        f"The base path {nowhere} of model {name} can't be read: No such file or directory.",
    )
    assert (repository.models(), answer(repository)) == (("m",), 1)


def test_a_look_that_began_before_a_reload_counts_no_more(
    base: Path, start: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = start(model(base))
    reload = threading.Thread(target=repository.reload, args=([],))

    def look_slowly(config: ModelConfig) -> Listing:
        listing = look(config)
        reload.start()
        until(lambda: repository.models() == ())
        return listing

    monkeypatch.setattr(module, "look", look_slowly)
    repository.poll_once()
    reload.join(10)
    until(lambda: states(repository) == {1: "END"})


def test_a_new_model_that_does_not_load_changes_nothing(base: Path, start: Make, engines: Engines) -> None:
    bases = [base.parent / name for name in ("good", "bad")]
    put(bases[0], 1)
    engines.errors[put(bases[1], 1)] = BundleError("It is broken.")
    repository = start(model(base))
    assert refusal(lambda: repository.reload([model(each) for each in bases])) == (
        ErrorCode.UNKNOWN,
        "1 model(s) did not become available: "
        "{{{name: bad version: 1} due to error: FAILED_PRECONDITION: It is broken.}}",
    )
    assert (repository.models(), answer(repository)) == (("m",), 1)
    assert repository.status("bad", 1)[0].error_message == "It is broken."


def test_a_reload_has_a_deadline(base: Path, start: Make, engines: Engines) -> None:
    other = base.parent / "n"
    gate = engines.hold(put(other, 1))
    repository = start(model(base))
    assert refusal(lambda: repository.reload([model(other)], deadline_s=0.01)) == (
        ErrorCode.DEADLINE_EXCEEDED,
        "Not available in time: n.",
    )
    gate.set()
    until(lambda: states(repository, "n") == {1: "END"})
    assert (repository.models(), answer(repository)) == (("m",), 1)


def test_reloads_take_turns(base: Path, start: Make, engines: Engines) -> None:
    other = base.parent / "n"
    gate = engines.hold(put(other, 1))
    repository = start(model(base))
    first = threading.Thread(target=repository.reload, args=([model(other)],))
    first.start()
    until(lambda: len(engines.order) == 2)
    assert refusal(lambda: repository.reload([], deadline_s=0.01)) == (
        ErrorCode.DEADLINE_EXCEEDED,
        "Another reload of the configuration is under way, and has taken all the time of this one.",
    )
    second = threading.Thread(target=repository.reload, args=([model(base)],))
    second.start()
    gate.set()
    first.join(10)
    second.join(10)
    assert repository.models() == ("m",)


# Under load


def test_many_swaps_fail_no_request_and_leave_nothing_behind(base: Path, start: Make) -> None:
    repository = start(model(base))
    engines: weakref.WeakSet[object] = weakref.WeakSet()
    done = threading.Event()

    def ask() -> set[int]:
        seen: set[int] = set()
        while not done.is_set():
            seen.add(answer(repository))
            repository.status("m")
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for version in range(2, 131):
            engines.add(repository.get("m").engine)
            put(base, version)
            delete(base, version - 1)
            repository.poll_once()
            until(lambda version=version: answer(repository) == version)  # type: ignore[misc]
        done.set()
        assert all(len(each.result()) > 1 for each in asking)
    until(lambda: "UNLOADING" not in states(repository).values())
    assert states(repository) == {130: "AVAILABLE"} | dict.fromkeys(range(30, 130), "END")
    assert len(engines) == 0


def test_models_that_come_and_go_are_forgotten_in_the_end(base: Path, start: Make) -> None:
    repository = start(model(base))
    for number in range(102):
        repository.reload([ModelConfig(name=f"m{number}", base_path=base)])
    until(lambda: states(repository, "m100") == {1: "END"})
    with pytest.raises(RequestError, match="Could not find any versions of model m0"):
        repository.status("m0")
    assert len(repository._removed) == 100


# Where the system has no thread to give


def test_a_version_waits_for_a_thread(
    base: Path,
    make: Make,
    engines: Engines,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    start = threading.Thread.start
    refused: list[threading.Thread] = []

    def start_or_fail(thread: threading.Thread) -> None:
        if thread.name == "kuzov-load-m-1" and not refused:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_fail)
    monkeypatch.setattr(threads, "PAUSE_AFTER_ERROR_S", 0.01)
    second = engines.hold(put(base, 2))
    repository = make(model(base, ALL), num_load_threads=1)
    starting = threading.Thread(target=repository.start, daemon=True)
    start(starting)
    until(lambda: repository.models() and states(repository)[2] == "LOADING")
    second.set()
    until(lambda: repository.models() and states(repository) == {2: "AVAILABLE", 1: "AVAILABLE"})
    starting.join(10)
    until(lambda: "can't start new thread" in caplog.text)
