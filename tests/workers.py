"""Which of pytest-xdist's workers runs which tests, and in which order.

A file's tests share what is made once a module. Ray's clusters, and the servers under attack, are to be alone
among their like: two of them at once would take each other's memory and time.
"""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
MARKED_BY = {"chromium": "browser", "cluster": "ray", "trained": "slow"}
"""The marker of a test that uses a fixture."""
ALONE = {"tests/chaos", "tests/ray", "tests/tf_serving"}
"""Folders whose tests, all slow, are one worker's."""

if IS_WORKER:
    # They are one more than the cores, as Ray's tests mostly wait; so each has one core, and what it starts.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def group(name: str) -> str:
    """What the tests of one worker have in common, by a test's name: their file, or their folder."""
    file = name.partition("::")[0]
    return next((folder for folder in ALONE if file.startswith(f"{folder}/")), file)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Hands the groups out, one after the other, to the worker that has least to do."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


# By a scheduler, as the groups of `--dist loadgroup` are lost between xdist 3.8 and pytest 9.2.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    return GroupScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use, and begin with the groups that take long."""
    slow = set()
    for item in items:
        for fixture in MARKED_BY.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_BY[fixture])
        if group(item.nodeid) in ALONE:
            item.add_marker("slow")
        if item.get_closest_marker("slow") or item.get_closest_marker("ray"):
            slow.add(group(item.nodeid))
    if IS_WORKER:
        items.sort(key=lambda item: group(item.nodeid) not in slow)
