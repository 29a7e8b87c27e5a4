import string

import pytest

from kuzov.report import comparison_page, texts
from kuzov.words import Words

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
