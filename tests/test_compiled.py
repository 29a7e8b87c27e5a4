from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from kuzov import compiled
from kuzov.compiled import MOST_KEPT, UnreadableError

F32 = {"INFERENCE_PRECISION_HINT": "f32"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save(tmp_path / "network.xml", factor=2)


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was read back."""
    known: list[bytes] = []

    class Core:
        def __getattr__(self, name: str) -> Any:
            return getattr(core, name)

        def import_model(self, network: bytes, *arguments: Any) -> openvino.CompiledModel:
            known.append(network)
            return core.import_model(network, *arguments)

    core = compiled.CORE
    monkeypatch.setattr(compiled, "CORE", Core())
    return known


def save(file: Path, *, factor: float) -> Path:
    """A network from `x` (N, 2) to so many times as much."""
    x = ops.parameter([-1, 2], np.float32, name="x")
    openvino.save_model(openvino.Model([ops.multiply(x, np.float32(factor))], [x]), file)
    return file


def compile_network(file: Path, *, one_row: bool = False) -> openvino.CompiledModel:
    return compiled.compile_network(file, F32, one_row=one_row)


def ask(network: openvino.CompiledModel) -> list[list[float]]:
    found: list[list[float]] = network({0: np.array([[1, 3]], np.float32)})[0].tolist()
    return found


def test_a_file_is_compiled_once(file: Path, cache: Path, imported: list[bytes]) -> None:
    answers = [ask(compile_network(file)) for _ in range(3)]
    assert answers == [[[2, 6]]] * 3
    assert (len(imported), len([*cache.iterdir()])) == (2, 1)


def test_what_is_compiled_for_one_row_takes_one(file: Path, cache: Path) -> None:
    for _ in range(2):
        assert str(compile_network(file, one_row=True).input(0).get_partial_shape()) == "[1,2]"
        assert str(compile_network(file).input(0).get_partial_shape()) == "[?,2]"
    assert len([*cache.iterdir()]) == 2


def test_it_is_compiled_once_for_any_number_of_streams(file: Path, cache: Path) -> None:
    found = [compiled.compile_network(file, {**F32, "NUM_STREAMS": count}) for count in (1, 2)]
    assert [each.get_property("NUM_STREAMS") for each in found] == [1, 2]
    assert len([*cache.iterdir()]) == 1


def test_other_content_under_the_same_name_is_another_network(file: Path) -> None:
    compile_network(file)
    save(file, factor=5)
    assert ask(compile_network(file)) == [[5, 15]]


def test_a_file_that_is_replaced_while_it_is_read_is_not_kept_as_what_it_was(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [each.read_bytes() for each in (file, file.with_suffix(".bin"))]

    def replaced(source: Path) -> openvino.Model:
        return read_model(save(source, factor=5))

    read_model = compiled.read_model
    monkeypatch.setattr(compiled, "read_model", replaced)
    assert ask(compile_network(file)) == [[5, 15]]
    monkeypatch.undo()
    monkeypatch.setenv("KUZOV_CACHE", str(cache.parent))
    for each, content in zip((file, file.with_suffix(".bin")), before, strict=True):
        each.write_bytes(content)
    assert ask(compile_network(file)) == [[2, 6]]


def halve(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


@pytest.mark.parametrize("damage", [halve, flip_a_bit, lambda _: b""])
def test_a_damaged_file_is_made_anew(
    damage: Callable[[bytes], bytes], file: Path, cache: Path, imported: list[bytes]
) -> None:
    compile_network(file)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert ask(compile_network(file)) == [[2, 6]]
    assert not imported
    assert kept.read_bytes() == whole


def test_what_openvino_refuses_to_read_back_is_compiled(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_network(file)
    monkeypatch.setattr(compiled, "_read", lambda _: b"of another kind")
    assert ask(compile_network(file)) == [[2, 6]]


@pytest.mark.parametrize("taken", ["cache", "cache/compiled"])
def test_a_cache_that_can_not_be_written_is_done_without(taken: str, file: Path, tmp_path: Path) -> None:
    place = tmp_path / taken
    place.parent.mkdir(exist_ok=True)
    place.write_text("a file stands where the folder would")
    assert ask(compile_network(file)) == [[2, 6]]


def test_nobody_without_a_home_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("KUZOV_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert ask(compile_network(file)) == [[2, 6]]


def test_those_unused_for_longest_go(file: Path, cache: Path, tmp_path: Path) -> None:
    compile_network(file)
    (first,) = cache.iterdir()
    for number in range(MOST_KEPT):
        old = cache / f"old-{number}"
        old.write_bytes(b"")
        os.utime(old, (number, number))
    os.utime(first, (0, 0))
    compile_network(file)  # used again
    compile_network(save(tmp_path / "other.xml", factor=3))
    kept = {each.name for each in cache.iterdir()}
    assert len(kept) == MOST_KEPT
    assert first.name in kept
    assert {f"old-{number}" for number in range(MOST_KEPT)} - kept == {"old-0", "old-1"}


def test_a_file_that_is_no_network_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "network.xml"
    broken.write_text("<net")
    for source in (broken, tmp_path / "missing.xml"):
        with pytest.raises(UnreadableError):
            compile_network(source)
