import string

import pytest

from kuzov.report import comparison_page, texts
from kuzov.report.texts import Words, number, percent, percent_interval, plain

ALL = [
    value
    for module in (texts, comparison_page)
    for value in vars(module).values()
    if isinstance(value, Words)
]


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.en[:40])
def test_both_languages_take_the_same_values(words: Words) -> None:
    english, russian = (
        {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        for text in (words.en, words.ru)
    )
    assert english == russian


def test_values_are_put_in_once_and_in_their_language() -> None:
    filled = Words("{a} of {b}", "{a} из {b}").fill(a=Words("{b}", "бэ"), b=3)
    assert filled == Words("{b} of 3", "бэ из 3")


def test_numbers_follow_the_language() -> None:
    assert number(21.345, 2) == Words("21.34", "21,34")
    assert percent(0.9778) == Words("97.8\u00a0%", "97,8\u00a0%")
    assert percent_interval(0.884, 0.996) == Words("88.4–99.6\u00a0%", "88,4–99,6\u00a0%")
    assert plain(9) == Words("9", "9")
