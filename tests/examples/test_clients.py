"""The clients in other languages and libraries, asking a kuzov server of its own process."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov import load
from kuzov.bundle.ready import ready_model
from tests.chaos.running import Server, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
COMMANDS = {
    "python_requests.py": (sys.executable,),
    "python_grpc.py": (sys.executable,),
    "curl.sh": ("sh",),
    "javascript_fetch.mjs": ("node",),
    "Ask.java": ("java",),
}
OVER_REST = ("python_requests.py", "javascript_fetch.mjs", "Ask.java")
NOT_A_PHOTO = (
    "image_bytes[0]: is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO"
)
NOBODY = "127.0.0.1:1"  # where nothing listens


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the ready model, which lets the pages of other sites ask."""
    log = tmp_path_factory.mktemp("served") / "log"
    options = ("--model-name=img_classifier", "--rest-api-enable-cors-support=true")
    with running(ready_model(), log, *options) as started:
        yield started


@pytest.fixture(scope="module")
def said(ten_photos: list[Path]) -> str:
    """What kuzov itself says of the first photo."""
    answer = load(ready_model()).predict(ten_photos[0])
    said = "none of these models, most like" if answer.is_unknown else "this is"
    return f"{said} {answer.label} {answer.probability:.1%}"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a web server that has the clients' files."""
    handler = partial(SilentHandler, directory=CLIENTS)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


class SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def model_url(server: Server) -> str:
    return f"http://127.0.0.1:{server.rest_port}/v1/models/img_classifier"


def ask(name: str, photo: Path, address: str) -> subprocess.CompletedProcess[str]:
    program, *_ = command = (*COMMANDS[name], str(CLIENTS / name), str(photo), address)
    if shutil.which(program) is None:
        pytest.skip(f"There is no {program} here to run {name} with.")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("name", OVER_REST)
def test_each_client_says_what_kuzov_says(
    server: Server, ten_photos: list[Path], said: str, name: str
) -> None:
    done = ask(name, ten_photos[0], model_url(server))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{said}\n", "")


@pytest.mark.slow
def test_grpc(server: Server, ten_photos: list[Path], said: str) -> None:
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed.")
    done = ask("python_grpc.py", ten_photos[0], f"127.0.0.1:{server.rpc_port}")
    assert (done.returncode, done.stdout) == (0, f"{said}\n")


def test_curl_prints_the_answer_as_it_is(server: Server, ten_photos: list[Path], said: str) -> None:
    done = ask("curl.sh", ten_photos[0], model_url(server))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["predictions"]
    alike = {"look_alike", "look_alike_probability"}
    assert row.keys() == {"label", "probabilities", "unknown", "car_box", "car_score", *alike}
    assert f"{row['label']} {max(row['probabilities']):.1%}" in said


@pytest.mark.parametrize("name", OVER_REST)
def test_what_the_server_refuses_is_told(server: Server, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    done = ask(name, tmp_path / "notes.txt", model_url(server))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The server refused the photo: ")
    assert NOT_A_PHOTO in done.stderr


@pytest.mark.parametrize("name", ["python_requests.py", "python_grpc.py"])
def test_a_photo_that_is_not_there(tmp_path: Path, name: str) -> None:
    if name == "python_grpc.py":
        pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed.")
    done = ask(name, tmp_path / "none.jpg", NOBODY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{tmp_path}/none.jpg can't be read: No such file or directory\n")
    assert "Traceback" not in done.stderr


def test_what_is_no_model_server_is_told(site: str, ten_photos: list[Path]) -> None:
    done = ask("python_requests.py", ten_photos[0], f"{site}/v1/models/img_classifier")
    assert done.returncode == 1
    assert done.stderr.startswith(f"No model server answers at {site}/v1/models/img_classifier: ")


def test_curl_fails_with_what_the_server_refuses(server: Server, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    done = ask("curl.sh", tmp_path / "notes.txt", model_url(server))
    assert (done.returncode, json.loads(done.stdout)) == (22, {"error": NOT_A_PHOTO})


@pytest.mark.parametrize("name", ["python_requests.py", "javascript_fetch.mjs", "curl.sh"])
def test_a_server_that_is_not_there(ten_photos: list[Path], name: str) -> None:
    done = ask(name, ten_photos[0], f"http://{NOBODY}/v1/models/img_classifier")
    assert done.returncode != 0
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_the_javascript_works_in_a_page_of_another_site(
    server: Server, site: str, ten_photos: list[Path], said: str, chromium: Browser
) -> None:
    page = chromium.new_page()
    try:
        page.goto(f"{site}/javascript_fetch.mjs")
        page.set_content("<input type=file>")
        page.set_input_files("input", ten_photos[0])
        answered = page.evaluate(
            """async (url) => {
              const { recognise } = await import("/javascript_fetch.mjs");
              return recognise(document.querySelector("input").files[0], url);
            }""",
            model_url(server),
        )
    finally:
        page.close()
    assert f"{answered['label']} {answered['probability']:.1%}" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_each_client_is_short_and_asks_nothing_that_tensorflow_serving_lacks(name: str) -> None:
    source = (CLIENTS / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 40
    assert not re.search("kuzov[./-]|image/jpeg|/web/|X-API-Key", source)
