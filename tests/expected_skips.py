"""The tests that continuous integration may skip, by name, and why; there, any other skip fails.

It is continuous integration where the environment variable CI is set; elsewhere a skip is a skip.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

EXPECTED: Mapping[str, tuple[str, ...]] = {
    # The photos of russian-cars-5 are not ours to publish.
    "The real photos are not here": (
        "tests/bundle/test_ready.py::test_a_car_of_none_of_the_models_is_unknown",
        "tests/bundle/test_ready.py::test_real_photos_get_the_right_answer",
        "tests/data/test_dataset.py::test_the_origins_photos_are_all_readable",
        "tests/data/test_duplicates.py::test_of_twenty_planted_copies_of_real_photos_all_are_found_and_nothing_else",
        "tests/doctor/test_cars.py::test_in_real_photos_the_car_is_clear",
        "tests/doctor/test_diagnose.py::test_twenty_copies_and_ten_wrong_labels",
        "tests/explain/test_methods.py::test_what_is_hot_matters_more_than_the_rest_of_a_real_car",
        "tests/images/test_decode.py::test_real_photos_are_decoded_as_pillow_does",
        "tests/images/test_quality.py::test_the_real_photos_are_good_and_spoilt_ones_are_found",
        "tests/test_end_to_end.py::test_the_real_photos",
        "tests/web/test_page.py::test_a_car_of_no_known_model_is_told",
    ),
    "The wild photos are not here": (
        "tests/doctor/test_cars.py::test_in_streets_it_is_not",
        "tests/benchmarks/wild/test_yardsticks.py::test_the_wild_photos_lie_where_the_yardsticks_look",
    ),
    # `make backbone` runs them.
    "torch is not installed": ("tests/model/test_efficientnet_lite.py", "tests/recipes/backbone"),
    # `make oldest` has an older one.
    "The image has another OpenVINO": ("tests/deploy/test_image.py::test_what_is_removed_is_there_before",),
    # Programs that are no Python packages; the clients and pages are tried where they are.
    "There is no chromium here": (
        "tests/examples/test_clients.py::test_the_javascript_works_in_a_page_of_another_site",
        "tests/report/test_comparison_page.py",
        "tests/report/test_run_page.py",
        "tests/teach/page/test_page.py",
        "tests/web/test_page.py",
    ),
    "There is no node here": ("tests/examples/test_clients.py",),
    "There is no java here": ("tests/examples/test_clients.py",),
    "There is no kubectl here": ("tests/deploy/test_kubernetes.py",),
    "docker compose is not here": ("tests/deploy/test_docker.py::test_docker_compose_takes_the_file",),
    # What is denied to users is not denied to root.
    "root ": (
        "tests/bulk/test_results.py",
        "tests/bulk/test_source.py",
        "tests/chaos/test_system.py::test_a_folder_that_is_away_for_a_while[unreadable]",
    ),
    # Not every machine that is rented has it.
    "This processor does not compute in bfloat16": (
        "tests/engine/test_openvino.py",
        "tests/training/test_export.py",
    ),
}
"""The beginning of a reason, and of the names of the tests that may be skipped for it."""


def is_expected(name: str, reason: str) -> bool:
    """Whether a test may be skipped for a reason."""
    return any(
        reason.startswith(beginning) and name.startswith(names) for beginning, names in EXPECTED.items()
    )


def judged(report: Report) -> Report:
    """A report, failed where it is one of a skip that nobody expects."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not is_expected(report.nodeid, reason):
            report.outcome = "failed"
            report.longrepr = f"This is skipped, which tests/expected_skips.py does not expect: {reason}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return judged((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return judged((yield))
