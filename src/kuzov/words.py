"""Texts for people in English and Russian, with numbers and plural forms as each language has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "ru"]

LANGUAGES: tuple[Language, ...] = ("en", "ru")


@dataclass(frozen=True, slots=True)
class Words:
    """The same text in both languages; `str` of it is the English one."""

    en: str
    ru: str

    def __str__(self) -> str:
        return self.en

    def told(self, language: Language) -> str:
        """The text in a language."""
        return self.ru if language == "ru" else self.en

    def fill(self, **values: Words | str | int) -> Words:
        """Put values in place of their {names}, each language's own where it has both; a name as `shown`."""
        pairs = {key: value if isinstance(value, Words) else plain(value) for key, value in values.items()}
        return Words(
            self.en.format(**{key: pair.en for key, pair in pairs.items()}),
            self.ru.format(**{key: pair.ru for key, pair in pairs.items()}),
        )

    @property
    def in_line(self) -> str:
        """Both languages one after the other; once where they are the same."""
        return self.en if self.en == self.ru else f"{self.en} · {self.ru}"


# What ends a line, steers a terminal, or turns the direction of writing.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    r"""A name, or another text that is not ours, on one line: what would steer a terminal as \n or \x1b."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def plain(value: object) -> Words:
    """What reads the same in both languages: a file's name, a small count; told as by `shown`."""
    text = shown(str(value))
    return Words(text, text)


def joined(items: Iterable[Words], separator: str = ", ") -> Words:
    """Texts one after the other."""
    listed = tuple(items)
    return Words(separator.join(each.en for each in listed), separator.join(each.ru for each in listed))


def number(value: float, digits: int = 0) -> Words:
    """A number with as many decimals; Russian writes a comma before them, and spaces between thousands."""
    text = f"{value:,.{digits}f}"
    return Words(text, text.translate({ord(","): "\u00a0", ord("."): ","}))


def percent(fraction: float) -> Words:
    """A part of one, as per cent with one decimal."""
    return plain("{it}\u00a0%").fill(it=number(100 * fraction, 1))


def percent_interval(low: float, high: float) -> Words:
    """Two parts of one, as an interval in per cent."""
    return plain("{low}–{high}").fill(low=number(100 * low, 1), high=percent(high))


# The rules of Unicode CLDR for whole numbers: the place of the first that holds is that of the form.
_FORMS: Mapping[Language, tuple[Callable[[int], bool], ...]] = {
    "en": (lambda count: count == 1,),
    "ru": (
        lambda count: count % 10 == 1 and count % 100 != 11,
        lambda count: count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14},
    ),
}


@dataclass(frozen=True, slots=True)
class Plural:
    """A text about a {count} of things, in the forms that a language has for numbers.

    Attributes:
        en: For 1, and for all others.
        ru: For 1, 21, 31, …; for 2 to 4, 22 to 24, …; and for all others.
    """

    en: tuple[str, str]
    ru: tuple[str, str, str]

    def of(self, count: int, **values: Words | str | int) -> Words:
        """The text for a count, which stands for {count} in it; the other values as in `Words.fill`."""
        words = Words(self.en[_form("en", count)], self.ru[_form("ru", count)])
        return words.fill(count=number(count), **values)


def _form(language: Language, count: int) -> int:
    rules = _FORMS[language]
    return next((place for place, holds in enumerate(rules) if holds(abs(count))), len(rules))


PHOTOS = Plural(("{count} photo", "{count} photos"), ("{count} фото", "{count} фото", "{count} фото"))
FILES = Plural(("{count} file", "{count} files"), ("{count} файл", "{count} файла", "{count} файлов"))
