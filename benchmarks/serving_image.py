"""How much the Python environment of the serving image weighs, and whether it serves.

    python -m benchmarks.serving_image

Builds the tree that the Dockerfile of `kuzov deploy docker` builds, by its own requirements and its own words
for what a server never opens, prints what weighs how much before and after, and has it answer a photo.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.resources import files
from pathlib import Path

from benchmarks.markdown import table
from benchmarks.process import READY
from benchmarks.serving.process import process
from kuzov import Client
from kuzov.bundle.ready import ready_model
from kuzov.data.synthetic import render_cars

REPOSITORY = Path(__file__).parents[1]
IMAGE = Path(str(files("kuzov.deploy") / "templates" / "image"))
SHOWN = 12  # what weighs most, each on a line of its own


def install(folder: Path) -> Path:
    """Install as the Dockerfile does; gives the folder of the packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    for what in (["--requirement", str(IMAGE / "requirements.txt")], [str(REPOSITORY)]):
        subprocess.run([*pip, "--no-deps", *what], check=True, stderr=subprocess.DEVNULL)
    return next(folder.glob("lib/python*/site-packages"))


def removal() -> str:
    """The command of the Dockerfile that removes what a server never opens."""
    dockerfile = (IMAGE / "Dockerfile.template").read_text(encoding="utf-8")
    found = re.search(r"^RUN (rm -rf (?:.*\\\n)*.*)$", dockerfile, re.MULTILINE)
    if found is None:
        raise RuntimeError("The Dockerfile removes nothing.")
    return found[1]


def weigh(packages: Path) -> Counter[str]:
    """Bytes by package."""
    weights: Counter[str] = Counter()
    for file in packages.rglob("*"):
        if file.is_file():
            weights[file.relative_to(packages).parts[0]] += file.lstat().st_size
    return weights


def serves(python: Path) -> bool:
    """Whether a server of this environment knows what a photo shows."""
    options = ["--host", "127.0.0.1", "--port", "auto", "--rest-api-port", "auto"]
    model = ["--model-base-path", str(ready_model())]
    with (
        tempfile.TemporaryDirectory() as folder,
        process([str(python), "-m", "kuzov", "serve", *options, *model], stderr=subprocess.PIPE) as server,
    ):
        assert server.stderr is not None
        address = next((found[1] for line in server.stderr if (found := READY.search(line))), None)
        photo = next((render_cars(Path(folder)) / "test").iterdir())
        return address is not None and bool(
            Client(f"http://{address}/v1/models/img_classifier").predict(photo).label
        )


def main() -> None:
    """Print the table, and whether it serves."""
    with tempfile.TemporaryDirectory() as folder:
        packages = install(Path(folder))
        before = weigh(packages)
        subprocess.run(["sh", "-c", removal()], cwd=packages, check=True)
        after = weigh(packages)
        answers = "answers" if serves(Path(folder, "bin", "python")) else "does not answer"
    rows = [
        [name, f"{size / 1e6:.1f} MB", f"{after[name] / 1e6:.1f} MB"]
        for name, size in before.most_common(SHOWN)
    ]
    rows.append(["all", f"{before.total() / 1e6:.1f} MB", f"{after.total() / 1e6:.1f} MB"])
    print(table(["package", "installed", "in the image"], rows))
    print(f"\nThe server of what is left {answers}.")


if __name__ == "__main__":
    main()
