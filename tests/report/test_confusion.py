from pathlib import Path

from kuzov.report import confusion
from kuzov.report.album import make_album
from tests.report.conftest import Metrics, Read


def test_the_matrix_marks_right_and_wrong_and_leads_to_the_photos(metrics: Metrics, read: Read) -> None:
    page = confusion.confusion_table(read(metrics))
    assert (
        '<td class="zero">0</td><td class="right"><a href="#cell-1-1">2</a></td>'
        '<td class="wrong"><a href="#cell-1-2">1</a></td>'
    ) in page
    assert page.count('scope="col"') == 4
    assert page.count('scope="row"') == 3


def test_each_number_has_its_photos(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    run = read(metrics)
    page = confusion.cell_photos(run, make_album(run))
    assert page.count('class="cell"') == 4
    wrong = page.split('id="cell-1-2"')[1].split('id="cell-2-2"')[0]
    assert "Shown: Nissan Qashqai (J11). Answer: VAZ-2110. Photos: 1" in wrong
    assert wrong.count("<img") == 1
    assert '<a href="#confusion">' in wrong


def test_photos_without_pictures_are_named(metrics: Metrics, read: Read) -> None:
    metrics["photos"] = [metrics["photos"][0] | {"photo": f"{row}.jpg"} for row in range(30)]
    run = read(metrics)
    page = confusion.cell_photos(run, make_album(run))
    assert '<p class="names">0.jpg, 1.jpg, ' in page
    assert "23.jpg</p>" in page
    assert "and 6 more, in metrics.json" in page


def test_many_classes_show_the_confused_pairs(many_classes: Metrics, read: Read) -> None:
    many_classes["photos"] = [many_classes["photos"][0] | {"label": "7", "predicted": "9"}]
    run = read(many_classes)
    page = confusion.confusion_table(run)
    row = (
        '<tr><th scope="row"><span lang="en">Car 7</span><span lang="ru">Авто 7</span></th>'
        '<td><span lang="en">Car 9</span><span lang="ru">Авто 9</span></td>'
        '<td><a href="#cell-7-9">5</a></td></tr>'
    )
    assert row in page
    assert page.count("<tr>") == 2
    assert 'id="cell-7-9"' in confusion.cell_photos(run, make_album(run))


def test_many_classes_without_a_mistake(many_classes: Metrics, read: Read) -> None:
    many_classes["confusion"][7][9] = 0
    assert "There are none on these photos." in confusion.confusion_table(read(many_classes))
