import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kuzov.data.origin import ORIGIN_URL, origin_photos, origin_registry
from kuzov.errors import DatasetError, MissingExtraError
from kuzov.words import Words
from tests.errors import raises
from tests.folders import contents

FILES = {
    "train/a/1.jpeg": b"first",
    "train/b/1.jpeg": b"second",
    "validation/a/2.jpeg": b"third",
    "validation/b/2.jpeg": b"fourth",
    "test/x.jpg": b"fifth",
}
REGISTRY = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


class Handler(SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, *_: object) -> None:
        self.asked.append(self.path)


def write(folder: Path) -> Path:
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def served(tmp_path: Path) -> Path:
    return write(tmp_path / "served")


@pytest.fixture
def url(served: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("pooch", reason="pooch is not installed.")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Handler, "asked", [], raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_all_photos_are_downloaded_once(url: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = origin_photos(None, cache, base_url=url, registry=REGISTRY)
    assert folder == cache / "russian-cars-5"
    assert contents(folder) == FILES
    assert list(cache.iterdir()) == [folder]
    assert sorted(Handler.asked) == sorted(f"/{path}" for path in FILES)
    assert origin_photos(None, cache, base_url=url, registry=REGISTRY) == folder
    assert len(Handler.asked) == len(FILES)


def test_photos_that_are_there_are_not_downloaded(tmp_path: Path, served: Path) -> None:
    cache = tmp_path / "cache"
    assert origin_photos(served, cache, base_url="http://127.0.0.1:9/", registry=REGISTRY) == served
    assert not cache.exists()


def test_a_folder_that_is_not_whole_is_left_alone(url: str, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine")
    (mine / "train/a/1.jpeg").write_bytes(b"another")
    folder = origin_photos(mine, tmp_path / "cache", base_url=url, registry=REGISTRY)
    assert folder == tmp_path / "cache" / "russian-cars-5"
    assert (mine / "train/a/1.jpeg").read_bytes() == b"another"


def test_a_damaged_cache_is_mended(url: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "cache" / "russian-cars-5")
    (folder / "train/a/1.jpeg").write_bytes(b"another")
    (folder / "test/x.jpg").unlink()
    assert origin_photos(None, tmp_path / "cache", base_url=url, registry=REGISTRY) == folder
    assert contents(folder) == FILES
    assert sorted(Handler.asked) == ["/test/x.jpg", "/train/a/1.jpeg"]


def test_a_photo_that_changed_is_refused_and_the_rest_kept(url: str, tmp_path: Path, served: Path) -> None:
    cache = tmp_path / "cache"
    (served / "validation/b/2.jpeg").write_bytes(b"changed")
    text = Words(
        f"The photo {url}validation/b/2.jpeg is not the one that this version of kuzov knows (its SHA-256 "
        "differs), so it was not kept; go on with photos of your own.",
        f"Фотография {url}validation/b/2.jpeg не та, которую знает эта версия kuzov (другой SHA-256), "
        "поэтому она не сохранена; продолжайте со своими фотографиями.",
    )
    with raises(DatasetError, text):
        origin_photos(None, cache, base_url=url, registry=REGISTRY)
    assert [folder.name for folder in cache.iterdir()] == ["russian-cars-5.partial"]
    assert "validation/b/2.jpeg" not in contents(cache / "russian-cars-5.partial")
    (served / "validation/b/2.jpeg").write_bytes(FILES["validation/b/2.jpeg"])
    assert contents(origin_photos(None, cache, base_url=url, registry=REGISTRY)) == FILES
    assert Handler.asked.count("/test/x.jpg") == 1


def test_a_photo_that_is_gone_is_named(url: str, tmp_path: Path, served: Path) -> None:
    (served / "train/b/1.jpeg").unlink()
    partial = tmp_path / "russian-cars-5.partial"
    text = Words(
        f"The demo's photos can't be downloaded from {url} into {partial} (HTTP status 404 for "
        f"{url}train/b/1.jpeg); check the network connection, or go on with photos of your own.",
        f"Фотографии для демо не скачать с {url} в {partial} (код HTTP 404 от {url}train/b/1.jpeg); "
        "проверьте соединение с сетью или продолжайте со своими фотографиями.",
    )
    with raises(DatasetError, text):
        origin_photos(None, tmp_path, base_url=url, registry=REGISTRY)


def test_offline_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    pytest.importorskip("pooch", reason="pooch is not installed.")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = f"http://127.0.0.1:{free_port}/"
    text = (
        f"The demo's photos can't be downloaded from {url} into {tmp_path / 'russian-cars-5.partial'} "
        "(ConnectionError); check the network connection, or go on with photos of your own."
    )
    with raises(DatasetError, text):
        origin_photos(None, tmp_path, base_url=url, registry=REGISTRY)


def test_without_pooch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    text = (
        "Downloading the demo's photos needs packages that are not installed. Install them with: "
        "pip install 'kuzov[demo]'"
    )
    with raises(MissingExtraError, text):
        origin_photos(None, tmp_path, registry=REGISTRY)


def test_the_shipped_registry_names_the_182_photos() -> None:
    registry = origin_registry()
    assert len(registry) == 182
    counts = Counter(path.split("/")[0] for path in registry)
    assert counts == {"train": 130, "validation": 45, "test": 7}
    assert all(len(known) == 64 for known in registry.values())
    assert ORIGIN_URL.endswith("/data/")
