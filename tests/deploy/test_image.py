from __future__ import annotations

import fnmatch
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path, PurePosixPath

import openvino
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from kuzov.bundle.ready import ready_model
from kuzov.deploy.image import image_files, model_files, model_name
from kuzov.deploy.render import render
from kuzov.errors import ConfigError
from tests.deploy.containers import healthy, listener, stand_in, start, variables

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Docker would build the image from."""
    folder = tmp_path_factory.mktemp("image")
    render(image_files(ready_model(), ["--log-format=json"]), folder)
    return folder


def pins(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): pin for name, pin in (line.split("==") for line in lines)}


def needed(package: str, found: set[str]) -> set[str]:
    """All that a package needs to be installed, without extras."""
    for line in requires(package) or ():
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            needed(name, found)
    return found


def test_the_packages_are_those_that_the_server_needs_as_tested(context: Path) -> None:
    pinned, tested = pins(context / "requirements.txt"), pins(CONSTRAINTS)
    of_training = {
        "msgspec",
        "rich",
        "safetensors",
        "segno",
        "threadpoolctl",
        "markdown-it-py",
        "mdurl",
        "pygments",
    }
    assert of_training < needed("kuzov", set())
    assert pinned.keys() == needed("kuzov", set()) - of_training
    assert pinned == {name: tested[name] for name in pinned}


SERVES = """
import importlib, pkgutil, sys

class Refuses:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"msgspec", "rich", "safetensors", "segno", "threadpoolctl"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuses())
import kuzov.serve, kuzov.engine, kuzov.web, kuzov.cli.serve_settings
for package in (kuzov.serve, kuzov.engine, kuzov.web):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name != "kuzov.engine.tensorflow":
            importlib.import_module(module.name)
import kuzov
print(kuzov.load().predict(sys.argv[1]).label)
"""


def test_what_is_left_out_no_server_needs(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "grey").save(tmp_path / "grey.png")
    done = subprocess.run(
        [sys.executable, "-c", SERVES, str(tmp_path / "grey.png")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_what_is_copied_is_there_and_sent_to_docker(context: Path) -> None:
    sent = [line[1:] for line in (context / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copies = re.findall(r"^COPY (?!--from)(.*)$", (context / "Dockerfile").read_text(), flags=re.MULTILINE)
    sources = [source for line in copies for source in line.split()[:-1]]
    assert len(sources) == 5
    for source in sources:
        assert (context / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in sent), source


@pytest.mark.skipif(platform.machine() != "x86_64", reason="OpenVINO has other parts on other processors.")
def test_what_is_removed_is_there_before(context: Path) -> None:
    pinned = pins(context / "requirements.txt")["openvino"]
    if version("openvino") != pinned:
        pytest.skip(f"The image has another OpenVINO than there is here: {pinned}.")
    site = Path(openvino.__file__).parents[1]
    patterns = re.findall(r"openvino/\S+", (context / "Dockerfile").read_text())
    assert len(patterns) == 10
    assert [pattern for pattern in patterns if not list(site.glob(pattern))] == []
    assert not [pattern for pattern in patterns if "cpu" in pattern or "_tensorflow_frontend" in pattern]


def test_the_model_goes_along(context: Path) -> None:
    assert variables(context / "Dockerfile")["MODEL_NAME"] == "img_classifier"
    version_dir = context / "models" / "img_classifier" / "1"
    source = ready_model() / "1"
    assert (version_dir / "saved_model.pb").read_bytes() == (source / "saved_model.pb").read_bytes()
    assert (version_dir / "assets.extra" / "openvino" / "model.bin").is_file()


def test_the_newest_version_or_the_one_that_is_named(tmp_path: Path) -> None:
    for each in ("3", "20"):
        (tmp_path / "cars" / each).mkdir(parents=True)
        (tmp_path / "cars" / each / "saved_model.pb").write_text(each)
    assert list(model_files(tmp_path / "cars")) == [PurePosixPath("models/cars/20/saved_model.pb")]
    assert list(model_files(tmp_path / "cars" / "3")) == [PurePosixPath("models/cars/3/saved_model.pb")]
    assert model_name(tmp_path / "cars" / "3") == "cars"


def test_a_name_that_would_break_commands(tmp_path: Path) -> None:
    shutil.copytree(ready_model(), tmp_path / "my cars")
    with pytest.raises(ConfigError) as caught:
        image_files(tmp_path / "my cars", [])
    assert str(caught.value) == (
        'The folder "my cars" would name the model in the image; rename it so that it has only Latin '
        "letters, digits, dots, hyphens and underscores, and begins with a letter or a digit."
    )


def test_the_entrypoint_hands_on_port_and_model(context: Path, tmp_path: Path) -> None:
    programs = stand_in(tmp_path / "bin", "kuzov")
    of_image = {key: value for key, value in variables(context / "Dockerfile").items() if key != "PATH"}
    server = start(
        context / "entrypoint.sh",
        "--max-requests=4",
        "a b",
        path=programs,
        environment={**of_image, "PORT": "5000"},
    )
    assert server.communicate()[0].splitlines() == [
        "serve",
        "--port=8500",
        "--rest-api-port=5000",
        "--model-name=img_classifier",
        "--model-base-path=/models/img_classifier",
        "--max-requests=4",
        "a b",
    ]


def test_keys_go_into_a_file_that_only_the_server_reads(context: Path, tmp_path: Path) -> None:
    programs = stand_in(tmp_path / "bin", "kuzov")
    environment = {
        "MODEL_NAME": "cars",
        "MODEL_BASE_PATH": "/models",
        "TMPDIR": str(tmp_path),
        "API_KEYS": "sixteen-letters-1  sixteen-letters-2",
    }
    server = start(context / "entrypoint.sh", path=programs, environment=environment)
    words = server.communicate()[0].splitlines()
    file = Path(words[-1].removeprefix("--api-key-file="))
    assert file.read_text().split("\n") == ["sixteen-letters-1", "sixteen-letters-2"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert words[2] == "--rest-api-port=8501"


@pytest.mark.parametrize(
    ("answer", "words", "passes"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", ["/readyz"], True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}", ["/readyz"], False),
        (b'HTTP/1.1 200 OK\r\n\r\n{"state": "AVAILABLE"}', ["/v1/models/cars", "AVAILABLE"], True),
        (b'HTTP/1.1 200 OK\r\n\r\n{"state": "LOADING"}', ["/v1/models/cars", "AVAILABLE"], False),
        (b"", ["/readyz"], False),
    ],
)
def test_the_health_check(context: Path, answer: bytes, words: list[str], passes: bool) -> None:
    with listener(answer) as port:
        assert healthy(context / "healthcheck.sh", port, *words) is passes


def test_the_health_check_where_nothing_listens(context: Path, free_port: int) -> None:
    assert not healthy(context / "healthcheck.sh", free_port, "/readyz")
