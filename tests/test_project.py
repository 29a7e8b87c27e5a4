"""What surrounds the package: the source distribution, the workflow and the hooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

REPOSITORY = Path(__file__).parents[1]
# Whatever tests import, read, run or hold to; of folders every file counts.
NEEDED = (
    ".ci",
    ".github",
    "benchmarks",
    "docs",
    "examples",
    "notebooks",
    "recipes",
    "scripts",
    "src",
    "tests",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "NOTICE",
    "README.md",
    "README.ru.md",
    "SECURITY.md",
    "SECURITY.ru.md",
    "constraints.txt",
    "pyproject.toml",
)


def files_of(name: str) -> set[str]:
    """A file of the repository, or all of a folder but what Python leaves in it, by their paths."""
    found = [REPOSITORY / name, *(REPOSITORY / name).rglob("*")]
    return {
        file.relative_to(REPOSITORY).as_posix()
        for file in found
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def sdist() -> set[str]:
    """Paths in the source distribution of this tree."""
    return {file.distribution_path for file in SdistBuilder(str(REPOSITORY)).recurse_included_files()}


@pytest.mark.parametrize("name", NEEDED)
def test_the_source_distribution_holds_what_its_tests_need(sdist: set[str], name: str) -> None:
    files = files_of(name)
    assert files
    assert not files - sdist


def test_the_workflow_is_sound() -> None:
    workflow = REPOSITORY / ".github" / "workflows" / "ci.yml"
    actionlint = Path(sys.executable).with_name("actionlint")
    done = subprocess.run([actionlint, workflow], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_hooks_are_sound() -> None:
    hooks = REPOSITORY / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(hooks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
