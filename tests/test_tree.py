"""The shape of the source tree and of the tests beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src" / "kuzov"

# Modules without a test file of their own, and where they are tested, or why they need none.
TESTED_ELSEWHERE = {
    "__init__.py": "test_init.py",
    "__main__.py": "cli/test_main.py",
    "errors.py": "values; their texts are asserted where they are raised",
    "records.py": "values",
    "cluster/refusals.py": "cluster/test_results.py",
    "engine/engine.py": "engine/test_openvino.py",
    "serve/calls.py": "serve/test_service.py",
    "serve/repository/servable.py": "serve/repository/test_repository.py",
    "serve/rest/asgi.py": "types",
    "serve/rest/extension.py": "web/test_extension.py",
    "serve/settings.py": "cli/test_serve.py",
    "cli/serving_options.py": "cli/test_serve.py",
    "cli/tf_serving_flags.py": "cli/test_serve.py",
    "training/progress.py": "a type",
}
TRAINING_ALONE = {"tensorflow", "keras"}
# kuzov.train itself, inside the function: test_init.py; and the runtime for what OpenVINO can't run
MAY_TRAIN = ("model", "training", "explain", "api.py", "engine/tensorflow.py")


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


@pytest.mark.parametrize("module", modules())
def test_each_module_is_mirrored_by_tests(module: str) -> None:
    path = Path(module)
    if path.name == "__init__.py" and path.parent.name:
        assert len((SOURCES / path).read_text(encoding="utf-8").splitlines()) <= 1, "a package is only named"
        return
    mirror = TESTS / path.parent / f"test_{path.name}"
    reason = TESTED_ELSEWHERE.get(module)
    assert mirror.is_file() != (reason is not None), f"{module}: {mirror} or a reason why it is not there"
    if reason is not None and reason.endswith(".py"):
        assert (TESTS / reason).is_file()


def test_the_exceptions_name_modules() -> None:
    assert set(TESTED_ELSEWHERE) <= set(modules())


@pytest.mark.parametrize("module", modules())
def test_only_training_imports_tensorflow(module: str) -> None:
    if Path(module).parts[0] not in MAY_TRAIN and module not in MAY_TRAIN:
        assert not imported(SOURCES / module) & TRAINING_ALONE


def test_some_module_does_import_tensorflow() -> None:
    assert "tensorflow" in imported(SOURCES / "model" / "graph.py")


@pytest.mark.parametrize("file", sorted(TESTS.rglob("test_*.py")), ids=lambda file: file.name)
def test_each_test_file_mirrors_a_module(file: Path) -> None:
    path = file.relative_to(TESTS)
    if len(path.parts) > 1 and (SOURCES / path.parent).is_dir():
        assert (SOURCES / path.parent / path.name.removeprefix("test_")).is_file()
