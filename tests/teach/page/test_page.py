"""Teaching in the page, as a person does it."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kuzov.bundle.ready import ready_model
from kuzov.teach.changes import write_changes
from kuzov.teach.versions import WORKSPACE, ModelVersions
from tests.chaos.running import until
from tests.teach.conftest import School
from tests.teach.conftest import school as open_school
from tests.web.conftest import PHONE, Heard, OpenPage, expect_no_violation

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page, Route


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with open_school(tmp_path_factory.mktemp("school"), School) as opened:
        yield opened


@pytest.fixture
def school(started: School) -> Iterator[School]:
    """It, with a trained version 2 and two photos of a bmw_x5."""
    trained = ModelVersions(started.base).trained
    trained.mkdir(parents=True)
    shutil.copytree(ready_model() / "1", trained / "2", copy_function=os.link)
    (started.photos / "bmw_x5").mkdir(parents=True)
    for number in (1, 2):
        photo = a_file(f"{number}.jpg", 40 * number)
        (started.photos / "bmw_x5" / photo["name"]).write_bytes(photo["buffer"])
    yield started
    shutil.rmtree(started.photos)
    shutil.rmtree(started.base / WORKSPACE)
    shutil.rmtree(started.base / "2", ignore_errors=True)
    until(lambda: started.server.states()[1] == "AVAILABLE")


def a_file(name: str, grey: int) -> FilePayload:
    content = io.BytesIO()
    Image.new("L", (120, 90), grey).save(content, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": content.getvalue()}


@contextmanager
def complaints_allowed(heard: Heard, *patterns: str) -> Iterator[None]:
    """What the browser says of answers that are meant to be errors."""
    yield
    heard.complaints[:] = [each for each in heard.complaints if not any(p in each for p in patterns)]


@pytest.fixture
def teacher(school: School, open_page: OpenPage, heard: Heard) -> Iterator[Page]:
    """The page of a teacher who has given the token."""
    page = open_page(school.server.rest_port)
    enter(page, school.token)
    page.get_by_role("heading", name="Photos to learn from").wait_for()
    yield page
    assert heard.complaints == []


def enter(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


def wait_for(page: Page, text: str) -> None:
    page.locator("#teach").get_by_text(text, exact=True).first.wait_for()


def choose_photos(page: Page, *files: FilePayload) -> None:
    page.locator("#teach input[type=file]").set_input_files(list(files))


def stored(school: School) -> dict[str, int]:
    folders = [each for each in school.photos.iterdir() if each.is_dir() and each.name[0] != "."]
    return {folder.name: len(list(folder.iterdir())) for folder in folders}


def test_a_wrong_token_opens_nothing(school: School, open_page: OpenPage, heard: Heard) -> None:
    page = open_page(school.server.rest_port)
    enter(page, "wrong")
    wait_for(page, "This is not the server's token. It has a new one after each start.")
    assert page.get_by_role("button", name="Train", exact=True).count() == 0
    page.get_by_role("button", name="Русский").click()
    wait_for(page, "Это не токен сервера. После каждого запуска токен новый.")
    assert all("401" in each for each in heard.complaints)


def test_the_token_stays_in_the_tab(school: School, teacher: Page) -> None:
    teacher.reload()
    teacher.get_by_role("heading", name="Photos to learn from").wait_for()
    teacher.get_by_role("button", name="Log out").click()
    teacher.get_by_label("Token").wait_for()
    teacher.reload()
    teacher.get_by_label("Token").wait_for()


def test_a_new_car_and_a_file_that_is_no_image(school: School, teacher: Page, heard: Heard) -> None:
    teacher.get_by_label("They show").select_option("A new car…")
    teacher.get_by_label("Its name in English").fill("Lada Niva")
    teacher.get_by_label("Its name in Russian").fill("Лада Нива")
    text: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"a text"}
    with complaints_allowed(heard, "415"):
        choose_photos(teacher, a_file("1.jpg", 10), text, a_file("2.jpg", 20))
        wait_for(teacher, "2 photos added, 1 refused")
    wait_for(teacher, "This is no photo to learn from. Use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO.")
    wait_for(teacher, "Lada Niva: 2 photos")
    assert stored(school) == {"bmw_x5": 2, "lada_niva": 2}
    assert 'ru = "Лада Нива"' in (school.photos / "classes.toml").read_text(encoding="utf-8")


def test_what_would_be_forgotten_is_told(teacher: Page) -> None:
    warning = teacher.get_by_text("The new version will not know")
    assert "Toyota Land Cruiser 100" in warning.inner_text()
    assert "BMW X5" not in warning.inner_text()


def test_too_few_photos_to_train(teacher: Page, heard: Heard) -> None:
    with complaints_allowed(heard, "409"):
        teacher.get_by_role("button", name="Train", exact=True).click()
        wait_for(teacher, "To train, add two or more photos of each of two or more cars.")


def correct(card: Locator, car: str) -> None:
    card.get_by_label("This is").select_option(car)
    card.get_by_role("button", name="Teach it").click()


def test_an_answer_is_corrected_by_a_choice_of_ones_own(school: School, teacher: Page) -> None:
    teacher.set_input_files("#choose", [a_file("car.jpg", 200)])
    card = teacher.locator("article.answered")
    assert card.get_by_label("This is").input_value() == ""
    assert card.get_by_role("button", name="Teach it").is_disabled()
    choices = card.get_by_label("This is").locator("option").all_inner_texts()
    assert (choices[0], choices[-2:], len(choices)) == ("Choose…", ["A new car…", "None of these cars"], 8)
    correct(card, "Nissan Qashqai (J11)")
    card.get_by_text("Added to Nissan Qashqai (J11).", exact=True).wait_for()
    assert card.get_by_role("button", name="Teach it").is_disabled()
    correct(card, "BMW X5 (E70)")
    card.get_by_text("Moved from Nissan Qashqai (J11) to BMW X5 (E70).", exact=True).wait_for()
    assert stored(school) == {"bmw_x5": 3}


def test_an_unknown_car_is_a_new_one_or_none(school: School, teacher: Page) -> None:
    teacher.set_input_files("#choose", [a_file("car.jpg", 200)])
    card = teacher.locator("article.answered")
    correct(card, "A new car…")
    card.get_by_text("Give the new car a name first.", exact=True).wait_for()
    card.get_by_label("Its name in English").fill("Lada Niva")
    card.get_by_role("button", name="Teach it").click()
    card.get_by_text("Added to Lada Niva.", exact=True).wait_for()
    assert stored(school) == {"bmw_x5": 2, "lada_niva": 1}
    correct(card, "None of these cars")
    card.get_by_text("Kept as a photo of none of these cars: every new version is asked about it.").wait_for()
    wait_for(teacher, "None of these cars: 1 photo")
    assert stored(school) == {"bmw_x5": 2}
    teacher.get_by_role("button", name="Русский").click()
    wait_for(teacher, "Ни одна из этих машин: 1 фото")


def test_a_name_that_is_known_makes_no_second_car(school: School, teacher: Page) -> None:
    teacher.set_input_files("#choose", [a_file("car.jpg", 200)])
    card = teacher.locator("article.answered")
    card.get_by_label("This is").select_option("A new car…")
    card.get_by_label("Its name in Russian").fill("бмв x5 (e70)")
    card.get_by_role("button", name="Teach it").click()
    card.get_by_text("Added to BMW X5 (E70).", exact=True).wait_for()
    assert stored(school) == {"bmw_x5": 3}


def test_photos_go_to_no_car_by_themselves(school: School, teacher: Page) -> None:
    choose_photos(teacher, a_file("3.jpg", 130))
    wait_for(teacher, "Say first which car it is.")
    assert stored(school) == {"bmw_x5": 2}


ANSWER = {"label": "bmw_x5", "probability": 0.91, "is_unknown": False, "is_doubtful": False}
UNKNOWN = {**ANSWER, "is_unknown": True}
NIVA = {**ANSWER, "label": "lada_niva"}
CHANGES = [
    {"class": "lada_niva", "about": "new", "learned": True, "before": UNKNOWN, "after": NIVA},
    {"class": "bmw_x5", "about": "changed", "learned": False, "before": UNKNOWN, "after": ANSWER},
    {"class": "bmw_x5", "about": "changed", "learned": False, "before": ANSWER, "after": UNKNOWN},
    {"class": ".none", "about": "none", "learned": False, "before": ANSWER, "after": UNKNOWN},
]  # fmt: skip


def test_what_a_new_version_changes_is_shown_before_it_is_published(
    school: School, open_page: OpenPage, heard: Heard
) -> None:
    photos = [{**each, "photo": "1.jpg"} for each in CHANGES]
    run_folder = ModelVersions(school.base).runs / "2"
    run_folder.mkdir(parents=True)
    write_changes(run_folder, {"asked": 40, "photos": photos})
    page = open_page(school.server.rest_port, viewport=PHONE)
    enter(page, school.token)
    wait_for(page, "The new cars' own photo: 1 of 1 right")
    changed = page.locator("[data-about=changed]")
    assert changed.locator("summary").inner_text() == "2 photos get another answer, 1 a right one"
    told = [each.split("\n") for each in changed.locator("figcaption").all_inner_texts()]
    assert told == [
        ["BMW X5 (E70)", "now: None of these cars", "new: BMW X5 (E70): 91.0\xa0%"],
        ["BMW X5 (E70)", "now: BMW X5 (E70): 91.0\xa0%", "new: None of these cars"],
    ]
    changed.locator("figure").first.scroll_into_view_if_needed()
    changed.get_by_alt_text("The photo 1.jpg").first.wait_for()
    page.get_by_role("button", name="Русский").click()
    wait_for(page, "2 фото получат другой ответ, верный — 1")
    wait_for(page, "Фото, где нет этих машин: так и отвечает на 1 из 1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    table = "document.querySelector('#teach table')"
    assert page.evaluate(f"{table}.scrollWidth <= {table}.clientWidth && {table}.clientWidth <= innerWidth")
    expect_no_violation(page)
    heard.complaints[:] = [
        each for each in heard.complaints if "404" not in each
    ]  # the car that is not there


@pytest.mark.parametrize(
    ("kind", "en", "ru"),
    [
        (
            "few_different",
            "All photos of BMW X5 (E70) show the same picture. "
            "Add others: from another side, of another day.",
            "На всех фото БМВ X5 (E70) одна и та же картинка. "
            "Добавьте другие: с другой стороны, в другой день.",
        ),
        (
            "photos",
            "These photos can't be learned from. The server's log says why.",
            "По этим фото нельзя учиться. Причина — в журнале сервера.",
        ),
        (
            "other",
            "Training failed. The server's log says why.",
            "Обучить не удалось. Причина — в журнале сервера.",
        ),
    ],
)  # fmt: skip
def test_why_a_training_failed_is_told_without_the_servers_sentence(
    school: School, open_page: OpenPage, kind: str, en: str, ru: str
) -> None:
    def failed(route: Route) -> None:
        state = route.fetch().json()
        training = {"running": False, "comparing": False, "failure": "/srv/photos: --allow-leaks"}
        state["training"] = {**training, "failure_kind": kind, "failure_classes": ["bmw_x5"]}
        route.fulfill(json=state)

    page = open_page(school.server.rest_port)
    page.route("**/teach/state?", failed)
    enter(page, school.token)
    wait_for(page, en)
    page.get_by_role("button", name="Русский").click()
    wait_for(page, ru)
    assert "/srv" not in page.locator("body").inner_text()


def test_what_a_new_version_lacks_is_told(school: School, open_page: OpenPage) -> None:
    def lacking(route: Route) -> None:
        state = route.fetch().json()
        [new] = state["candidates"]
        new["classes"] = [each for each in new["classes"] if each["id"] != "vaz_2110"]
        reason = {"en": "lies in class x5 too", "ru": "лежит и в классе x5"}
        new["left_out"] = [{"photo": "niva/1.jpg", **reason}]
        new["changes"] = {"asked": 7, "photos": []}
        route.fulfill(json=state)

    page = open_page(school.server.rest_port)
    page.route("**/teach/state?", lacking)
    enter(page, school.token)
    wait_for(page, "The new version does not know VAZ-2110, which the one that answers now does.")
    wait_for(page, "No answer changes for the cars that were known: both versions were asked about 7 photos.")
    page.get_by_text("1 photo was left out").click()
    wait_for(page, "niva/1.jpg: lies in class x5 too")
    page.get_by_role("button", name="Русский").click()
    wait_for(page, "niva/1.jpg: лежит и в классе x5")
    wait_for(page, "Новая версия не знает ВАЗ-2110; та, что отвечает сейчас, знает.")


def test_a_link_brings_the_token_along_and_keeps_it_to_itself(school: School, open_page: OpenPage) -> None:
    page = open_page(school.server.rest_port)
    address = f"http://127.0.0.1:{school.server.rest_port}/"
    for where in (f"{address}#teach={school.token}", f"{address}?a=b#teach={school.token}"):
        page.goto(where)  # the first changes nothing but what follows the #
        page.get_by_role("heading", name="Photos to learn from").wait_for()
        assert page.url == where.partition("#")[0]
        page.get_by_role("button", name="Log out").click()


def test_a_photo_is_looked_at_and_taken_out(school: School, teacher: Page) -> None:
    teacher.get_by_text("BMW X5 (E70): 2 photos").click()
    teacher.get_by_alt_text("The photo 1.jpg").wait_for()
    teacher.get_by_role("button", name="Remove the photo 1.jpg").click()
    wait_for(teacher, "BMW X5 (E70): 1 photo")
    assert (school.photos / ".removed" / "bmw_x5" / "1.jpg").is_file()


def test_a_version_is_published_and_taken_back(school: School, teacher: Page) -> None:
    table = teacher.locator("#teach table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["Figure", "Answers now", "New"]
    teacher.get_by_role("button", name="Publish the new version").click()
    teacher.locator("#model").get_by_text("Version 2", exact=True).wait_for()
    teacher.get_by_role("button", name="Back to the version of 1").click()
    teacher.locator("#model").get_by_text("Version 1", exact=True).wait_for()
    assert table.get_by_role("columnheader").all_inner_texts() == ["Figure", "Answers now", "Taken back"]
    teacher.get_by_role("button", name="Publish it again").wait_for()


def test_two_teachers_at_once(school: School, teacher: Page, open_page: OpenPage, heard: Heard) -> None:
    other = open_page(school.server.rest_port)
    enter(other, school.token)
    button = "Publish the new version"
    other.get_by_role("button", name=button).wait_for()
    teacher.get_by_role("button", name=button).click()
    teacher.get_by_role("button", name="Back to the version of 1").wait_for()
    with complaints_allowed(heard, "409"):
        other.get_by_role("button", name=button).click()
        wait_for(other, "This version is published already.")


def test_a_lost_server_loses_no_photo(school: School, teacher: Page, heard: Heard) -> None:
    with complaints_allowed(heard, "ERR_FAILED"):
        teacher.route("**/teach/photos*", lambda route: route.abort())
        teacher.get_by_label("They show").select_option("BMW X5 (E70)")
        choose_photos(teacher, a_file("3.jpg", 130), a_file("4.jpg", 140))
        wait_for(teacher, "The server can't be reached. The photos wait here.")
        teacher.unroute("**/teach/photos*")
        teacher.get_by_role("button", name="Go on").click()
        wait_for(teacher, "2 photos added")
    assert stored(school) == {"bmw_x5": 4}


def test_a_full_disk_loses_no_photo(school: School, teacher: Page, heard: Heard) -> None:
    full = {"status": 507, "headers": {"kuzov-reason": "disk_full"}, "body": "{}"}
    with complaints_allowed(heard, "507"):
        teacher.route("**/teach/photos*", lambda route: route.fulfill(**full))
        teacher.get_by_label("They show").select_option("BMW X5 (E70)")
        choose_photos(teacher, a_file("3.jpg", 130))
        wait_for(
            teacher,
            "The server's disk is full. Nothing is lost: the photos wait here. Make room, and go on.",
        )
        teacher.unroute("**/teach/photos*")
        teacher.get_by_role("button", name="Go on").click()
        wait_for(teacher, "1 photo added")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_on_a_phone_in_russian(
    school: School, open_page: OpenPage, heard: Heard, scheme: str
) -> None:
    page = open_page(school.server.rest_port, viewport=PHONE, locale="ru-RU", color_scheme=scheme)
    expect_no_violation(page)
    page.get_by_label("Токен").fill(school.token)
    page.get_by_role("button", name="Войти").click()
    page.get_by_role("heading", name="Фото для обучения").wait_for()
    page.set_input_files("#choose", [a_file("car.jpg", 200)])
    page.get_by_label("Это", exact=True).wait_for()
    page.get_by_text("БМВ X5 (E70): 2 фото").click()
    page.get_by_alt_text("Фото 1.jpg").wait_for()
    expect_no_violation(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert heard.complaints == []
