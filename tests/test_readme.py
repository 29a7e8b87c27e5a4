"""The commands of the READMEs and of the page on serving, run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from kuzov.bundle.ready import ready_model
from tests.chaos.running import until

REPOSITORY = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LOOSE = ("x5_1.jpg", "cruiser.jpg", "2110.jpeg", "vitara.jpg")
PORT = "8501"
CLASSES = ("bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110")


@pytest.fixture
def workplace(synthetic_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the README has it: photo.jpg, photos/ with the loose photos that it names, examples/."""
    drawn = shutil.copytree(synthetic_photos, tmp_path / "photos")
    sample = sorted((drawn / "test").iterdir())[0]
    shutil.copy(sample, tmp_path / "photo.jpg")
    for name in LOOSE:
        shutil.copy(sample, drawn / "test" / name)
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(readme: str, port: int) -> Iterator[str]:
    """Every command of the console blocks, on a free port instead of the README's."""
    for language, block in BLOCK.findall((REPOSITORY / readme).read_text(encoding="utf-8")):
        if language == "console":
            yield from (
                line[2:].replace(PORT, str(port)) for line in block.splitlines() if line.startswith("$ ")
            )


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert server.poll() is None, "the server ended before it answered"
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/v1/models/img_classifier"):
            return True
        return False

    until(answers)


def run_commands(document: str, port: int) -> list[list[str]]:
    """Run a document's console and Python blocks in order; gives the first two words of each command."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    server: subprocess.Popen[bytes] | None = None
    seen = []
    try:
        for command in commands(document, port):
            seen.append(command.split()[:2])
            if "curl" in command and shutil.which("curl") is None:
                continue
            if command.startswith("python -m examples.photos"):
                continue  # tests/examples/test_photos.py: the folder is there
            if command.startswith("kuzov serve"):
                arguments = [*command.split()[1:], "--rest-api-port", str(port), "--port", "auto"]
                server = subprocess.Popen([sys.executable, "-m", "kuzov", *arguments], env=environment)
                wait_for(port, server)
                continue
            asked = command
            if command.startswith("python examples/predict.py"):
                asked += f" --url http://127.0.0.1:{port}/v1/models/img_classifier"
            done = subprocess.run(
                ["bash", "-c", asked], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert done.stdout.strip(), command
            assert '"error":' not in done.stdout, f"{command}\n{done.stdout}"
        for language, block in BLOCK.findall((REPOSITORY / document).read_text(encoding="utf-8")):
            if language == "python":
                printed = subprocess.check_output([sys.executable, "-c", block], env=environment)
                assert printed.strip()
    finally:
        if server is not None:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0
    return seen


@pytest.mark.slow
def test_every_command_works(workplace: Path, free_port: int) -> None:
    assert (workplace / "photo.jpg").is_file()
    seen = run_commands("README.md", free_port)
    assert seen[1] == ["kuzov", "predict"]  # by the ready model: nothing is trained yet
    assert ["kuzov", "train"] in seen
    assert ["kuzov", "serve"] in seen


@pytest.mark.slow
def test_every_command_of_serving_works(workplace: Path, free_port: int) -> None:
    shutil.copytree(ready_model(), workplace / "models" / "img_classifier")
    seen = run_commands("docs/serving.md", free_port)
    assert seen[0] == ["kuzov", "serve"]
    assert ["curl", "-s"] in seen


@pytest.mark.slow
def test_every_command_for_those_who_come_from_the_origin_works(workplace: Path, free_port: int) -> None:
    shutil.copytree(ready_model(), workplace / "models" / "img_classifier")
    seen = run_commands("docs/from-car-classification.md", free_port)
    assert [words[0] for words in seen] == ["kuzov", "curl", "echo"]


@pytest.mark.slow
def test_every_command_of_the_clients_page_works(workplace: Path, free_port: int) -> None:
    shutil.copytree(ready_model(), workplace / "models" / "img_classifier")
    seen = run_commands("docs/clients.md", free_port)
    assert seen == [
        ["kuzov", "serve"],
        ["python", "examples/clients/python_requests.py"],
        ["sh", "examples/clients/curl.sh"],
        ["curl", "-s"],
    ]


@pytest.mark.slow
def test_every_command_of_the_page_on_scale_works(workplace: Path, free_port: int) -> None:
    shutil.copytree(ready_model(), workplace / "models" / "img_classifier")
    assert run_commands("docs/scale.md", free_port) == 3 * [["kuzov", "classify"]]
    assert (workplace / "labels.jsonl").stat().st_size
    assert list((workplace / "labels").glob("*.parquet"))


@pytest.mark.slow
def test_every_command_of_understanding_works(workplace: Path, free_port: int) -> None:
    for name in ("img_classifier", "other"):
        shutil.copytree(ready_model(), workplace / "models" / name)
    # The ready model's classes: it is judged by drawings here, so by how well does not matter.
    for side in ("train", "validation"):
        for drawn, known in zip(sorted((workplace / "photos" / side).iterdir()), CLASSES, strict=False):
            drawn.rename(drawn.with_name(known))
    seen = run_commands("docs/understanding.md", free_port)
    assert [words[1] for words in seen] == ["doctor", "doctor", "evaluate", "compare", "explain", "explain"]


def test_every_command_of_the_page_on_the_atlas_works(workplace: Path, free_port: int) -> None:
    assert (workplace / "photo.jpg").is_file()
    assert run_commands("docs/atlas.md", free_port) == [["kuzov", "predict"]]


@pytest.mark.parametrize(
    "document",
    [
        "README", "docs/serving", "docs/understanding", "docs/clients",
        "docs/teaching", "docs/deploy", "docs/kubernetes", "docs/scale", "docs/atlas",
        "docs/from-car-classification",
    ],
)  # fmt: skip
def test_both_languages_have_the_same_commands(document: str) -> None:
    assert list(commands(f"{document}.md", 1)) == list(commands(f"{document}.ru.md", 1))
