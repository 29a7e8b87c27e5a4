from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from kuzov.api import diagnose, restore_photos
from kuzov.doctor.findings import Kind, Reason
from kuzov.errors import KuzovError
from kuzov.images.decode import decode
from tests.folders import contents

if TYPE_CHECKING:
    from kuzov.doctor.findings import Diagnosis

COPIES = {Kind.LEAK, Kind.ACROSS_CLASSES, Kind.EXACT_DUPLICATE, Kind.NEAR_DUPLICATE}


def of_kind(diagnosis: Diagnosis, kind: Kind) -> list[tuple[str, ...]]:
    return [finding.photos for finding in diagnosis.findings if finding.kind == kind]


def test_the_planted_faults(diagnosis: Diagnosis) -> None:
    assert of_kind(diagnosis, Kind.TRUNCATED) == [("train/sedan/cut.jpg",)]
    assert of_kind(diagnosis, Kind.UNREADABLE) == [("train/sedan/empty.jpg",)]
    assert of_kind(diagnosis, Kind.LEFT_OUT) == [("test",), ("train/sedan/notes.txt",)]
    assert of_kind(diagnosis, Kind.EXACT_DUPLICATE) == [("train/sedan/2.jpg", "train/sedan/same.jpg")]
    assert of_kind(diagnosis, Kind.ACROSS_CLASSES) == [("train/sedan/3.jpg", "train/suv/of_two.jpg")]
    assert of_kind(diagnosis, Kind.LEAK) == [("train/suv/1.jpg", "validation/suv/mirror.jpg")]
    assert of_kind(diagnosis, Kind.TINY) == [("train/suv/tiny.png",)]
    assert of_kind(diagnosis, Kind.BLURRED) == [("train/suv/blurred.png",)]
    assert of_kind(diagnosis, Kind.DARK) == [("train/suv/dark.png",)]
    assert of_kind(diagnosis, Kind.EXTREME_ASPECT) == [("train/suv/banner.png",)]
    certainties = [finding.certainty for finding in diagnosis.findings]
    assert certainties == sorted(certainties, reverse=True)
    assert {move.photo: move.kind for move in diagnosis.moves} == {
        "train/sedan/cut.jpg": Kind.TRUNCATED,
        "train/sedan/empty.jpg": Kind.UNREADABLE,
        "train/sedan/same.jpg": Kind.EXACT_DUPLICATE,
        "train/suv/1.jpg": Kind.LEAK,
    }


def test_a_zip_is_diagnosed_as_the_folder_in_it_and_is_not_changed(
    damaged: Path, diagnosis: Diagnosis, tmp_path: Path
) -> None:
    zipped = Path(shutil.make_archive(str(tmp_path / "cars"), "zip", damaged.parent, damaged.name))
    before, report = zipped.read_bytes(), tmp_path / "doctor.html"
    found = diagnose(zipped, report=report)
    assert (found.folder, found.findings) == (zipped, diagnosis.findings)
    assert f"{zipped}</" in report.read_text(encoding="utf-8")
    with pytest.raises(KuzovError, match=r"cars\.zip is a zip, out of which nothing is moved; unpack it"):
        diagnose(zipped, fix=True)
    assert zipped.read_bytes() == before


def test_fix_and_undo(damaged: Path, tmp_path: Path) -> None:
    root, report = tmp_path / "photos", tmp_path / "reports" / "cars" / "doctor.html"
    shutil.copytree(damaged, root)
    before = contents(root)
    fixed = diagnose(root, fix=True, report=report)
    page = report.read_text(encoding="utf-8")
    assert ("Moved into the quarantine" in page, "What --fix would move" in page) == (True, False)
    gone = {move.photo for move in fixed.moves}
    assert contents(root) == {name: content for name, content in before.items() if name not in gone}
    assert fixed.quarantine is not None
    assert set(contents(fixed.quarantine / "photos")) == gone
    again = diagnose(root, fix=True)
    assert again.quarantine is None
    assert not again.moves
    assert set(restore_photos(root).photos) == gone
    assert contents(root) == before


def test_without_fix_nothing_changes(damaged: Path, diagnosis: Diagnosis) -> None:
    assert diagnosis.moves
    assert diagnosis.quarantine is None
    assert [entry.name for entry in damaged.parent.iterdir()] == ["photos"]
    assert (damaged / "train" / "sedan" / "cut.jpg").exists()


