"""The shape of the source tree and of the tests beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src" / "kuzov"

# Folders of tests that are no package's: what crosses packages, and what is beside the package.
ACROSS = {"benchmarks", "chaos", "conformance", "examples", "recipes", "tf_serving"}
HEAVY = {"tensorflow", "keras"}
# What freezes and fine-tunes; `api` in a function: test_init.py; the runtime for models that are not kuzov's.
MAY = {
    "api.py",
    "engine/tensorflow.py",
    "explain/image_gradient.py",
    "model/backbones.py",  # for its types
    "model/efficientnet_lite.py",
    "model/freeze.py",
    "model/graph.py",
    "model/signatures.py",
    "training/checkpoints.py",
    "training/fine_tune.py",
    "training/tensorboard.py",
}


def modules() -> list[str]:
    return sorted(file.relative_to(SOURCES).as_posix() for file in SOURCES.rglob("*.py"))


def imported(file: Path) -> set[str]:
    """First parts of all that a module imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            found.add(node.module.split(".")[0])
    return found


def packages() -> list[str]:
    return sorted(file.parent.name for file in SOURCES.glob("*/__init__.py"))


@pytest.mark.parametrize("package", packages())
def test_each_package_has_tests_of_its_name(package: str) -> None:
    assert list((TESTS / package).rglob("test_*.py"))


def test_each_folder_of_tests_is_a_packages_or_crosses_them() -> None:
    folders = {file.relative_to(TESTS).parts[0] for file in TESTS.glob("*/**/test_*.py")}
    assert folders == ACROSS | set(packages())


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("__init__.py")), ids=lambda file: file.parent.name)
def test_a_package_is_only_named(file: Path) -> None:
    if file.parent != SOURCES:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 1


def test_only_these_import_tensorflow() -> None:
    assert {module for module in modules() if imported(SOURCES / module) & HEAVY} == MAY
