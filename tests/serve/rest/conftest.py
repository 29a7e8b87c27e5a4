from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serve.rest.port import Port


@pytest.fixture
def port() -> Iterator[Port]:
    with ThreadPoolExecutor(1) as pool:
        yield Port(pool=pool)
