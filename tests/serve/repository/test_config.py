from __future__ import annotations

import pytest

from kuzov.serve.repository.config import ALL, LATEST, VersionPolicy


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (LATEST, (10,)),
        (VersionPolicy(latest=2), (10, 9)),
        (VersionPolicy(latest=7), (10, 9, 1)),
        (ALL, (10, 9, 1)),
        (VersionPolicy(specific=(1, 8, 10)), (10, 1)),
    ],
)
def test_a_policy_asks_for_versions(policy: VersionPolicy, wanted: tuple[int, ...]) -> None:
    assert policy.wanted([9, 1, 10]) == wanted
