import re

import pytest

from kuzov.report import comparison_texts
from kuzov.report.texts import Words

TEXTS = {name: value for name, value in vars(comparison_texts).items() if isinstance(value, Words)}


@pytest.mark.parametrize("name", TEXTS)
def test_both_languages_have_the_same_places(name: str) -> None:
    places = [sorted(re.findall(r"{(\w+)}", text)) for text in (TEXTS[name].en, TEXTS[name].ru)]
    assert places[0] == places[1]
