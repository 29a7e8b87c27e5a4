from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Kuzov
from tests.cli.test_compare import FOUND
from tests.cli.test_evaluate import evaluation


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("compare photos --model a --model b", FOUND),
        ("evaluate photos --model cars", evaluation()),
    ],
)
def test_json_is_one_object(kuzov: Kuzov, answers: Callable[..., Any], words: str, result: Any) -> None:
    name, *others = words.split()
    answers(name, result)
    done = kuzov(name, *others, "--json")
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert json.loads(done.out) == json.loads(json.dumps(result.to_json()))
