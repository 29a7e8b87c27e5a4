"""Which of pytest-xdist's workers runs which tests, by `--dist loadgroup`, and in which order.

A file's tests share what is made once a module. Ray's clusters, and the servers under attack, are to be alone
among their like: two of them at once would take each other's memory and time.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
TESTS = Path(__file__).parent
MARKED_BY = {"chromium": "browser", "cluster": "ray"}
"""The marker of a test that uses a fixture."""
ALONE = {"chaos", "tf_serving"}
"""Folders whose tests are one worker's."""

if IS_WORKER:
    # The workers are as many as the cores, so each has one, and what it starts.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def group(item: pytest.Item) -> str:
    """What the tests of one worker have in common."""
    if item.get_closest_marker("ray"):
        return "ray"
    file = item.path.relative_to(TESTS)
    return file.parts[0] if file.parts[0] in ALONE else file.as_posix()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use, group them, and begin with the groups that take long."""
    slow = set()
    for item in items:
        for fixture in MARKED_BY.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_BY[fixture])
        item.add_marker(pytest.mark.xdist_group(group(item)))
        if item.get_closest_marker("slow") or item.get_closest_marker("ray"):
            slow.add(group(item))
    if IS_WORKER:
        items.sort(key=lambda item: group(item) not in slow)
