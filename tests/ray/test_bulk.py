from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

import pyarrow
from ray.cluster_utils import Cluster
from ray.data.exceptions import ExecutionTimeoutError

from kuzov.api import classify
from kuzov.bulk.answers import ModelName, Rows
from kuzov.bulk.labeller import Labeller
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.errors import BundleError, KuzovError
from kuzov.ray.bulk import Blocks, Worker, block_photos, classify_on_ray, names_of, pack, write_blocks

# Ray Data sets settings of its own that it tells to be deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")

PHOTOS = 240
STORE_BYTES = 100 * 1024 * 1024


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head that computes nothing, and two nodes of one core each, all on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        noticed_soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000}
        head = {
            "num_cpus": 0,
            "object_store_memory": STORE_BYTES,
            "include_dashboard": False,
            "_system_config": noticed_soon,
        }
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture(scope="module")
def many(synthetic_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of PHOTOS photos, one of them broken."""
    drawn = sorted(synthetic_photos.rglob("*.jpg"))
    folder = tmp_path_factory.mktemp("many")
    for number in range(PHOTOS - 1):
        os.link(drawn[number % len(drawn)], folder / f"{number:04}.jpg")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def rows(file: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda row: str(row["photo"]))


def test_interrupted_and_with_a_node_lost_it_ends_as_on_one_machine(
    cluster: Cluster, many: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.jsonl"
    interrupt(cluster, many, out)
    before = len(rows(out))
    assert 0 < before < PHOTOS

    lost: list[Any] = []

    def lose_a_node(stage: str, done: int, total: int) -> None:
        if stage == "classify" and done > total // 3 and not lost:
            lost.append(max(cluster.worker_nodes, key=lambda node: node.unique_id))
            cluster.remove_node(*lost, allow_graceful=False)

    done = classify(many, out, model=ready_model(), ray=cluster.address, progress=lose_a_node)
    assert lost
    assert (done.listed, done.classified) == (PHOTOS, PHOTOS - before)
    assert len({row["photo"] for row in rows(out)}) == len(rows(out)) == PHOTOS

    labeller = Labeller(resolve(ready_model()), precision="auto", threads=1)
    name = ModelName(name="img_classifier", version=1)
    for row in [*rows(out)[:30], rows(out)[-1]]:
        (expected,) = labeller(row["photo"], row["photo"])
        assert row == expected.to_json(name)


def interrupt(cluster: Cluster, photos: Path, out: Path) -> None:
    """Stop the command by Ctrl-C when it has written something."""
    words = [str(photos), "--out", str(out), "--model", str(ready_model()), "--ray", cluster.address]
    at_once = "from kuzov.bulk import json_lines; json_lines._FLUSH_EVERY_S = 0"
    code = f"{at_once}; from kuzov.cli.main import main; main()"
    command = [sys.executable, "-c", code, "classify", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (out.exists() and out.read_bytes().count(b"\n") > 1):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told, failure = process.communicate()
    assert (process.returncode, told) == (1, ""), failure
    assert re.search(r"Done: \d+ photos?; the same command goes on\.\n\nStopped\.\n$", failure)


def test_nodes_that_cannot_load_the_model(
    cluster: Cluster, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuzov.ray.bulk.pack", lambda _: {})
    with pytest.raises(KuzovError) as raised:
        classify(many, tmp_path / "r.jsonl", model=ready_model(), ray=cluster.address)
    assert re.sub(r"/tmp/\S+/", "", str(raised.value)) == (
        "The Ray cluster does not go on: The model saved_model.pb can't be read: No such file or directory. "
        "What was done is kept, and the same command goes on."
    )


def test_a_broken_model_is_told_before_the_workers_begin(
    cluster: Cluster, many: Path, tmp_path: Path
) -> None:
    (tmp_path / "cars" / "1").mkdir(parents=True)
    (tmp_path / "cars" / "1" / "saved_model.pb").touch()
    with pytest.raises(BundleError):
        classify(many, tmp_path / "r.jsonl", model=tmp_path / "cars", ray=cluster.address)
    assert not (tmp_path / "r.jsonl").exists()


def test_no_node_has_a_core(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("kuzov.ray.bulk.WAIT_S", 60)
    monkeypatch.setattr("kuzov.ray.bulk._answered", never)
    monkeypatch.setattr("ray.cluster_resources", lambda: {"memory": 1.0})
    monkeypatch.setattr("ray.put", lambda _: None)
    photos = iter(["a.jpg"])
    with pytest.raises(KuzovError) as raised:
        list(classify_on_ray(photos, 1, version_dir=resolve(ready_model()), precision="auto"))
    assert caplog.messages == ["No node of the Ray cluster has a core to give; waiting for one that has."]
    assert str(raised.value) == (
        "The Ray cluster does not go on: no node has answered for 1 minutes. What was done is kept, and the "
        "same command goes on."
    )


def never(*_: object) -> None:
    raise ExecutionTimeoutError("no progress")


def test_an_address_where_nobody_answers(many: Path, tmp_path: Path, free_port: int) -> None:
    with pytest.raises(KuzovError, match=rf"^No Ray cluster answers at 127\.0\.0\.1:{free_port}: "):
        classify(many, tmp_path / "r.jsonl", model=ready_model(), ray=f"127.0.0.1:{free_port}")
    assert not (tmp_path / "r.jsonl").exists()


@pytest.mark.parametrize(
    ("photos", "cores", "block"),
    [(10, 2, 1), (2000, 2, 125), (1_000_000, 2, 256), (1_000_000, 1000, 125), (10_000_000, 100, 1221)],
)
def test_blocks_keep_all_cores_busy_and_the_driver_small(photos: int, cores: int, block: int) -> None:
    assert block_photos(photos, cores) == block


def test_names_come_back_by_blocks(tmp_path: Path) -> None:
    names = ["a.jpg", "фото/b.jpg", "two\nlines.jpg", "no-utf8-\udcff.jpg", "s3://bucket/e.jpg"]
    file = tmp_path / "names.arrow"
    assert write_blocks(file, iter(names), 2) == 3
    blocks = Blocks(file, 3)
    assert blocks.count == 3
    found = [names_of(table) for task in blocks.get_read_tasks(1) for table in task()]
    assert found == [(0, names[:2]), (1, names[2:4]), (2, names[4:])]


@pytest.fixture
def worker(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker outside Ray, of which paths begin in the folder of photos."""
    monkeypatch.setattr("ray.get", lambda packed: packed)
    monkeypatch.setattr("ray.util.get_node_ip_address", lambda: "10.0.0.7")
    packed: Any = pack(resolve(ready_model()))  # as `ray.get` above gives it
    return Worker(packed, {"precision": "auto"}, photos)


def answers(worker: Worker, *names: str) -> dict[str, Rows]:
    (row,) = worker(pyarrow.table({"block": [7], "photos": [[name.encode() for name in names]]})).to_pylist()
    assert row["block"] == 7
    return {rows[0].photo: rows for rows in pickle.loads(row["answers"])}


def test_answers_are_those_of_this_machine(worker: Worker, photos: Path) -> None:
    here = Labeller(resolve(ready_model()), precision="auto", threads=1)
    names = [f"{photos}/b.jpg", f"{photos}/deeper/A.JPG", f"{photos}/broken.png"]
    assert answers(worker, *names) == {name: here(name, name) for name in names}


def test_a_path_that_does_not_say_where_it_begins(worker: Worker) -> None:
    (found,) = answers(worker, "b.jpg")["b.jpg"]
    assert (found.error, len(found.top)) == (None, 5)


def test_a_file_that_only_other_nodes_have(worker: Worker) -> None:
    (found,) = answers(worker, "/gone/a.jpg")["/gone/a.jpg"]
    assert found.error == ("no such file on the node 10.0.0.7; each node has to find it by this path")


def test_a_model_travels_without_its_report(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "report.html").write_text("large")
    (tmp_path / "assets.extra" / "card.json").write_text("{}")
    assert pack(tmp_path) == {Path("assets.extra/card.json"): b"{}"}
