from pathlib import Path

import pytest

from kuzov.errors import KuzovError
from kuzov.report.field import Field

ROOT = Field({"a": {"b": [1, "two", 3.0, True]}}, Path("run/metrics.json"))


def test_it_walks_and_reads() -> None:
    first, second, third, fourth = ROOT["a"]["b"].elements()
    assert (first.number(), second.text(), third.count(), fourth.flag()) == (1.0, "two", 3, True)
    assert Field({"x": 2}, Path()).counts() == {"x": 2}


def test_what_an_older_file_lacks_has_a_default() -> None:
    assert ROOT["a"].get("c", default=0.5).number() == 0.5
    assert len(ROOT["a"].get("b", default=[]).elements()) == 4


def test_errors_name_the_file_and_the_place() -> None:
    with pytest.raises(KuzovError) as caught:
        ROOT["a"]["c"]
    assert str(caught.value) == "run/metrics.json has no field a.c."
    with pytest.raises(KuzovError) as caught:
        ROOT["a"]["b"].numbers()
    assert str(caught.value) == 'run/metrics.json: a.b[1] is "two"; it must be a number.'


@pytest.mark.parametrize("value", [True, None, "3", -1, 2.5, float("nan"), float("inf")])
def test_what_is_no_count(value: object) -> None:
    with pytest.raises(KuzovError, match=r"^f: n is .*; it must be a (number|whole number from 0)\.$"):
        Field(value, Path("f"), "n").count()


def test_a_long_value_is_cut() -> None:
    with pytest.raises(KuzovError) as caught:
        Field("я" * 100, Path("f")).flag()
    assert str(caught.value) == f'f: the content is "{"я" * 59}…; it must be true or false.'
