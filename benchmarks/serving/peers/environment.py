"""The peers' virtual environments, made where they are missing.

python -m benchmarks.serving.peers.environment
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
FOLDER = REPOSITORY / ".bench-peers"


def requirements() -> dict[str, str]:
    """What is installed, by the peer's name in lower case: "litserve==0.2.19"."""
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0]: line for line in lines if line and not line.startswith("#")}


def program(peer: str, name: str) -> Path:
    """A program in a peer's environment."""
    return FOLDER / peer / "bin" / name


def install() -> None:
    """Make the environments that are not there; what can't be installed is told, and left out."""
    # The engine and the decoder are the ones that kuzov is measured with.
    same = [f"{name}=={version(name)}" for name in ("openvino", "pillow", "numpy")]
    for peer, requirement in requirements().items():
        made = FOLDER / peer / "installed"
        if made.is_file() and made.read_text(encoding="utf-8") == requirement:
            continue
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / peer)], check=True)
        command = [str(program(peer, "pip")), "--disable-pip-version-check", "install", "--quiet"]
        done = subprocess.run([*command, requirement, *same, "--editable", str(REPOSITORY)], check=False)
        if done.returncode:
            print(f"{requirement} can't be installed here; the benchmark goes on without it.")
        else:
            made.write_text(requirement, encoding="utf-8")


if __name__ == "__main__":
    install()
