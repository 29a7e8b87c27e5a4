from pathlib import Path

import pytest

from kuzov.atlas.names import display_name
from kuzov.report import album, thumbnails
from kuzov.report.album import Album, least_certain_section, make_album, mistake_section
from kuzov.report.thumbnails import Thumbnail
from tests.report.conftest import Metrics, Read


def test_photos_that_are_not_there_have_no_pictures(metrics: Metrics, read: Read, tmp_path: Path) -> None:
    assert make_album(read(metrics)).thumbnails == {}
    metrics["data"]["folder"] = str(tmp_path / "gone")
    assert make_album(read(metrics)).thumbnails == {}


def test_every_photo_that_is_there_has_a_picture(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    found = make_album(read(metrics))
    assert set(found.thumbnails) == {each["photo"] for each in metrics["photos"]}
    assert {cell: len(photos) for cell, photos in found.cells.items()} == {
        ("qashqai", "vaz_2110"): 1,
        ("bmw_x5", "bmw_x5"): 3,
        ("qashqai", "qashqai"): 2,
        ("vaz_2110", "vaz_2110"): 3,
    }
    (photo_folder / metrics["photos"][0]["photo"]).unlink()
    assert len(make_album(read(metrics)).thumbnails) == 8


def test_mistakes_get_the_room_that_there_is(
    metrics: Metrics, read: Read, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(make_album(read(metrics)).thumbnails[metrics["photos"][4]["photo"]])
    monkeypatch.setattr(thumbnails, "PICTURE_BYTES", one)
    assert list(make_album(read(metrics)).thumbnails) == [metrics["photos"][4]["photo"]]


def test_cells_take_turns(
    metrics: Metrics, read: Read, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(album, "MOST_MISTAKES", 0)
    monkeypatch.setattr(album, "MOST_LEAST_CERTAIN", 0)
    monkeypatch.setattr(album, "MOST_UNKNOWN", 0)
    monkeypatch.setattr(album, "MOST_IN_A_CELL", 1)
    labels = [Path(name).parent.name for name in make_album(read(metrics)).thumbnails]
    assert labels == ["qashqai", "bmw_x5", "qashqai", "vaz_2110"]  # the mistake first


def test_a_mistake_is_shown_with_truth_and_answer(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    run = read(metrics)
    page = mistake_section(run, make_album(run))
    assert "Wrong answers, the surest first: 1 of 1." in page
    assert "VAZ-2110 (61.3\u00a0%); it shows Nissan Qashqai (J11)" in page
    assert "ВАЗ-2110 (61,3\u00a0%); на фото Ниссан Кашкай (J11)" in page
    assert page.count("<img") == 1
    assert 'height="88" alt="validation/qashqai/&lt;b&gt;&quot;Кашкай&quot; &amp; co.jpeg">' in page
    assert "where it looked" not in page  # there is no bundle to ask


def test_what_a_stranger_looks_like_is_shown(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    name = display_name("renault_4")
    alike = {
        "model": "renault_4",
        "probability": 0.712,
        "name": {"id": name.id, "en": name.en, "ru": name.ru},
    }
    metrics["photos"][4] |= {"is_unknown": True, "look_alike": alike}
    run = read(metrics)
    page = mistake_section(run, make_album(run))
    assert "it shows Nissan Qashqai (J11); looks like Renault 4 hatchback (1961–1994) (71.2\u00a0%)" in page
    assert "похоже на Рено 4, хэтчбек (1961–1994) (71,2\u00a0%)" in page


def test_where_the_model_looked_is_explained(metrics: Metrics, read: Read) -> None:
    run = read(metrics)
    pair = Thumbnail(photo=b"jpg", heat=b"heat", size=(176, 99))
    page = mistake_section(run, Album(cells={}, thumbnails={metrics["photos"][4]["photo"]: pair}))
    assert "Bright places counted most." in page
    assert '<figure class="photo pair wrong"><img src="data:image/jpeg;base64,anBn"' in page
    assert 'base64,aGVhdA==" width="176" height="99" alt="where it looked · куда он смотрел' in page


def test_mistakes_without_pictures_are_listed(metrics: Metrics, read: Read) -> None:
    page = mistake_section(read(metrics), Album(cells={}))
    assert "<details" not in page
    assert "<table" in page


def test_no_mistakes(metrics: Metrics, read: Read) -> None:
    metrics["photos"][4]["predicted"] = metrics["photos"][4]["label"]
    page = mistake_section(read(metrics), Album(cells={}))
    assert "There are none on these photos." in page
    assert "<table" not in page


def test_the_least_certain_come_first(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    metrics["photos"][7]["probability"] = 0.5
    run = read(metrics)
    page = least_certain_section(run, make_album(run))
    assert "Right answers that came closest to being wrong: 8 of 8." in page
    assert page.index("vaz_2110/1.jpeg") < page.index("bmw_x5/0.jpeg")
    assert least_certain_section(run, Album(cells={})) == ""
