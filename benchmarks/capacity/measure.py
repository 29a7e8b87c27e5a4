"""What a photo takes here, and how fast `kuzov classify` really is with a store of a known speed."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.capacity.model import Store
from kuzov.bulk.answers import Answer
from kuzov.bulk.labeller import Labeller, model_name
from kuzov.bulk.plan import Plan
from kuzov.bulk.results import open_results
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model

CORE = "0"  # what classifies; the store has the others
NAMES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of `kuzov classify` on one core.

    Attributes:
        photos: How many.
        seconds: From the first photo to the last row, in seconds.
        core_s: Time of processor cores of the whole process, its start too, in seconds.
    """

    photos: int
    seconds: float
    core_s: float


def row(photos: Sequence[Path], folder: Path) -> tuple[float, float]:
    """Seconds and bytes that a row of Parquet takes."""
    version, rng = resolve(ready_model()), random.Random(0)
    labeller = Labeller.load(version, precision="auto", threads=1)
    kinds = [labeller(photo.name, str(photo)) for photo in photos]
    answers = [_like(rng.choice(kinds), number, rng) for number in range(NAMES)]
    out = folder / "rows"
    with open_results(out, model_name(version)) as results:
        started = time.process_time()
        for answer in answers:
            results.add(answer)
        results.flush()
        seconds = time.process_time() - started
    return seconds / NAMES, sum(part.stat().st_size for part in out.iterdir()) / NAMES


def place_in_the_plan() -> float:
    """Seconds that it takes to list a photo and to see that it is not done yet."""
    started = time.process_time()
    with Plan() as plan:
        for number in range(NAMES):
            plan.add(_name(number))
    return (time.process_time() - started) / NAMES


def _like(answer: Answer, number: int, rng: random.Random) -> Answer:
    """As if for another photo: no two have the same figures."""
    top = tuple((label, round(rng.random(), 6)) for label, _ in answer.top)
    return replace(answer, photo=_name(number), top=top, unknown=round(rng.random(), 6))


def _name(number: int) -> str:
    return f"s3://bucket/photos/2026/11/{number:09}.jpg"


def classify(source: Path, out: Path) -> Run:
    """Run the command on one core."""
    command = [sys.executable, "-m", "kuzov", "classify", str(source), "--out", str(out)]
    before = _core_s()
    done = subprocess.run(
        ["taskset", "--cpu-list", CORE, *command, "--model", str(ready_model()), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    told = json.loads(done.stdout)
    assert not told["failed"]
    return Run(photos=told["classified"], seconds=told["seconds"], core_s=_core_s() - before)


def from_store(photo: Path, store: Store, count: int, folder: Path) -> Run:
    """Classify one photo under so many addresses of a slow store."""
    with _slow_store(photo, store) as port:
        folder.mkdir()
        source = folder / "photos.txt"
        source.write_text("".join(f"http://127.0.0.1:{port}/{number:07}.jpg\n" for number in range(count)))
        return classify(source, folder / "results.jsonl")


def marginal(few: Run, many: Run) -> float:
    """Core seconds of one photo more."""
    return (many.core_s - few.core_s) / (many.photos - few.photos)


@contextmanager
def _slow_store(photo: Path, store: Store) -> Iterator[int]:
    words = [str(photo), str(store.latency_s), str(store.bandwidth)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.capacity.slow_store", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def _core_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
