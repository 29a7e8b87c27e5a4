from __future__ import annotations

import string

import pytest

from kuzov.words import FILES, PHOTOS, Plural, Words, joined, number, percent, percent_interval, plain, shown

DAYS = Plural(("{count} day", "{count} days"), ("{count} день", "{count} дня", "{count} дней"))


def test_values_are_put_in_once_and_in_their_language() -> None:
    filled = Words("{a} of {b}", "{a} из {b}").fill(a=Words("{b}", "бэ"), b=3)
    assert filled == Words("{b} of 3", "бэ из 3")


def test_a_text_is_told_in_a_language_and_is_english_else() -> None:
    words = Words("car", "машина")
    assert (words.told("en"), words.told("ru"), str(words), f"a {words}") == ("car", "машина", "car", "a car")


def test_texts_are_joined_in_each_language() -> None:
    assert joined([Words("a", "а"), plain(1)]) == Words("a, 1", "а, 1")
    assert joined([]) == plain("")


def test_numbers_follow_the_language() -> None:
    assert number(21.345, 2) == Words("21.34", "21,34")
    assert number(1234567.8, 1) == Words("1,234,567.8", "1\u00a0234\u00a0567,8")
    assert percent(0.9778) == Words("97.8\u00a0%", "97,8\u00a0%")
    assert percent_interval(0.884, 0.996) == Words("88.4–99.6\u00a0%", "88,4–99,6\u00a0%")
    assert plain(9) == Words("9", "9")


# As Unicode CLDR gives them: English has one and other, Russian one, few and many.
@pytest.mark.parametrize(
    ("counts", "english", "russian"),
    [
        ([1], "day", "день"),
        ([21, 31, 101, 121, 1001, 1021], "days", "день"),
        ([2, 3, 4, 22, 33, 44, 102, 124, 1002], "days", "дня"),
        ([0, 5, 9, 10, 11, 12, 13, 14, 15, 19, 20, 25, 100, 111, 112, 114, 211, 1000, 1011, 1012, 1_000_000],
         "days", "дней"),
    ],
)  # fmt: skip
def test_a_noun_has_the_form_of_its_number(counts: list[int], english: str, russian: str) -> None:
    for count in counts:
        words = DAYS.of(count)
        assert words.en.split(" ")[1] == english, count
        assert words.ru.split(" ")[1] == russian, count


def test_nouns_that_many_texts_need() -> None:
    assert [PHOTOS.of(count).en for count in (0, 1, 2, 1500)] == [
        "0 photos", "1 photo", "2 photos", "1,500 photos",
    ]  # fmt: skip
    assert [PHOTOS.of(count).ru for count in (1, 2, 5)] == ["1 фото", "2 фото", "5 фото"]
    assert [FILES.of(count).ru for count in (1, 3, 12)] == ["1 файл", "3 файла", "12 файлов"]


def test_other_values_go_along_with_the_count() -> None:
    left = Plural(("{count} is left in {place}", "{count} are left in {place}"), ("{place}: {count}",) * 3)
    assert left.of(2, place=Words("a", "б")) == Words("2 are left in a", "б: 2")


def test_every_form_takes_the_same_values() -> None:
    for plural in (PHOTOS, FILES):
        taken = {
            frozenset(field for _, field, _, _ in string.Formatter().parse(form) if field)
            for form in (*plural.en, *plural.ru)
        }
        assert taken == {frozenset({"count"})}


def test_what_would_steer_a_terminal_is_shown() -> None:
    assert shown("a\nb\r\x1b[31m\x9b\x7f\u2028\u202e.jpg") == r"a\nb\r\x1b[31m\x9b\x7f\u2028\u202e.jpg"
    assert shown("Нива 1\u00a0000 ‘é’ 車.jpg") == "Нива 1\u00a0000 ‘é’ 車.jpg"


def test_names_stay_on_the_line_that_tells_of_them() -> None:
    assert plain("a\nb").en == r"a\nb"
    assert Words("{photo}:\n{why}", "{why}").fill(photo="a\nb", why=plain("c\rd")) == Words(
        "a\\nb:\nc\\rd", r"c\rd"
    )
