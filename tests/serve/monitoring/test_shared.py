from __future__ import annotations

from pathlib import Path

from kuzov.serve.monitoring.prometheus import Counter, Snapshot, gauge
from kuzov.serve.monitoring.shared import SharedMetrics


class Worker:
    """Counts what it answers, in one of several processes."""

    def __init__(self, folder: Path, index: int) -> None:
        self.answered = Counter("answered", "model")
        self.metrics = SharedMetrics(folder, index, self.snapshot)

    def snapshot(self) -> Snapshot:
        return [self.answered.family(), gauge("under_way", {(): 1.0})]


def test_every_worker_tells_of_all(tmp_path: Path) -> None:
    one, two = Worker(tmp_path, 0), Worker(tmp_path, 1)
    one.answered.add("cars")
    two.answered.add("cars")
    two.answered.add("boats")
    one.metrics.publish()
    one.answered.add("cars")  # after its copy was left
    two.metrics.publish()
    assert b'answered{model="cars"} 3' in one.metrics.text()
    assert b'answered{model="cars"} 2' in two.metrics.text()
    for worker in (one, two):
        assert b'answered{model="boats"} 1' in worker.metrics.text()
        assert b"under_way 2" in worker.metrics.text()


def test_a_worker_alone_tells_of_itself(tmp_path: Path) -> None:
    worker = Worker(tmp_path, 0)
    worker.answered.add("cars")
    assert b'answered{model="cars"} 1' in worker.metrics.text()


def test_a_copy_that_can_not_be_read_is_left_out(tmp_path: Path) -> None:
    worker = Worker(tmp_path, 0)
    (tmp_path / "1.json").write_text("[{")
    (tmp_path / "2.json").symlink_to(tmp_path / "gone")
    assert b"under_way 1" in worker.metrics.text()


def test_no_half_written_copy_is_left(tmp_path: Path) -> None:
    worker = Worker(tmp_path, 0)
    worker.metrics.publish()
    assert [file.name for file in tmp_path.iterdir()] == ["0.json"]
