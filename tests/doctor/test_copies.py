from __future__ import annotations

from kuzov.doctor.copies import Copies, group_names, spare_copies, tell_copies
from kuzov.doctor.findings import Kind, Move
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


def test_of_one_file_the_first_stays() -> None:
    photos = [a_photo(f"suv/{number}.jpg", "same") for number in (1, 2, 3)]
    assert spare_copies([alike(0, 1, 2, exact=True)], photos) == [
        Move(photo="suv/2.jpg", kind=Kind.EXACT_DUPLICATE, kept="suv/1.jpg"),
        Move(photo="suv/3.jpg", kind=Kind.EXACT_DUPLICATE, kept="suv/1.jpg"),
    ]


def test_of_near_copies_on_one_side_all_stay() -> None:
    assert not spare_copies([alike(0, 1)], [a_photo("suv/1.jpg"), a_photo("suv/2.jpg")])


def test_of_a_leak_the_training_photos_go() -> None:
    names = ("train/suv/1.jpg", "train/suv/2.jpg", "train/suv/3.jpg", "validation/suv/1.jpg")
    assert spare_copies([alike(0, 1, 3)], [a_photo(name) for name in names]) == [
        Move(photo="train/suv/1.jpg", kind=Kind.LEAK, kept="validation/suv/1.jpg"),
        Move(photo="train/suv/2.jpg", kind=Kind.LEAK, kept="validation/suv/1.jpg"),
    ]


def test_the_last_photo_of_a_class_stays() -> None:
    names = ("train/suv/1.jpg", "train/suv/2.jpg", "validation/suv/1.jpg")
    (move,) = spare_copies([alike(0, 1, 2)], [a_photo(name) for name in names])
    assert move.photo == "train/suv/1.jpg"


def test_a_picture_in_two_classes_stays() -> None:
    photos = [a_photo("train/suv/1.jpg", "same"), a_photo("train/sedan/1.jpg", "same")]
    assert not spare_copies([alike(0, 1, exact=True)], [*photos, a_photo("train/suv/2.jpg")])
