"""In continuous integration a skip that nobody expects fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.expected_skips import EXPECTED

REPOSITORY = Path(__file__).parents[1]
SKIPPED = """
import pytest

def test_at_its_end():
    pytest.skip("for no good reason")

@pytest.mark.skipif(True, reason="by its mark")
def test_by_its_mark(): ...

@pytest.mark.xfail(strict=True)
def test_of_a_known_fault():
    raise AssertionError

def test_that_passes(): ...
"""


def counts(folder: Path, **environment: str) -> str:
    """What pytest says last of two files of tests."""
    (folder / "test_some.py").write_text(SKIPPED)
    (folder / "test_none.py").write_text("import pytest; pytest.importorskip('no_such_package')")
    command = [sys.executable, "-m", "pytest", "-p", "tests.expected_skips", "-q", "--no-header", str(folder)]
    variables = {name: value for name, value in os.environ.items() if name != "CI"} | environment
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    return done.stdout


def test_elsewhere_a_skip_is_a_skip(tmp_path: Path) -> None:
    assert "1 passed, 3 skipped, 1 xfailed" in counts(tmp_path)


def test_there_it_fails(tmp_path: Path) -> None:
    told = counts(tmp_path, CI="true", PYTEST_ADDOPTS="--continue-on-collection-errors")
    assert (
        "1 failed, 1 passed, 1 xfailed, 2 errors" in told
    )  # a mark skips before the test, as a fixture would
    expected = "This is skipped, which tests/expected_skips.py does not expect: "
    for reason in ("for no good reason", "by its mark", "could not import 'no_such_package'"):
        assert f"{expected}{reason}" in told


@pytest.mark.parametrize("name", sorted({name for names in EXPECTED.values() for name in names}))
def test_each_name_is_one_of_a_test(name: str) -> None:
    file, _, test = name.partition("::")
    assert (REPOSITORY / file).exists()
    assert not test or f"def {test.partition('[')[0]}(" in (REPOSITORY / file).read_text(encoding="utf-8")