def test_a_single_class(synthetic_photos: Path) -> None:
    found = diagnose(synthetic_photos / "train" / "suv")
    assert found.counts == {"": {"suv": 8}}
    skipped = {(each.check, each.reason) for each in found.skipped}
    assert {
        (Kind.LEAK, Reason.NO_VALIDATION),
        (Kind.WRONG_LABEL, Reason.ONE_CLASS),
        (Kind.TOO_FEW, Reason.ONE_CLASS),
        (Kind.IMBALANCE, Reason.ONE_CLASS),
    } <= skipped


def test_one_photo(synthetic_photos: Path, tmp_path: Path) -> None:
    (tmp_path / "suv").mkdir()
    shutil.copy(synthetic_photos / "train" / "suv" / "1.jpg", tmp_path / "suv")
    found = diagnose(tmp_path)
    assert [finding.kind for finding in found.findings] == [Kind.REFUSED, Kind.TOO_FEW]
    assert {Kind.WRONG_LABEL, Kind.ODD} <= {each.check for each in found.skipped}


def test_no_photo_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "suv").mkdir()
    (tmp_path / "suv" / "1.jpg").touch()
    found = diagnose(tmp_path)
    assert of_kind(found, Kind.UNREADABLE) == [("suv/1.jpg",)]
    assert (Kind.WRONG_LABEL, Reason.NO_PHOTOS) in {(each.check, each.reason) for each in found.skipped}


@pytest.mark.parametrize(
    ("report", "text"),
    [
        ("", "The report {folder} is a folder; give the path of a file, such as doctor.html."),
        (
            "file/doctor.html",
            "Nothing can be written to {folder}/file: {folder}/file is a file; give a folder.",
        ),
    ],
)
def test_a_report_that_can_not_be_written(
    synthetic_photos: Path, tmp_path: Path, report: str, text: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KuzovError) as error:
        diagnose(synthetic_photos, report=tmp_path / report)
    assert str(error.value) == text.format(folder=tmp_path)


def altered(image: Image.Image, number: int, rng: np.random.Generator) -> bytes:
    """A copy as people make them: saved anew, mirrored, resized, brightened, or cropped."""
    width, height = image.size
    if number % 5 == 1:
        image = ImageOps.mirror(image)
    if number % 5 == 2:
        image = image.resize((int(width * 0.6), int(height * 0.6)))
    if number % 5 == 3:
        image = ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.8, 1.2)))
    if number % 5 == 4:
        image = ImageOps.mirror(image.crop((width // 30, height // 30, width * 29 // 30, height * 29 // 30)))
    file = BytesIO()
    image.save(file, format="JPEG", quality=int(rng.integers(55, 85)))
    return file.getvalue()


@pytest.mark.slow
def test_twenty_copies_and_ten_wrong_labels(real_photos: Path, tmp_path: Path) -> None:
    rng, root = np.random.default_rng(0), tmp_path / "photos"
    for side in ("train", "validation"):
        shutil.copytree(real_photos / side, root / side, copy_function=shutil.copyfile)
    photos = sorted(file for file in root.rglob("*") if file.is_file())
    classes = sorted(folder.name for folder in (root / "train").iterdir())
    drawn = [photos[place] for place in rng.permutation(len(photos))[:30]]
    pairs, swapped = set(), set()
    for number, photo in enumerate(drawn[:20]):
        copy = root / ("train", "validation")[number % 2] / photo.parent.name / f"copy{number}.jpg"
        copy.write_bytes(altered(decode(photo), number, rng))
        pairs.add(frozenset(str(each.relative_to(root)) for each in (photo, copy)))
    for number, photo in enumerate(drawn[20:]):
        others = [label for label in classes if label != photo.parent.name]
        place = photo.parents[1] / others[number % 4] / f"wrong{number}{photo.suffix}"
        swapped.add(str(photo.rename(place).relative_to(root)))
    found = diagnose(root)
    assert {frozenset(each.photos) for each in found.findings if each.kind in COPIES} == pairs
    suspects = of_kind(found, Kind.WRONG_LABEL)
    assert len(swapped & {photo for (photo,) in suspects[:12]}) >= 9
