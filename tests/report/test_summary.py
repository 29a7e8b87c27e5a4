import pytest

from kuzov.report.summary import headline, plain_words, would_more_help
from kuzov.run_metrics import LearningCurve
from kuzov.words import Words
from tests.report.conftest import Metrics, Read


def test_the_headline_says_what_to_expect(metrics: Metrics, read: Read) -> None:
    metrics["validation"] = {"right": 45, "total": 45, "accuracy": 1.0, "interval": [0.9213, 1.0]}
    assert headline(read(metrics)) == Words(
        "Right on 45 of 45 photos it had not seen; expect 92 to 100\u00a0%. "
        "1 of the right ones it would call unknown.",
        "Верно на 45 из 45 фото, которых он не видел; ожидайте от 92 до 100\u00a0%. 1 из верных "
        "он назвал бы незнакомой.",
    )


def test_of_photos_like_those_that_were_judged_by_as_many_are_expected(
    evaluation: Metrics, read: Read
) -> None:
    assert headline(read(evaluation)) == Words(
        "Right on 8 of 9 photos; on others like them expect 56 to 98\u00a0%. "
        "1 of the right ones it would call unknown.",
        "Верно на 8 из 9 фото; на других таких же ожидайте от 56 до 98\u00a0%. 1 из верных он назвал бы "
        "незнакомой.",
    )


def test_what_to_expect_is_told_by_photos_that_it_has_not_learned_from(
    evaluation: Metrics, read: Read
) -> None:
    unseen = {"right": 2, "total": 3, "accuracy": 2 / 3, "interval": [0.208, 0.939]}
    evaluation |= {"learned_from": 6, "unseen": unseen}
    assert headline(read(evaluation)) == Words(
        "Right on 8 of 9 photos, but it has learned from 6 of them, which flatters it. On the rest it "
        "is right on 2 of 3; on others like those expect 21 to 94\u00a0%. 1 of the right ones it would call "
        "unknown.",
        "Верно на 8 из 9 фото, но на 6 из них он учился, и это его приукрашивает. На остальных верно 2 "
        "из 3; на других таких же ожидайте от 21 до 94\u00a0%. 1 из верных он назвал бы незнакомой.",
    )
    assert next(plain_words(read(evaluation))).en.startswith("A figure from 3 photos alone says little.")


def test_nothing_is_expected_where_all_photos_were_learned_from(evaluation: Metrics, read: Read) -> None:
    evaluation |= {"learned_from": 9, "unseen": None}
    told = headline(read(evaluation))
    assert "but it has learned from 9 of them, which flatters it. Judge it on others." in told.en
    assert "Проверьте его на других." in told.ru
    assert "expect" not in told.en
    assert not any("says little" in each.en for each in plain_words(read(evaluation)))


def test_a_narrow_interval_needs_no_caution(metrics: Metrics, read: Read) -> None:
    assert any("says little" in each.en for each in plain_words(read(metrics)))
    metrics["validation"]["interval"] = [0.87, 0.91]
    assert not any("says little" in each.en for each in plain_words(read(metrics)))


@pytest.mark.parametrize(
    ("ece", "words"),
    [
        (0.05, "can be taken at their word: they are off by 5.0\u00a0% on average."),
        (0.051, "Take its percentages with care: they are off by 5.1\u00a0% on average."),
    ],
)
def test_whether_percentages_are_true(metrics: Metrics, read: Read, ece: float, words: str) -> None:
    metrics["ece"]["after"] = ece
    assert any(each.en.endswith(words) for each in plain_words(read(metrics)))


def test_the_hardest_class_is_named(metrics: Metrics, read: Read) -> None:
    sentences = [each.en for each in plain_words(read(metrics))]
    assert "The hardest car is Nissan Qashqai (J11): recognised on 2 of 3 photos." in sentences
    assert "On 1 of 9 photos it took the car for one that it does not know." in sentences


def test_a_class_without_photos_is_not_the_hardest(metrics: Metrics, read: Read) -> None:
    metrics["per_class"][0] = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "photos": 0}
    metrics["per_class"][1]["recall"] = 1.0
    metrics["photos"][8]["is_unknown"] = False
    sentences = [each.en for each in plain_words(read(metrics))]
    assert "Every car is recognised on all of its photos." in sentences
    assert "It took none of the cars for one that it does not know." in sentences


def test_the_headline_counts_what_would_be_called_unknown(metrics: Metrics, read: Read) -> None:
    for place, photo in enumerate(metrics["photos"]):
        photo.update(predicted=photo["label"], is_unknown=place < 2)
    told = headline(read(metrics))
    assert told.en.endswith(" 2 of the right ones it would call unknown.")
    assert told.ru.endswith(" 2 из верных он назвал бы незнакомыми.")


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [
        ((0.80, 0.85, 0.92), (0.03, 0.02, 0.02), "would probably help: from 10 to 20 photos of each car"),
        # What fell and rose again was no gain: better than the best before, or than none.
        ((0.91, 0.85, 0.92), (0.03, 0.02, 0.02), "would hardly help: from 5 to 20 photos of each car"),
        (
            (0.9987, 0.9952, 1.0),
            (0.002, 0.004, 0.0),
            "would hardly help: with 20 photos of each car, accuracy is",
        ),
        ((0.90, 0.95, 1.0), (0.0, 0.0, 0.0), "would hardly help: with 20 photos of each car, accuracy is"),
    ],
)
def test_more_photos_help_where_the_last_ones_did_and_there_is_something_left_to_gain(
    mean: tuple[float, ...], std: tuple[float, ...], told: str
) -> None:
    curve = LearningCurve(shots=(5, 10, 20), mean=mean, std=std, draws=5)
    assert told in would_more_help(curve).en


def test_a_single_photo_is_one_photo(evaluation: Metrics, read: Read) -> None:
    evaluation["validation"] = {"right": 1, "total": 1, "accuracy": 1.0, "interval": [0.21, 1.0]}
    evaluation["unseen"] = evaluation["validation"]
    told = [headline(read(evaluation)), *plain_words(read(evaluation))]
    assert not any("1 photos" in each.en for each in told)
    assert told[0].en.startswith("Right on 1 of 1 photo; on others like them")
    assert told[1].en.startswith("A figure from 1 photo alone says little.")
