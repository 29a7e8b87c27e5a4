import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import kuzov.images.decode
from kuzov.data.dataset import Dataset, Look, Photo, fingerprint, load_dataset, look_at
from kuzov.errors import DatasetError, PhotoError
from kuzov.images.formats import EXTENSIONS

NOT_A_PHOTO = f"is not a photo by its name; photos end in {', '.join(EXTENSIONS)}"


def save_photo(file: Path, seed: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file


def make(folder: Path, classes: Iterable[str], count: int = 4, first_seed: int = 0) -> Path:
    """A folder of different photos: count a class."""
    for position, label in enumerate(classes):
        for number in range(count):
            save_photo(folder / label / f"{number}.png", first_seed + 100 * position + number)
    return folder


def load(folder: Path, *, strict: bool = False, seed: int = 0, allow_leaks: bool = False) -> Dataset:
    return load_dataset(folder, validation_fraction=0.25, seed=seed, strict=strict, allow_leaks=allow_leaks)


def save_mirrored(photo: Path, file: Path) -> Path:
    """A near duplicate: mirrored, larger, and a JPEG."""
    with Image.open(photo) as image:
        larger = image.resize((20 * image.width, 20 * image.height), Image.Resampling.NEAREST)
    ImageOps.mirror(larger).save(file, "JPEG", quality=90)
    return file


def refusal(folder: Path, *, strict: bool = False) -> str:
    with pytest.raises(DatasetError) as caught:
        load(folder, strict=strict)
    return str(caught.value)


def test_a_flat_folder_is_divided(tmp_path: Path) -> None:
    dataset = load(make(tmp_path, ["b", "a"], count=8))
    assert dataset.root == tmp_path
    assert dataset.classes == ("a", "b")
    assert dataset.rejected == ()
    assert Counter(photo.label for photo in dataset.validation) == {"a": 2, "b": 2}
    assert Counter(photo.label for photo in dataset.train) == {"a": 6, "b": 6}
    photos = dataset.train + dataset.validation
    assert {(photo.path.parent.name, photo.label) for photo in photos} == {("a", "a"), ("b", "b")}
    assert len(set(photos)) == 16


def test_the_seed_tells_the_division(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"], count=8)
    assert load(tmp_path, seed=1) == load(tmp_path, seed=1)
    assert load(tmp_path, seed=1) != load(tmp_path, seed=2)


def test_train_alone_is_divided(tmp_path: Path) -> None:
    dataset = load(make(tmp_path / "train", ["a", "b"]).parent)
    assert (dataset.classes, len(dataset.train), len(dataset.validation)) == (("a", "b"), 6, 2)


def test_train_and_validation_are_taken_as_they_are(tmp_path: Path) -> None:
    make(tmp_path / "train", ["a", "b"], count=3)
    make(tmp_path / "validation", ["b", "a"], count=1, first_seed=1000)
    dataset = load(tmp_path)
    photos = [tmp_path / "train" / label / f"{number}.png" for label in "ab" for number in range(3)]
    digests = [hashlib.sha256(photo.read_bytes()).hexdigest() for photo in photos]
    assert dataset.train == tuple(
        Photo(photo, photo.parent.name, digest, digest) for photo, digest in zip(photos, digests, strict=True)
    )
    assert [photo.path.parts[-3:] for photo in dataset.validation] == [
        ("validation", "a", "0.png"),
        ("validation", "b", "0.png"),
    ]


def test_copies_and_near_duplicates_never_stand_on_both_sides(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    for number in range(4):
        shutil.copy(tmp_path / "a" / f"{number}.png", tmp_path / "a" / f"copy of {number}.png")
        save_mirrored(tmp_path / "b" / f"{number}.png", tmp_path / "b" / f"mirrored {number}.jpg")
    for seed in range(10):
        dataset = load(tmp_path, seed=seed)
        assert len(dataset.train + dataset.validation) == 16
        sides = [{photo.group for photo in side} for side in (dataset.train, dataset.validation)]
        assert (len(sides[0] | sides[1]), sides[0] & sides[1]) == (8, set())
        assert dataset.leaks == ()


def test_a_picture_in_two_classes_is_rejected_in_both(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    one, other = tmp_path / "a" / "0.png", tmp_path / "a" / "1.png"
    near = save_mirrored(one, tmp_path / "b" / "near.jpg")
    same = shutil.copy(other, tmp_path / "b" / "same.png")
    dataset = load(tmp_path)
    assert {str(error) for error in dataset.rejected} == {
        f"{one}: shows the same picture as {near} of another class; keep it in one class",
        f"{near}: shows the same picture as {one} of another class; keep it in one class",
        f"{other}: lies in class b too; keep it in one class",
        f"{same}: lies in class a too; keep it in one class",
    }
    assert len(dataset.train + dataset.validation) == 6


def test_a_group_is_called_by_the_least_digest_of_its_photos(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    save_mirrored(tmp_path / "a" / "0.png", tmp_path / "a" / "near.jpg")
    shutil.copy(tmp_path / "a" / "0.png", tmp_path / "a" / "same.png")
    dataset = load(tmp_path)
    photos = {photo.path.name: photo for photo in dataset.train + dataset.validation if photo.label == "a"}
    name = min(photos["0.png"].digest, photos["near.jpg"].digest)
    assert [photos[each].group for each in ("0.png", "near.jpg", "same.png")] == [name] * 3
    assert photos["1.png"].group == photos["1.png"].digest


def test_a_picture_on_both_sides_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    make(tmp_path / "train", ["a", "b"])
    make(tmp_path / "validation", ["a", "b"], count=2, first_seed=1000)
    learned, judged = tmp_path / "train" / "a" / "2.png", tmp_path / "validation" / "a" / "near.jpg"
    save_mirrored(learned, judged)
    assert refusal(tmp_path) == (
        "1 photo to judge by shows the same picture as one to learn from, so the figures would be "
        f"too good: {learned} and {judged}. Remove one of the two, or allow it with --allow-leaks "
        "(in Python, allow_leaks=True)."
    )
    dataset = load(tmp_path, allow_leaks=True)
    assert [(one.path, other.path) for one, other in dataset.leaks] == [(learned, judged)]
    assert (len(dataset.train), len(dataset.validation)) == (8, 5)


def test_the_first_leaks_are_named_and_the_others_counted(tmp_path: Path) -> None:
    make(tmp_path / "train", ["a", "b"])
    make(tmp_path / "validation", ["a", "b"], count=1, first_seed=1000)
    named = []
    for label, number in (("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2)):
        learned = tmp_path / "train" / label / f"{number}.png"
        named.append(
            f"{learned} and {shutil.copy(learned, tmp_path / 'validation' / label / f'z{number}.png')}"
        )
    assert refusal(tmp_path) == (
        "5 photos to judge by show the same pictures as some to learn from, so the figures would be "
        f"too good: {'; '.join(named[:3])}; and 2 more. Remove one of each pair, or allow it with "
        "--allow-leaks (in Python, allow_leaks=True)."
    )


def test_names_may_hold_spaces_capitals_and_any_letters_which_are_composed(tmp_path: Path) -> None:
    for position, label in enumerate(("Лада Гранта", "BMW X5", "Москвич и\u0306")):
        for number, name in enumerate(("фото 1.JPG", "b.Jpeg", "c.PNG", "d.webp", "e.bmp")):
            save_photo(tmp_path / label / name, 10 * position + number)
    dataset = load(tmp_path)
    assert dataset.classes == ("BMW X5", "Лада Гранта", "Москвич \u0439")
    assert {photo.label for photo in dataset.train} == set(dataset.classes)
    assert len(dataset.train + dataset.validation) == 15


def test_system_files_are_passed_over_and_others_named(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    for name in (".gitkeep", "Thumbs.db", "desktop.ini", ".DS_Store", "._1.jpg", "classes.toml"):
        (tmp_path / name).touch()
        (tmp_path / "a" / name).touch()
    make(tmp_path / ".hidden", ["x"])
    (tmp_path / ".cache").mkdir()
    assert load(tmp_path).rejected == ()
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / "more").mkdir()
    (tmp_path / "a" / "0.mov").touch()
    (tmp_path / "README").touch()
    save_photo(tmp_path / "loose.jpg", 7)
    assert [str(error) for error in load(tmp_path).rejected] == [
        f"{tmp_path / 'README'}: {NOT_A_PHOTO}",
        f"{tmp_path / 'a' / '0.mov'}: {NOT_A_PHOTO}",
        f"{tmp_path / 'a' / 'more'}: is a folder inside a class folder, which is not looked into; "
        "move its photos up",
        f"{tmp_path / 'a' / 'notes.txt'}: {NOT_A_PHOTO}",
        f"{tmp_path / 'loose.jpg'}: lies beside the class folders, so it has no class; "
        "move it into one of them",
    ]


def test_unreadable_photos_are_rejected_or_with_strict_refused(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    whole = (tmp_path / "a" / "0.png").read_bytes()
    (tmp_path / "a" / "cut.png").write_bytes(whole[:60])
    (tmp_path / "b" / "empty.jpg").touch()
    (tmp_path / "b" / "text.jpg").write_text("not a photo")
    (tmp_path / "b" / "zlost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    problems = [
        f"{tmp_path / 'a' / 'cut.png'}: is broken or cut short; replace it with a whole copy of the photo",
        f"{tmp_path / 'b' / 'empty.jpg'}: is empty; replace it with a whole copy of the photo",
        f"{tmp_path / 'b' / 'text.jpg'}: is not a photo in a supported format; "
        "use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO",
        f"{tmp_path / 'b' / 'zlost.jpg'}: no such file; check the path",
    ]
    dataset = load(tmp_path)
    assert [str(error) for error in dataset.rejected] == problems
    assert len(dataset.train + dataset.validation) == 8
    assert refusal(tmp_path, strict=True) == (
        f"4 files in {tmp_path} can't be used; mend or remove them: {'; '.join(problems)}."
    )


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing, file = tmp_path / "missing", tmp_path / "file"
    file.touch()
    assert refusal(missing) == (f"There is no folder {missing}; give one with a subfolder of photos a model.")
    assert (
        refusal(file)
        == f"{file} is a file; give a folder with a subfolder of photos a model, or a zip of one."
    )


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    text = (
        f"There are no photos in the subfolders of {tmp_path}; put the photos of each model into a "
        f"subfolder of its own, such as {tmp_path / 'bmw_x5' / '1.jpg'}."
    )
    assert refusal(tmp_path) == text
    save_photo(tmp_path / "loose.png", 0)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.pdf").touch()
    assert refusal(tmp_path) == (
        f"{text} Found there: 1 photo in no subfolder; a is empty; "
        "b holds 1 file, none a photo by its name: 1 .pdf."
    )
    save_photo(tmp_path / "b" / "inside" / "1.png", 0)
    assert refusal(tmp_path) == (
        f"{text} Found there: 1 photo in no subfolder; a is empty; "
        f"b holds folders of photos; if they are the classes, give {tmp_path / 'b'} itself."
    )


def test_empty_class_folders_are_refused(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    (tmp_path / "d").mkdir()
    (tmp_path / "c").mkdir()
    for number in range(6):
        (tmp_path / "c" / f"{number}.AI").touch()
    (tmp_path / "e" / "more").mkdir(parents=True)
    assert refusal(tmp_path) == (
        f"{tmp_path} has class folders without photos: c holds 6 files, none a photo by its name: 6 .AI; "
        "d is empty; e holds 1 folder, not looked into, and no photo: more/. Add photos, whose names end in "
        f"{', '.join(EXTENSIONS)}, or remove these folders."
    )


def test_a_class_with_too_few_different_readable_photos_is_refused(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b", "c", "d"])
    for number in (1, 2, 3):
        shutil.copy(tmp_path / "b" / "0.png", tmp_path / "b" / f"{number}.png")
        (tmp_path / "c" / f"{number}.png").unlink()
        save_mirrored(tmp_path / "d" / "0.png", tmp_path / "d" / f"{number}.png")
    text = (
        f"Each class in {tmp_path} needs 2 or more different, readable photos; too few have: "
        "b (1), c (1), d (1)."
    )
    what_to_do = "Add photos or remove these folders."
    assert refusal(tmp_path) == f"{text} {what_to_do}"
    for name in ("1.png", "2.png", "notes.txt"):
        (tmp_path / "c" / name).touch()
    assert refusal(tmp_path) == (
        f"{text} Left out: {tmp_path / 'c' / '1.png'} and 1 more: is empty; replace it with a whole copy of "
        f"the photo. Left out: {tmp_path / 'c' / 'notes.txt'}: {NOT_A_PHOTO}. {what_to_do}"
    )


def test_a_side_without_a_readable_photo_of_a_class_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "train", ["a", "b"])
    make(tmp_path / "validation", ["a", "b"], count=1, first_seed=1000)
    broken = tmp_path / "validation" / "b" / "0.png"
    broken.write_bytes(b"")
    assert refusal(tmp_path) == (
        f"Each class in {tmp_path / 'validation'} needs 1 or more different, readable photos; too few "
        f"have: b (0). Left out: {broken}: is empty; replace it with a whole copy of the photo. "
        "Add photos or remove these folders."
    )


@pytest.mark.parametrize(
    ("classes", "problem"),
    [
        (["a"], "{0} has only one class, a; add a subfolder with photos of another model."),
        (
            ["a", "b\nc"],
            "The name of the class folder 'b\\nc' in {0} holds a line break or another character "
            "that can't be shown; rename it.",
        ),
        (
            ["a", "BMW", "bmw"],
            "The class folders BMW and bmw in {0} differ only in case; "
            "put their photos into one folder or rename one.",
        ),
        (
            ["a", "и\u0306", "\u0439"],
            "Two class folders in {0} are both called \u0439, in two Unicode forms; "
            "put their photos into one.",
        ),
        (
            [
                *("train/a", "train/b", "train/c", "train/d"),
                *("validation/a", "validation/b", "validation/e"),
            ],
            "{0}/train and {0}/validation must have the same classes (only in train/: c, d; "
            "only in validation/: e); add the missing folders or remove the others.",
        ),
    ],
    ids=["one", "a line break", "only in case", "only in Unicode form", "sides"],
)
def test_class_folders_that_can_not_be_told_apart_or_shown_are_refused(
    tmp_path: Path, classes: list[str], problem: str
) -> None:
    make(tmp_path, classes[:-1])
    if (tmp_path / classes[-1]).exists():
        pytest.skip("This file system takes the two names for one.")
    make(tmp_path, classes[-1:], first_seed=1000)
    assert refusal(tmp_path) == problem.format(tmp_path)


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", deny)
    assert refusal(tmp_path) == f"The folder {tmp_path} can't be read: Permission denied."


def test_the_fingerprint_tells_contents_and_classes_alone(tmp_path: Path) -> None:
    first = load(make(tmp_path / "one", ["a", "b"]))
    second = load(make(tmp_path / "two", ["a", "b"]), seed=5)
    value = fingerprint(first.train + first.validation)
    assert len(value) == 64
    assert value == fingerprint(second.validation + second.train)
    assert value != fingerprint(first.train)
    (tmp_path / "two" / "a").rename(tmp_path / "two" / "z")
    renamed = load(tmp_path / "two")
    assert value != fingerprint(renamed.train + renamed.validation)
    save_photo(tmp_path / "one" / "a" / "0.png", 999)
    changed = load(tmp_path / "one")
    assert value != fingerprint(changed.train + changed.validation)


def test_the_fingerprint_takes_names_that_are_not_unicode(tmp_path: Path) -> None:
    photos = [Photo(tmp_path / os.fsdecode(name), "a", "0" * 64) for name in (b"\xff.jpg", b"\xfe.jpg")]
    assert fingerprint(photos[:1]) != fingerprint(photos[1:])


def test_the_origins_photos_are_all_readable(real_photos: Path) -> None:
    dataset = load(real_photos)
    assert dataset.classes == ("bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110")
    assert Counter(photo.label for photo in dataset.train) == dict.fromkeys(dataset.classes, 26)
    assert Counter(photo.label for photo in dataset.validation) == dict.fromkeys(dataset.classes, 9)
    assert dataset.rejected == ()
    assert all(photo.group == photo.digest for photo in dataset.train + dataset.validation)


def test_whoever_looks_at_the_photos_sees_each_once_and_may_refuse_one(tmp_path: Path) -> None:
    folder = make(tmp_path, ["a", "b"])
    seen: list[Path] = []
    told: list[tuple[str, int, int]] = []

    def look(photo: Path) -> Look:
        seen.append(photo)
        if photo == folder / "b" / "2.png":
            raise PhotoError(str(photo), "is not to my taste")
        return look_at(photo)

    dataset = load_dataset(
        folder, validation_fraction=0.25, seed=0, look=look, progress=lambda *step: told.append(step)
    )
    assert sorted(seen) == sorted(folder.glob("*/*.png"))
    assert [str(error) for error in dataset.rejected] == [f"{folder / 'b' / '2.png'}: is not to my taste"]
    assert [error.photo for error in dataset.rejected] == [str(folder / "b" / "2.png")]
    assert told == [("read", done, 8) for done in range(9)]


def test_a_look_is_of_one_content_whatever_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(tmp_path / "photo.png", 0)
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()

    def decode(*arguments: Any, **options: Any) -> Image.Image:
        save_photo(photo, 1)
        return kuzov.images.decode.decode(*arguments, **options)

    expected = look_at(photo).signature
    monkeypatch.setattr("kuzov.data.dataset.decode", decode)
    found = look_at(photo)
    assert found.digest == digest
    np.testing.assert_array_equal(found.signature.thumbnail, expected.thumbnail)
