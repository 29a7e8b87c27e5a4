from __future__ import annotations

from kuzov.doctor.copies import Copies, group_names, spare_copies, tell_copies
from kuzov.doctor.findings import Kind
from tests.doctor.conftest import a_photo


def alike(*rows: int, exact: bool = False) -> Copies:
    return Copies(rows=rows, similarity=1.0 if exact else 0.98, exact=exact, mirrored=False)


def test_each_group_is_told_as_what_it_is() -> None:
    photos = [
        a_photo("train/sedan/1.jpg"),
        a_photo("train/sedan/2.jpg", "same"),
        a_photo("train/sedan/3.jpg", "same"),
        a_photo("train/suv/1.jpg"),
        a_photo("validation/sedan/1.jpg"),
    ]
    groups = [alike(1, 2, exact=True), alike(0, 1), alike(0, 3), alike(0, 4), alike(3, 4)]
    kinds = [[finding.kind for finding in tell_copies([group], photos)] for group in groups]
    assert kinds == [
        [Kind.EXACT_DUPLICATE],
        [Kind.NEAR_DUPLICATE],
        [Kind.ACROSS_CLASSES],
        [Kind.LEAK],
        [Kind.LEAK, Kind.ACROSS_CLASSES],
    ]
    (near,) = tell_copies([alike(0, 3)], photos)
    assert near.photos == ("train/sedan/1.jpg", "train/suv/1.jpg")
    assert near.certainty == 0.98
    assert near.facts["classes"] == "sedan, suv"


def test_copies_share_a_name() -> None:
    photos = [a_photo("suv/1.jpg"), a_photo("suv/2.jpg"), a_photo("suv/3.jpg")]
    assert group_names([alike(0, 2)], photos) == ["suv/1.jpg", "suv/2.jpg", "suv/1.jpg"]


def gone(copies: Copies, *names: str) -> list[tuple[str, str]]:
    """Which photos can go, and what stays for them."""
    photos = [a_photo(name, "same" if copies.exact else "") for name in names]
    moves = spare_copies([copies], photos)
    assert {move.kind for move in moves} <= {Kind.EXACT_DUPLICATE if copies.exact else Kind.LEAK}
    return [(move.photo, move.kept) for move in moves]


def test_of_one_file_the_first_stays() -> None:
    found = gone(alike(0, 1, 2, exact=True), "suv/1.jpg", "suv/2.jpg", "suv/3.jpg")
    assert found == [("suv/2.jpg", "suv/1.jpg"), ("suv/3.jpg", "suv/1.jpg")]


def test_of_near_copies_on_one_side_all_stay() -> None:
    assert not gone(alike(0, 1), "suv/1.jpg", "suv/2.jpg")


def test_of_a_leak_the_training_photos_go_but_the_last_of_a_class() -> None:
    train, judged = [f"train/suv/{number}.jpg" for number in (1, 2, 3)], "validation/suv/1.jpg"
    assert gone(alike(0, 1, 3), *train, judged) == [(train[0], judged), (train[1], judged)]
    assert gone(alike(0, 1, 2), *train[:2], judged) == [(train[0], judged)]


def test_a_picture_in_two_classes_stays() -> None:
    assert not gone(alike(0, 1, exact=True), "train/suv/1.jpg", "train/sedan/1.jpg", "train/suv/2.jpg")
