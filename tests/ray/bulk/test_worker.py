from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pyarrow
import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.bulk.answers import Answer
from kuzov.bulk.labeller import Labeller
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.ray.bulk.worker import Worker, pack


@pytest.fixture
def worker(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker outside Ray, of which paths begin in the folder of photos."""
    monkeypatch.setattr("ray.get", lambda packed: packed)
    monkeypatch.setattr("ray.util.get_node_ip_address", lambda: "10.0.0.7")
    packed: Any = pack(resolve(ready_model()))  # as `ray.get` above gives it
    return Worker(packed, "auto", photos)


def answers(worker: Worker, *names: str) -> dict[str, Answer]:
    (row,) = worker(pyarrow.table({"block": [7], "photos": [[name.encode() for name in names]]})).to_pylist()
    assert row["block"] == 7
    return {each.photo: each for each in pickle.loads(row["answers"])}


def test_answers_are_those_of_this_machine(worker: Worker, photos: Path) -> None:
    here = Labeller(resolve(ready_model()), precision="auto", threads=1)
    names = [f"{photos}/b.jpg", f"{photos}/deeper/A.JPG", f"{photos}/broken.png"]
    assert answers(worker, *names) == {name: here(name, name) for name in names}


def test_a_path_that_does_not_say_where_it_begins(worker: Worker) -> None:
    found = answers(worker, "b.jpg")["b.jpg"]
    assert (found.error, len(found.top)) == (None, 5)


def test_a_file_that_only_other_nodes_have(worker: Worker) -> None:
    assert answers(worker, "/gone/a.jpg")["/gone/a.jpg"].error == (
        "no such file on the node 10.0.0.7; each node has to find it by this path"
    )


def test_a_model_travels_without_its_report(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "report.html").write_text("large")
    (tmp_path / "assets.extra" / "card.json").write_text("{}")
    assert pack(tmp_path) == {Path("assets.extra/card.json"): b"{}"}
