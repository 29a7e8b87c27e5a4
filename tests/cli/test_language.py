from __future__ import annotations

import pytest

from kuzov.cli.language import of_environment, percent
from kuzov.words import Words
from tests.cli.conftest import Kuzov


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": ""}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.KOI8-R"}, "ru"),
        ({"LANG": "ru_RU"}, "ru"),
        ({"LANG": "ru_UA.utf8@euro"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "run_BI"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": ""}, "ru"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ru:en"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "en_GB:ru"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "uk:ru"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "de"}, "ru"),
        ({"LANG": "C", "LANGUAGE": "ru"}, "en"),
    ],
)
def test_the_language_of_the_environment(variables: dict[str, str], language: str) -> None:
    assert of_environment(variables) == language


@pytest.mark.parametrize(
    ("locale", "options", "said"),
    [
        ("C.UTF-8", [], "Error: "),
        ("ru_RU.UTF-8", [], "Ошибка: "),
        ("ru_RU.UTF-8", ["--language", "en"], "Error: "),
        ("C.UTF-8", ["--language", "ru"], "Ошибка: "),
    ],
)
def test_the_option_goes_before_the_environment(
    kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, locale: str, options: list[str], said: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    done = kuzov("predict", "a.jpg", "--model", "none", *options)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(said)


def test_what_one_command_was_told_is_not_kept_for_the_next(kuzov: Kuzov) -> None:
    assert kuzov("predict", "a.jpg", "--model", "none", "--language", "ru").err.startswith("Ошибка: ")
    assert kuzov("predict", "a.jpg", "--model", "none").err.startswith("Error: ")


def test_per_cent_is_one_word() -> None:
    assert percent(0.1234) == Words("12.3%", "12,3%")
    assert percent(0.1234, 0) == Words("12%", "12%")
