"""Zips as people make them, and as others do."""

import io
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from kuzov.data import archive
from kuzov.data.archive import errors_as_given, unpacked
from kuzov.errors import DatasetError, PhotoError
from kuzov.words import Words
from tests.errors import raises

BROKEN = Words(
    "{zip} can't be unpacked: it is broken or cut short; download or make it anew",
    "{zip} не распаковать: он повреждён или оборван; скачайте или создайте заново",
)
CLASSES = {"bmw_x5/1.jpg": b"a", "bmw_x5/2.jpg": b"b", "solaris/1.jpg": b"c"}


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def found_in(path: Path) -> dict[str, bytes]:
    with unpacked(path) as folder:
        return {
            str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()
        }


@pytest.mark.parametrize(
    "outer", ["", "photos/", "photos/cars/", "./", "photos\\"], ids=lambda outer: outer or "flat"
)
def test_a_zip_stands_for_the_folder_that_it_holds(tmp_path: Path, outer: str) -> None:
    path = zipped(tmp_path / "photos.zip", {f"{outer}{name}": content for name, content in CLASSES.items()})
    assert found_in(path) == CLASSES
    assert list(tmp_path.iterdir()) == [path]


def test_sets_stay_sets(tmp_path: Path) -> None:
    files = {f"train/{name}": content for name, content in CLASSES.items()}
    assert found_in(zipped(tmp_path / "a.zip", files)) == files


def test_a_single_class_stays_one(tmp_path: Path) -> None:
    files = {"bmw_x5/1.jpg": b"a"}
    assert found_in(zipped(tmp_path / "a.zip", files)) == files


def test_what_is_no_zip_is_given_back(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "none.zip"):
        with unpacked(path) as folder:
            assert folder == path


def test_what_systems_add_is_passed_over(tmp_path: Path) -> None:
    more = {
        "__MACOSX/bmw_x5/._1.jpg": b"x",
        "bmw_x5/.DS_Store": b"x",
        ".hidden/1.jpg": b"x",
        "bmw_x5/._2.jpg": b"x",
    }
    path = zipped(tmp_path / "a.zip", CLASSES | more)
    with zipfile.ZipFile(path, "a") as made:
        link = zipfile.ZipInfo("bmw_x5/link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("empty/", b"")
    assert found_in(path) == CLASSES


def with_name(path: Path, written: bytes, *, extra: bytes = b"") -> Path:
    """A zip of two classes, the name of the second in these bytes, which it does not call UTF-8."""
    stand_in = "Z" * len(written)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("bmw_x5/1.jpg", b"a")
        member = zipfile.ZipInfo(f"{stand_in}/1.jpg")
        member.extra = extra
        made.writestr(member, b"b")
    path.write_bytes(content.getvalue().replace(stand_in.encode(), written))
    return path


@pytest.mark.parametrize("encoding", ["cp866", "utf-8"])
def test_names_in_russian_are_read_whichever_program_wrote_them(tmp_path: Path, encoding: str) -> None:
    path = with_name(tmp_path / "a.zip", "Лада Калина".encode(encoding))
    assert found_in(path) == {"bmw_x5/1.jpg": b"a", "Лада Калина/1.jpg": b"b"}
    flagged = zipped(tmp_path / "b.zip", {"Лада Калина/1.jpg": b"a", "Ока/1.jpg": b"b"})
    assert set(found_in(flagged)) == {"Лада Калина/1.jpg", "Ока/1.jpg"}


def test_info_zips_own_field_for_a_name_is_read(tmp_path: Path) -> None:
    name = "Ока/1.jpg".encode()
    extra = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, 0) + name
    assert set(found_in(with_name(tmp_path / "a.zip", b"???", extra=extra))) == {"bmw_x5/1.jpg", "Ока/1.jpg"}


def test_two_files_of_a_name_are_both_kept(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", CLASSES)
    with zipfile.ZipFile(path, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("solaris/1.jpg", b"d")
    assert found_in(path) == CLASSES | {"solaris/1-2.jpg": b"d"}


@pytest.mark.parametrize(
    "name",
    ["../out.jpg", "a/../../out.jpg", "/etc/out.jpg", "C:\\out.jpg", "a\\..\\..\\out.jpg", "\\\\host\\a.jpg"],
)
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", CLASSES | {name: b"x"})
    with pytest.raises(DatasetError, match="would lie outside of it, so it is not unpacked"), unpacked(path):
        pass
    assert list(tmp_path.iterdir()) == [path]


def test_how_much_it_holds_is_counted_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000_000)
    path = zipped(tmp_path / "a.zip", CLASSES | {"bmw_x5/3.jpg": bytes(2_000_000)})
    assert path.stat().st_size < 10_000
    with pytest.raises(DatasetError, match=r"holds more than [\d,]+ bytes; unpack it"), unpacked(path):
        pass
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(DatasetError, match="holds more than 2 files"), unpacked(path):
        pass


def test_a_damaged_and_a_protected_one_are_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", CLASSES)
    whole = path.read_bytes()
    at = whole.index(b"PK\1\2") + 8
    path.write_bytes(whole[:at] + b"\1\0" + whole[at + 2 :])
    with pytest.raises(DatasetError, match="is protected by a password; unpack it, and give the folder"):
        found_in(path)
    start = whole.index(b"a", 30 + len("bmw_x5/1.jpg") - 1)
    path.write_bytes(whole[:start] + b"\xff" + whole[start + 1 :])
    with raises(DatasetError, BROKEN.fill(zip=str(path))):
        found_in(path)


def test_one_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", CLASSES)
    path.write_bytes(path.read_bytes()[:100])
    with raises(DatasetError, BROKEN.fill(zip=str(path))):
        found_in(path)


def test_an_error_names_the_files_as_they_lie_in_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"cars/{name}": content for name, content in CLASSES.items()})

    def fail() -> None:
        with unpacked(path) as folder:
            raise DatasetError(
                Words("{it} is no photo", "{it} не фото").fill(it=f"{folder}/bmw_x5/1.jpg"), "kind"
            )

    with raises(
        DatasetError, Words(f"{path}/bmw_x5/1.jpg is no photo", f"{path}/bmw_x5/1.jpg не фото")
    ) as told:
        fail()
    assert told.value.kind == "kind"


def test_the_name_of_a_file_stays_as_it_is_on_disk(tmp_path: Path) -> None:
    root, given = tmp_path / "unpacked", tmp_path / "cars.zip"
    error = PhotoError(f"{root}/a\nb.txt", "is no photo")
    assert errors_as_given([error], root, root) == (error,)
    (told,) = errors_as_given([error], root, given)
    assert (told.photo, told.reason) == (f"{given}/a\nb.txt", "is no photo")
