from __future__ import annotations

from typing import Any

from kuzov.doctor import texts
from kuzov.doctor.findings import Facts, Finding, Kind, Move, Reason, Skipped
from kuzov.images.reasons import EMPTY
from kuzov.words import Words


def told(kind: Kind, **facts: Any) -> Words:
    return texts.sentence(Finding(kind=kind, photos=("suv/1.jpg",), certainty=1.0, facts=facts))


def test_every_kind_and_reason_has_words() -> None:
    assert set(texts.NAMES) == set(texts.ADVICE) == set(Kind)
    assert set(texts.WHY_NOT) == set(Reason)


def test_sentences() -> None:
    assert told(Kind.WRONG_LABEL, label="suv", suggested="van", probability=0.987) == Words(
        "in suv, looks like van (98.7\u00a0%)", "в suv, похоже на van (98,7\u00a0%)"
    )
    assert told(Kind.TINY, width=80, height=60) == Words("80 × 60 pixels", "80 × 60 пикселей")
    assert told(Kind.BLURRED, sharpness=0.004) == Words("sharpness 0.004", "резкость 0,004")
    assert told(Kind.ODD, label="suv", deviations=4.71) == Words(
        "4.7 deviations from the middle of suv", "4,7 отклонения от середины suv"
    )
    assert told(Kind.NO_CAR).en == "no car was found"
    assert told(Kind.SEVERAL_CARS, prominence=0.876) == Words(
        "another car is 87.6\u00a0% as prominent as the main one",
        "другой автомобиль заметен на 87,6\u00a0% от главного",
    )
    assert told(Kind.SMALL_CAR, width=60, height=40).en == "the car is 60 × 40 pixels"
    assert told(Kind.EXTREME_ASPECT, aspect=5.0).en == "5 : 1"
    assert told(Kind.IMBALANCE, label="van", photos=3, median=20.0).en == (
        "van: 3 photos, the median class has 20"
    )
    assert told(Kind.IMBALANCE, label="van", photos=1, median=3.5) == Words(
        "van: 1 photo, the median class has 3.5", "van: 1 фото, в среднем классе 3,5"
    )


def test_copies() -> None:
    assert (
        told(Kind.LEAK, similarity=0.991, exact=False, mirrored=True).en == "mirrored copy, 99.1\u00a0% alike"
    )
    assert told(Kind.EXACT_DUPLICATE, similarity=1.0, exact=True, mirrored=False).en == "the same file"
    across = told(Kind.ACROSS_CLASSES, similarity=0.98, exact=False, mirrored=False, classes="suv, van")
    assert across == Words("98.0\u00a0% alike, in suv, van", "сходство 98,0\u00a0%, в классах suv, van")


def test_too_few() -> None:
    facts: Facts = {"label": "van", "photos": 1, "least": 5}
    assert told(Kind.TOO_FEW, side="", **facts).en == "van: 1 different photo, should be 5 or more"
    assert told(Kind.TOO_FEW, side="train", **facts).en == (
        "van: 1 different photo to learn from, should be 5 or more"
    )
    assert told(Kind.TOO_FEW, side="", **{**facts, "photos": 4}) == Words(
        "van: 4 different photos, should be 5 or more", "van: разных фотографий 4, нужно 5 или больше"
    )


def test_known_reasons_are_translated() -> None:
    assert told(Kind.UNREADABLE, reason=str(EMPTY)).ru == "пустой файл; замените целой копией фотографии"
    assert told(Kind.UNREADABLE, reason="can't be read: Permission denied").ru == (
        "can't be read: Permission denied"
    )


def test_what_was_not_checked() -> None:
    skipped = Skipped(check=Kind.ODD, reason=Reason.FEW_IN_CLASS, classes=("van",))
    assert texts.why_not(skipped).en == (
        "Unlike the others of the class: there are too few photos of a class to compare with (van)."
    )
    assert texts.why_not(Skipped(check=Kind.TOO_FEW, reason=Reason.ONE_CLASS)).en == (
        "Whether more photos would help: there is only one class with photos, and this compares classes."
    )


def test_why_a_file_is_moved() -> None:
    assert texts.why_moved(Move(photo="a.jpg", kind=Kind.LEAK, kept="b.jpg")).en == "copy of b.jpg"
    assert texts.why_moved(Move(photo="a.jpg", kind=Kind.TRUNCATED)).en == "Files cut short"
