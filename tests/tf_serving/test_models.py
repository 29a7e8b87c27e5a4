"""The life of models, as in server_core_test.cc and file_system_storage_path_source_test.cc."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.tf_serving.client import Server, refusal, until


@pytest.mark.slow
def test_versions_come_and_go_on_disk(server: Server) -> None:
    base = server.folder / "changing"
    shutil.copytree(server.folder / "half_plus_three" / "123", base / "2")
    until(lambda: server.version("changing"), lambda found: found == 2)
    until(lambda: server.states("changing"), lambda found: found == {2: "AVAILABLE", 1: "END"})

    (base / "3").mkdir()
    (base / "3" / "saved_model.pb").write_bytes(b"junk")
    until(lambda: server.states("changing"), lambda found: found == {3: "END", 2: "AVAILABLE", 1: "END"})
    assert server.version("changing") == 2
    [broken] = server.get("changing/versions/3").json()["model_version_status"]
    assert broken["status"]["error_code"] == "DATA_LOSS"
    assert "is not a SavedModel" in broken["status"]["error_message"]
    shutil.rmtree(base / "3")

    shutil.rmtree(base / "2")
    until(lambda: server.version("changing"), lambda found: found == 1)
    until(lambda: server.states("changing"), lambda found: found[2] == "END")

    (base / "1").rename(server.folder / "kept")
    until(lambda: server.version("changing"), lambda found: found != 1)
    assert server.version("changing") == "Servable not found for request: Latest(changing)"
    until(lambda: server.states("changing"), lambda found: set(found.values()) == {"END"})
    (server.folder / "kept").rename(base / "1")
    until(lambda: server.version("changing"), lambda found: found == 1)


@pytest.fixture
def reloaded(server: Server, config: str) -> Iterator[Server]:
    """The server, whose configuration is put back at the end."""
    yield server
    server.reload(config)
    until(lambda: server.version("two_versions", "stable"), lambda found: found == 123)
    until(lambda: server.version("two_versions", "canary"), lambda found: found == 124)


def a_model(server: Server, folder: str, rest: str = "", name: str | None = None) -> str:
    return (
        f"config {{ name: '{name or folder}' base_path: '{server.folder / folder}' "
        f"model_platform: 'tensorflow' {rest} }}"
    )


def a_list(*models: str) -> str:
    return f"model_config_list {{ {' '.join(models)} }}"


def test_a_reload_brings_models_and_takes_them_away(reloaded: Server) -> None:
    new = a_model(reloaded, "half_plus_three", name="new")
    answer = reloaded.reload(a_list(a_model(reloaded, "half_plus_two"), new))
    assert (answer.status.error_code, answer.status.error_message) == (0, "")
    assert reloaded.version("new") == 123
    assert reloaded.version("half_plus_two") == 123
    gone = until(lambda: reloaded.version("half_plus_three"), lambda found: found != 123)
    assert gone == "Servable not found for request: Latest(half_plus_three)"
    until(lambda: reloaded.states("half_plus_three"), lambda found: found == {123: "END"})

    reloaded.reload("model_config_list {}")
    until(lambda: reloaded.states("new"), lambda found: found == {123: "END"})
    reloaded.reload(a_list(new))
    assert reloaded.version("new") == 123


@pytest.mark.parametrize(
    ("policy", "states"),
    [
        ("latest { num_versions: 1 }", {124: "AVAILABLE", 123: "END"}),
        ("latest { num_versions: 2 }", {124: "AVAILABLE", 123: "AVAILABLE"}),
        ("specific { versions: 123 }", {124: "END", 123: "AVAILABLE"}),
        ("all {}", {124: "AVAILABLE", 123: "AVAILABLE"}),
    ],
)
def test_a_reload_changes_the_policy(reloaded: Server, policy: str, states: dict[int, str]) -> None:
    model = a_model(reloaded, "two_versions", f"model_version_policy {{ {policy} }}")
    reloaded.reload(a_list(model))
    until(lambda: reloaded.states("two_versions"), lambda found: found == states)


def labelled(server: Server, **labels: int) -> str:
    written = " ".join(f"version_labels {{ key: '{key}' value: {value} }}" for key, value in labels.items())
    return a_list(a_model(server, "two_versions", f"model_version_policy {{ all {{}} }} {written}"))


def test_a_reload_moves_labels(reloaded: Server) -> None:
    reloaded.reload(labelled(reloaded, stable=124))
    assert reloaded.version("two_versions", "stable") == 124
    assert reloaded.version("two_versions", "canary") == "Unrecognized servable version label: canary"
    reloaded.reload(labelled(reloaded, stable=124, next=999))
    text = "Servable not found for request: Specific(two_versions, 999)"
    assert reloaded.version("two_versions", "next") == text
    assert refusal(lambda: reloaded.reload(labelled(reloaded, stable=999))) == (
        "FAILED_PRECONDITION",
        "Request to assign label to version 999 of model two_versions, "
        "which is not currently available for inference",
    )
    assert reloaded.version("two_versions", "stable") == 124


def test_a_reload_of_a_folder_that_is_missing_is_refused(server: Server) -> None:
    refusal(lambda: server.reload(a_list(a_model(server, "nothing"))))
    assert server.version("half_plus_two") == 123
