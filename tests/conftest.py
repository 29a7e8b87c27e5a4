"""What many tests need: photos, an own cache, and one trained bundle, made once for all workers."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from kuzov.cars.cut_out import read_cut_out
from kuzov.data.synthetic import render_cars
from tests.old_bundles import of_the_first_form

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from kuzov.training.pipeline import TrainResult

pytest_plugins = ["tests.expected_skips", "tests.workers"]

T = TypeVar("T")

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["LC_ALL"] = "C.UTF-8"  # what commands say is held to their English

REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = Path(os.environ.get("KUZOV_SHARED", REPOSITORY.parent / "shared")) / "data"
RUN_KUZOV = (sys.executable, "-m", "kuzov")


class Once(Protocol):
    def __call__(self, name: str, make: Callable[[Path], T]) -> T: ...


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def once(shared_folder: Path) -> Once:
    """`once(name, make)` is what `make` gives of a new folder; one worker makes it, the others wait."""

    def once(name: str, make: Callable[[Path], T]) -> T:
        folder, made = shared_folder / name, shared_folder / f"{name}.made"
        with (shared_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                made.write_bytes(pickle.dumps(make(folder)))
        found: T = pickle.loads(made.read_bytes())
        return found

    return once


@pytest.fixture(scope="session", autouse=True)
def own_cache(shared_folder: Path) -> Iterator[Path]:
    """A cache folder that starts empty; the user's own is left alone."""
    folder = shared_folder / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUZOV_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def synthetic_photos(once: Once) -> Path:
    """Three kinds of drawn cars: 8 photos each to learn from, 3 to judge by, one to ask about."""
    return once("synthetic", render_cars)


@pytest.fixture(scope="session")
def street(synthetic_photos: Path, once: Once) -> Path:
    """A photo of two drawn cars, a hatchback on the left and an SUV on the right."""

    def make(folder: Path) -> Path:
        photo = Image.new("RGB", (640, 220))
        for x, car in ((0, "test/hatchback.jpg"), (320, "test/suv.jpg")):
            photo.paste(Image.open(synthetic_photos / car), (x, 0))
        photo.save(folder / "street.png")
        return folder / "street.png"

    return once("street", make)


def shared_photos(name: str, kind: str) -> Path:
    """A folder of photos beside the repository; without it the test is skipped."""
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"The {kind} photos are not here: there is no folder {folder}. KUZOV_SHARED may name it.")
    return folder


@pytest.fixture(scope="session")
def wild_photos() -> Path:
    """Photos as people take them."""
    return shared_photos("wild", "wild")


@pytest.fixture(scope="session")
def real_photos() -> Path:
    """The photos of russian-cars-5."""
    return shared_photos("russian-cars-5", "real")


@pytest.fixture(scope="session")
def trained(synthetic_photos: Path, own_cache: Path, once: Once) -> TrainResult:
    """What `kuzov.train` makes of the drawn cars; read it, don't change its folders."""
    from kuzov.api import train

    return once(
        "trained", lambda folder: train(synthetic_photos, folder / "models" / "cars", runs=folder / "runs")
    )


@pytest.fixture(scope="session")
def old_bundle(trained: TrainResult, once: Once) -> Path:
    """The same as kuzov 0.1 made it; read it, don't change it."""
    return once("old", lambda folder: of_the_first_form(trained.bundle, folder / "cars" / "1"))


@pytest.fixture(scope="session")
def backbone() -> Any:
    """The network with ImageNet weights, for reading only."""
    from kuzov.model.backbones import find_backbone

    return find_backbone("efficientnet-lite0-imagenet").load()


@pytest.fixture(scope="session")
def ten_photos(request: pytest.FixtureRequest, synthetic_photos: Path) -> list[Path]:
    """Ten real photos of all kinds where they are, else drawn ones."""
    try:
        folder = request.getfixturevalue("real_photos") / "validation"
    except pytest.skip.Exception:
        folder = synthetic_photos / "train"
    photos = [file for file in folder.rglob("*.*") if file.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    return sorted(photos, key=lambda file: hashlib.sha256(file.read_bytes()).digest())[:10]


@pytest.fixture(scope="session")
def ten_cut_outs(ten_photos: list[Path]) -> npt.NDArray[np.float32]:
    """Ten photos as the network that kuzov brings sees them: (10, 192, 192, 3)."""
    return np.stack([read_cut_out(photo, 192).pixels for photo in ten_photos]).astype(np.float32)


@pytest.fixture(scope="session")
def ten_images(ten_photos: list[Path]) -> npt.NDArray[np.float32]:
    """Ten photos as that network sees them: (10, 224, 224, 3)."""
    return np.stack([read_cut_out(photo, 224).pixels for photo in ten_photos]).astype(np.float32)


@pytest.fixture
def run_kuzov(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `kuzov WORD…` as a process of its own, in a folder of its own."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"}
        command = [*RUN_KUZOV, *map(str, words)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    return run


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window; while it runs, so does an event loop, which other modules can't have."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("There is no chromium here to open pages with.")
    playwright = pytest.importorskip("playwright.sync_api", reason="Opening pages needs playwright.")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> dict[Path, bytes | set[str]]:
    """What a power cut would leave, as it grows: files' contents, and names in folders."""
    found: dict[Path, bytes | set[str]] = {}
    fsync = os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found[path] = {each.name for each in path.iterdir()} if path.is_dir() else path.read_bytes()

    monkeypatch.setattr(os, "fsync", note)
    return found
