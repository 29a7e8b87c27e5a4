from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kuzov.bundle.layout import LEARNED_FROM
from kuzov.bundle.learned_from import LearnedFrom
from kuzov.bundle.ready import ready_model
from kuzov.data.dataset import Photo
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import PhotoError
from kuzov.records import ClassName, Prediction
from kuzov.training.succession import Succession, compare
from kuzov.words import plain

FORMER = ready_model() / "1"
KNOWN = ("bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110")


def classes(*labels: str) -> list[ClassName]:
    return [ClassName(id=each, en=each.upper(), ru=each) for each in labels]


def photos(count: int, label: str = "bmw_x5") -> list[Photo]:
    return [Photo(Path(f"{number}.jpg"), label, f"{number:064x}"[::-1]) for number in range(count)]


@pytest.fixture
def always_right(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The former version is right about every photo; which it was asked about."""
    asked: list[str] = []

    def answers(paths: Iterator[Path]) -> Iterator[Prediction | PhotoError]:
        for path in paths:
            asked.append(path.name)
            yield Prediction(
                photo=path.name,
                label="bmw_x5",
                probability=1,
                probabilities={},
                unknown=0,
                is_unknown=False,
                names={},
            )

    recogniser = type("Recogniser", (), {"predict_many": staticmethod(answers)})
    monkeypatch.setattr(Recogniser, "load", lambda _path: recogniser)
    return asked


@pytest.mark.parametrize(
    ("only_former", "only_new", "may_replace"),
    [(0, 0, True), (0, 9, True), (4, 0, True), (5, 0, False), (8, 1, False), (6, 3, True), (30, 15, False)],
)
def test_a_clearly_worse_version_may_not_replace(only_former: int, only_new: int, may_replace: bool) -> None:
    found = Succession(former=FORMER, photos=50, only_former=only_former, only_new=only_new)
    assert found.may_replace == may_replace


def test_the_test_is_exact() -> None:
    assert Succession(former=FORMER, only_former=5, only_new=0).p_value == 1 / 32
    assert Succession(former=FORMER, only_former=2, only_new=1).p_value == 4 / 8


@pytest.mark.parametrize(
    ("new", "lost", "gained", "may_replace"),
    [
        (KNOWN, [], [], True),
        ((*KNOWN, "niva"), [], ["NIVA"], True),
        (KNOWN[1:], ["BMW X5 (E70)"], [], False),
        (("kia", "niva"), None, ["KIA", "NIVA"], False),
    ],
    ids=["the same", "more", "fewer", "others"],
)
def test_a_version_that_forgets_a_class_may_not_replace(
    new: Sequence[str], lost: list[str] | None, gained: list[str], may_replace: bool
) -> None:
    found = compare(FORMER, classes(*new), [], [])
    assert found.may_replace == may_replace
    assert [each.en for each in found.gained] == gained
    if lost is None:
        assert len(found.lost) == len(KNOWN)
    else:
        assert [each.en for each in found.lost] == lost


def test_both_are_judged_by_photos_that_both_know(always_right: list[str]) -> None:
    shown = [*photos(6), *photos(3, "niva")]
    found = compare(FORMER, classes(*KNOWN, "niva"), shown, [True, *([False] * 8)])
    assert always_right == [f"{number}.jpg" for number in range(6)]
    assert (found.photos, found.only_former, found.only_new) == (6, 5, 0)
    assert not found.may_replace
    assert found.words.en == (
        f"the newest version there, {FORMER}, is better: of 6 photos that neither has learned from, it alone "
        "is right about 5, the new one alone about 0 (p = 0.031); the new one knows NIVA"
    )
    assert "только она права на 5" in found.words.ru


@pytest.fixture
def learned_from(tmp_path: Path) -> Path:
    """Where a former version, which is beside that file, tells the photos that it has learned from."""
    file = tmp_path / "1" / LEARNED_FROM
    file.parent.mkdir(parents=True)
    (file.parent / "card.json").write_bytes((FORMER / "assets.extra" / "card.json").read_bytes())
    (tmp_path / "1" / "saved_model.pb").touch()
    return file


def test_photos_that_the_former_has_learned_from_say_nothing(
    always_right: list[str], learned_from: Path
) -> None:
    shown = photos(8)
    LearnedFrom.of(each.digest for each in shown[:6]).write(learned_from.parents[1])
    found = compare(learned_from.parents[1], classes(*KNOWN), shown, [False] * 8)
    assert (always_right, found.photos) == (["6.jpg", "7.jpg"], 2)
    assert found.may_replace


@pytest.mark.parametrize(
    "damaged", [b"", b"\0" * 17, b"\xff" * 16 + b"\n", b"0123456789abcdef\n0123"], ids=repr
)
def test_where_it_can_not_be_told_what_was_learned_from_the_former_is_not_replaced(
    learned_from: Path, damaged: bytes
) -> None:
    learned_from.write_bytes(damaged)
    found = compare(learned_from.parents[1], classes(*KNOWN), photos(8), [True] * 8)
    assert not found.may_replace
    assert found.words.en.endswith(f", knows can't be told: {learned_from} is damaged")
    assert found.words.ru.endswith(f", узнать нельзя: файл {learned_from} повреждён")


def test_many_photos_are_thinned_out(always_right: list[str]) -> None:
    assert compare(FORMER, classes(*KNOWN), photos(1000), [True] * 1000).photos == 200
    assert always_right[-1] == "995.jpg"


def test_a_version_of_which_nothing_is_known_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").touch()
    found = compare(tmp_path / "1", classes("kia", "niva"), [], [])
    assert not found.may_replace
    assert found.words.en == (
        f"what the newest version there, {tmp_path / '1'}, knows can't be told: kuzov did not make it"
    )


def test_what_json_prints() -> None:
    found = Succession(former=FORMER, lost=(plain("X5"),), photos=3)
    assert found.to_json() == {
        "former": str(FORMER), "lost": ["X5"], "gained": [], "photos": 3, "only_former": 0, "only_new": 0,
        "untold": None, "p_value": 1.0,
    }  # fmt: skip
