from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from kuzov.bundle.ready import ready_model
from kuzov.deploy.heroku import heroku_deployment
from kuzov.deploy.render import render
from tests.chaos.running import PHOTO
from tests.deploy.containers import flags, healthy, start, variables, wait_until_listening

KEY = "sixteen-letters-or-more"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heroku")
    render(heroku_deployment(ready_model()).files, folder)
    return folder


def test_heroku_builds_the_image_and_runs_its_command(app: Path) -> None:
    manifest = yaml.safe_load((app / "heroku.yml").read_text())
    assert manifest == {"build": {"docker": {"web": "Dockerfile"}}}
    assert flags(app / "Dockerfile"), "Heroku refuses an image without CMD"


def test_the_app_is_of_the_container_stack(app: Path) -> None:
    described = json.loads((app / "app.json").read_text())
    assert described["stack"] == "container"
    assert described["formation"] == {"web": {"quantity": 1, "size": "basic"}}
    assert set(described["env"]) == {"API_KEYS"}
    assert not described["env"]["API_KEYS"]["required"]


def ask(port: int, key: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/models/img_classifier:predict",
        PHOTO,
        {"Content-Type": "image/jpeg", "Authorization": f"Bearer {key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_dyno_answers_on_the_port_that_it_is_handed(app: Path, tmp_path: Path, free_port: int) -> None:
    """The entrypoint and the command as they are, with the variables that the image and Heroku set.

    The shell makes way for the server: a signal reaches that one itself.
    """
    of_image = {key: value for key, value in variables(app / "Dockerfile").items() if key != "PATH"}
    environment = {
        **of_image,
        "MODEL_BASE_PATH": str(app / "models"),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PORT": str(free_port),
        "API_KEYS": KEY,
    }
    server = start(app / "entrypoint.sh", *flags(app / "Dockerfile"), environment=environment)
    try:
        wait_until_listening(free_port, server)
        assert healthy(app / "healthcheck.sh", free_port, "/readyz")
        status, answer = ask(free_port, KEY)
        assert (status, list(answer)) == (200, ["predictions"])
        assert ask(free_port, "another-key-altogether")[0] == 401
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=25) == 0
    finally:
        server.kill()
        server.communicate()
