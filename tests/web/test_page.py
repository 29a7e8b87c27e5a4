from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PIL import Image

from kuzov.bundle.layout import REPORT
from kuzov.bundle.ready import ready_model
from kuzov.client.client import Client
from kuzov.web.front_page import FOLDER, SCRIPTS, START, TEACHING_SCRIPTS, TEACHING_STYLE, assemble_page
from tests.chaos.running import Server, running
from tests.web.conftest import DESKTOP, PHONE, Heard, OpenPage, drawn, expect_no_violation, with_report

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page, Request, Route

    from kuzov.training.pipeline import TrainResult

MOST_BYTES = 120_000
TEXTS = re.compile(r"^ {4}(\w+):", re.MULTILINE)
PROGRAMS = {
    "curl": ("sh", "-c"),
    "Python": (sys.executable, "-c"),
    "JavaScript": ("node", "--input-type=module", "-e"),
}
BROKEN_PHOTO: FilePayload = {
    "name": "half.jpg",
    "mimeType": "image/jpeg",
    "buffer": drawn("")["buffer"][:900],
}
NO_PHOTO: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"a red car"}
TRANSFER = """(files, kind) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  const shared = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...shared, clipboardData: transfer })
    : new DragEvent(kind, { ...shared, dataTransfer: transfer });
  document.body.dispatchEvent(event);
}"""


def huge_photo() -> FilePayload:
    """A PNG whose header claims 400 megapixels."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(9))), (b"IEND", b""))
    )
    return {"name": "huge.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + chunks}


def choose(page: Page, *photos: FilePayload) -> None:
    page.set_input_files("#choose", list(photos))


def give(page: Page, kind: str, *photos: FilePayload) -> None:
    """Paste or drop photos."""
    files = [(each["name"], base64.b64encode(each["buffer"]).decode()) for each in photos]
    page.evaluate(f"([files, kind]) => ({TRANSFER})(files, kind)", [files, kind])


def expect_answers(page: Page, count: int, timeout_ms: int = 10_000) -> None:
    from playwright.sync_api import expect

    expect(page.locator("article.answered")).to_have_count(count, timeout=timeout_ms)


def expect_text(page: Page, selector: str, text: str | re.Pattern[str], timeout_ms: int = 10_000) -> None:
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_text(text, timeout=timeout_ms)


def test_the_page_is_small() -> None:
    page = assemble_page(teaching=True)
    assert len(page.body) < MOST_BYTES
    assert page.content_type == "text/html; charset=utf-8"
    assert len(gzip.compress(page.body)) < MOST_BYTES / 3


@pytest.mark.parametrize("teaching", [False, True])
def test_the_policy_lets_only_the_pages_own_script_and_style_run(teaching: bool) -> None:
    page = assemble_page(teaching=teaching)
    policy = dict(page.headers)["content-security-policy"]
    html = page.body.decode()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [content] = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'; " in policy
    assert "unsafe" not in policy
    assert "default-src 'none'; " in policy


def test_teaching_is_left_out_where_it_is_off() -> None:
    without, with_it = (assemble_page(teaching=teaching).body.decode() for teaching in (False, True))
    for name in (*TEACHING_SCRIPTS, TEACHING_STYLE):
        part = (FOLDER / name).read_text(encoding="utf-8")
        assert part not in without
        assert part in with_it


def test_a_phone_s_camera_takes_a_photo(open_page: OpenPage, server: Server) -> None:
    phone = open_page(server.rest_port, viewport=PHONE, is_mobile=True, has_touch=True)
    button = phone.get_by_text("Take a photo")
    with phone.expect_file_chooser() as chooser:
        button.click()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files([drawn("image.jpg")])
    expect_answers(phone, 1)


def test_every_script_is_part_of_the_page() -> None:
    found = {each.relative_to(FOLDER).as_posix() for each in FOLDER.rglob("*.js")}
    assert found == {*SCRIPTS, *TEACHING_SCRIPTS, START}


@pytest.mark.parametrize("words", ["words.js", "teach/words.js"])
def test_both_languages_have_every_text(words: str) -> None:
    english, russian = (FOLDER / words).read_text(encoding="utf-8").split("  ru: {")
    names = TEXTS.findall(english)
    assert names == TEXTS.findall(russian)
    assert len(names) == len(set(names))
    files = [each for each in FOLDER.rglob("*") if each.is_file() and each.name != "words.js"]
    sources = "".join(each.read_text(encoding="utf-8") for each in files)
    # Some are put together: `teach_stage_${stage}`.
    parts = [re.sub(r"\$\{.*?\}", r"\\w+", each) for each in re.findall(r"`(\w*\$\{\w[\w.]*\}\w*)`", sources)]
    together = re.compile("|".join(parts))
    unused = [each for each in names if not re.search(rf"\b{each}\b", sources)]
    assert [each for each in unused if not together.fullmatch(each)] == []


@pytest.mark.parametrize("words", ["words.js", "teach/words.js"])
def test_the_page_speaks_of_cars_and_a_recogniser_and_of_nothing_that_its_reader_lacks(words: str) -> None:
    text = (FOLDER / words).read_text(encoding="utf-8")
    said = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    assert len(said) > 100
    told = " ".join(re.sub(r"\{\w+\}", "", each) for each in said)
    assert not re.search(r"\bmodels?\b|модел", told, re.IGNORECASE)
    assert not re.search(r"--\w|\(s\)|\.toml|kuzov \w|/\w+/", told)


@pytest.mark.parametrize("words", ["words.js", "teach/words.js"])
def test_what_counts_has_the_forms_of_its_language(words: str) -> None:
    english, russian = (FOLDER / words).read_text(encoding="utf-8").split("  ru: {")
    for text, forms in ((english, ["one", "other"]), (russian, ["one", "few", "many"])):
        found = re.findall(r"\{\s*(one: .*?)\s*\},\n", text, re.DOTALL)
        assert found
        assert [re.findall(r"\b(\w+): [\"]", each) for each in found] == [forms] * len(found)


def test_a_photo_is_answered(page: Page, heard: Heard, server: Server) -> None:
    choose(page, drawn("red.jpg", colour="firebrick"))
    expect_answers(page, 1)
    card = page.locator("article")
    assert re.fullmatch(r"red\.jpg · \d[\d.]*\xa0s", card.locator(".fine").first.inner_text())
    card.locator("summary").click()
    card.locator("li").nth(4).wait_for()
    shares = [text.strip("<> \xa0%") for text in card.locator(".share").all_inner_texts()]
    assert shares == sorted(shares, key=float, reverse=True)
    assert card.get_by_role("img", name="The photo red.jpg").evaluate("image => image.decode()") is None
    assert heard.complaints == []
    origin = f"http://127.0.0.1:{server.rest_port}/"
    assert all(each.startswith((origin, f"blob:{origin}", "data:")) for each in heard.requests)


def test_what_answers_is_shown_and_a_desktop_offers_no_camera(page: Page) -> None:
    expect_text(page, "#model .name", "m")
    assert not page.get_by_text("Take a photo").is_visible()
    shown = page.locator("#model").inner_text()
    assert "Version 1" in shown
    assert "Right on 45 of 45 photos that it had not seen. Expect 92\xa0% to 100\xa0%." in shown
    assert "Toyota Land Cruiser 100" in shown
    assert re.search(r"Computed by OpenVINO (int8|f32)", shown)  # as the processor is quicker


def test_an_answer_shows_what_is_likely_and_folds_the_rest(page: Page) -> None:
    told = {"boxes": [], "scores": [], "probabilities": [0.004, 0.982, 0.009, 0.003, 0.002], "unknown": 0.01}
    page.route("**/*:predict*", lambda route: route.fulfill(json={"predictions": [told]}))
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    card = page.locator("article")
    assert card.locator("h3").inner_text() == "Toyota Land Cruiser 100"
    assert card.locator(".share").all_inner_texts() == ["98.2\xa0%"]
    card.get_by_text("4 others, each under 1\xa0%").click()
    card.locator(".share").nth(4).wait_for()
    page.get_by_role("button", name="Русский").click()
    card.get_by_text("Ещё 4 машины, меньше 1\xa0% каждая").wait_for()
    expect_no_violation(page)


def test_numbers_stand_with_their_nouns(page: Page) -> None:
    choose(page, drawn("a.jpg"))
    expect_text(page, "#done", "1 of 1 photo done")
    choose(page, drawn("b.jpg"))
    expect_text(page, "#done", "2 of 2 photos done")
    expect_text(page, "#model summary", "It knows 5 cars")
    page.get_by_role("button", name="Русский").click()
    expect_text(page, "#done", "Готово 2 из 2 фото")
    expect_text(page, "#model summary", "Знает 5 машин")


def test_who_has_no_photo_tries_a_drawn_car(open_page: OpenPage, server: Server, heard: Heard) -> None:
    page = open_page(server.rest_port, locale="ru-RU")
    page.get_by_role("img", name="Нарисованная машина 2").click()
    expect_answers(page, 1)
    assert "нарисованная машина 2.jpg" in page.locator("article").inner_text()
    assert page.locator("#samples").is_hidden()
    assert heard.complaints == []


CAMERA = """
navigator.mediaDevices.enumerateDevices = async () => [{ kind: "videoinput" }];
navigator.mediaDevices.getUserMedia = async () => {
  if (!%s) throw new DOMException("", "NotAllowedError");
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 320, height: 240 });
  canvas.getContext("2d").fillRect(0, 0, 320, 240);
  window.stream = canvas.captureStream(25);
  setInterval(() => canvas.getContext("2d").fillRect(0, 0, 320, 240), 20);
  return window.stream;
};
"""


def test_a_desktops_camera_is_looked_through(open_page: OpenPage, server: Server, heard: Heard) -> None:
    page = open_page(server.rest_port)
    page.add_init_script(CAMERA % "true")
    page.reload()
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_function("document.querySelector('video').videoWidth === 320")
    expect_no_violation(page)
    page.get_by_role("button", name="Take the photo").click()
    expect_answers(page, 1)
    assert "camera 1.jpg" in page.locator("article").inner_text()
    assert page.evaluate("stream.getTracks().map((each) => each.readyState)") == ["ended"]
    assert heard.complaints == []


def test_a_camera_that_is_not_allowed_is_offered_no_more(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.rest_port)
    page.add_init_script(CAMERA % "false")
    page.reload()
    button = page.get_by_role("button", name="Use the camera")
    button.click()
    button.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "choose"


def test_the_answers_are_downloaded_as_tables(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Русский").click()
    choose(page, drawn('=a, "b".jpg'))
    expect_answers(page, 1)
    choose(page, NO_PHOTO)
    expect_text(page, "#done", "Готово 2 из 2 фото, не удалось 1")
    found = {}
    for kind in ("csv", "xlsx"):
        with page.expect_download() as saved:
            page.locator(f"#{kind}").click()
        assert saved.value.suggested_filename == f"ответы.{kind}"
        saved.value.save_as(tmp_path / f"answers.{kind}")
        found[kind] = (tmp_path / f"answers.{kind}").read_bytes()
    text = found["csv"].decode("utf-8-sig")
    assert found["csv"].startswith(b"\xef\xbb\xbf")
    head, failed, answered = csv.reader(io.StringIO(text, newline=""))
    assert head[:4] == ["фото", "машина", "ответ", "вероятность"]
    assert (failed[0], failed[2]) == ("notes.txt", "")
    assert failed[-1].startswith("Это не фото, которое может прочесть сервер.")
    assert answered[0] == '\'=a, "b".jpg'  # Excel would compute it
    assert 0 < float(answered[3]) <= 1
    with zipfile.ZipFile(tmp_path / "answers.xlsx") as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read("xl/sheet.xml"))
    rows = [["".join(cell.itertext()) for cell in row] for row in sheet.findall(".//{*}row")]
    assert rows == [head, failed, ['=a, "b".jpg', *answered[1:]]]


@pytest.mark.parametrize(("status", "number"), [(418, "418"), (400, "400"), (415, "415")])
def test_what_the_server_says_in_english_is_told_in_the_readers_language(
    page: Page, status: int, number: str
) -> None:
    page.route("**/*:predict*", lambda route: route.fulfill(status=status, json={"error": "Bad thing."}))
    page.get_by_role("button", name="Русский").click()
    choose(page, drawn("a.jpg"))
    text = f"Сервер не может на это ответить (ошибка {number}). Обновите страницу и попробуйте снова."
    expect_text(page, "article .body", text)


def test_commands_in_the_documentation_ask_the_server_that_is_read(page: Page, server: Server) -> None:
    page.locator("#docs").click()
    code = page.locator("main:visible pre code").nth(1)
    code.wait_for()
    assert code.inner_text().endswith(f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict")


def test_the_documentation_follows_the_language_that_was_chosen(page: Page, heard: Heard) -> None:
    page.get_by_role("button", name="Русский").click()
    page.locator("#docs").click()
    expect_text(page, "main:visible h2 >> nth=0", "API TensorFlow Serving")
    expect_no_violation(page)
    page.get_by_text("EN", exact=True).click()
    expect_text(page, "main:visible h2 >> nth=0", "TensorFlow Serving's API")
    expect_no_violation(page)
    assert heard.complaints == []


def test_the_report_opens_beside_the_page(page: Page, heard: Heard) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="The whole report").click()
    heading = opened.value.locator("h1")
    assert heading.inner_text() == "Report"
    assert heading.evaluate("each => getComputedStyle(each).color") == "rgb(1, 2, 3)"
    page.get_by_role("button", name="Русский").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Отчёт целиком").click()
    assert opened.value.locator("h1").inner_text() == "Отчёт"
    assert heard.complaints == []


def test_a_report_of_its_own_opens_in_the_browsers_language(
    open_page: OpenPage, server: Server, tmp_path: Path
) -> None:
    with_report(tmp_path / "models")
    for locale, heading in (("ru-RU", "Отчёт"), ("en-GB", "Report"), ("de-DE", "Report")):
        page = open_page(server.rest_port, locale=locale)
        page.goto((tmp_path / "models" / "1" / REPORT).as_uri())
        assert page.locator("h1").inner_text() == heading


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_photos_are_pasted_and_dropped(page: Page, heard: Heard, kind: str) -> None:
    give(page, kind, drawn("a.jpg"), drawn("b.jpg"))
    expect_answers(page, 2)
    assert page.locator(".remove").evaluate_all("all => all.map(each => each.ariaLabel)") == [
        "Remove a.jpg", "Remove b.jpg"
    ]  # fmt: skip
    assert heard.complaints == []


def test_nothing_that_could_be_a_photo_is_pasted_or_dropped(page: Page) -> None:
    give(page, "paste")
    expect_text(page, "#note", "There is no picture in what you pasted.")
    give(page, "drop")
    expect_text(page, "#note", "There is no file in what you dropped.")


def test_two_hundred_photos_take_their_turn(page: Page, heard: Heard) -> None:
    under_way, most = 0, 0

    def count(step: int, request: Request) -> None:
        nonlocal under_way, most
        under_way += step * request.url.endswith(":predict")
        most = max(most, under_way)

    for event, step in (("request", 1), ("requestfinished", -1)):
        page.on(event, partial(count, step))  # type: ignore[call-overload]
    small = drawn("", side=32)["buffer"]
    photos: list[FilePayload] = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": small} for number in range(200)
    ]
    choose(page, *photos)
    assert page.locator("#progress").get_attribute("max") == "200"
    expect_text(page, "#done", "200 of 200 photos done", timeout_ms=240_000)
    assert page.locator("article.answered").count() == 200
    assert page.locator("#progress").is_hidden()
    assert 1 < most <= 4
    assert heard.complaints == []


def test_what_is_no_photo_is_told_and_the_others_are_answered(page: Page) -> None:
    empty: FilePayload = {"name": "empty.jpg", "mimeType": "image/jpeg", "buffer": b""}
    choose(page, NO_PHOTO, drawn("a.jpg"), BROKEN_PHOTO, huge_photo(), empty, drawn("b.jpg"))
    expect_text(page, "#done", "6 of 6 photos done, 4 failed")
    assert page.locator("article.failed .body").all_inner_texts() == [
        "This is no photo that the server can read. Use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO.",
        "This photo is broken or cut short. Add a whole copy.",
        "This photo has more than 50 million pixels. Add a smaller copy.",
        "This file is empty. Add a whole copy of the photo.",
    ]
    page.get_by_role("button", name="Русский").click()
    assert page.locator("article.failed .body").first.inner_text() == (
        "Это не фото, которое может прочесть сервер. Подойдут JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF и ICO."
    )


def test_what_is_wrong_with_a_photo_is_told_by_a_word_and_not_by_the_servers_sentence(page: Page) -> None:
    refusal = {"status": 400, "json": {"error": "Das Foto ist kaputt."}}
    page.route(
        "**/*:predict", lambda route: route.fulfill(**refusal, headers={"kuzov-reason": "broken_image"})
    )
    choose(page, drawn("a.jpg"))
    expect_text(page, "article .body", "This photo is broken or cut short. Add a whole copy.")


def test_a_car_of_no_known_model_is_told(page: Page, real_photos: Path) -> None:
    vitara = (real_photos / "test" / "vitara.jpg").read_bytes()
    choose(page, {"name": "vitara.jpg", "mimeType": "image/jpeg", "buffer": vitara})
    expect_text(page, "article h3", "None of these cars")
    assert page.locator("article .body p").all_inner_texts() == ["Most like Toyota Land Cruiser 100"]
    assert page.locator("article .share").count() == 0
    page.get_by_text("If it had to be one of them").click()
    share = page.locator("article .share").first
    assert share.evaluate("each => getComputedStyle(each).fontWeight") == "400"


@pytest.mark.parametrize(
    ("unknown", "likely", "en", "ru"),
    [
        (
            0.9,
            0.712,
            "Looks like Renault 4 hatchback (1961–1994), 71",
            "Похоже на Рено 4, хэтчбек (1961–1994), 71",
        ),
        (0.9, 0.4, "Most like Nissan Qashqai", "Больше всего похоже на Ниссан Кашкай"),
        (0.3, 0.9, "Perhaps Nissan Qashqai", "Возможно, Ниссан Кашкай"),
    ],
)
def test_a_stranger_and_a_doubtful_car_are_told(
    page: Page, unknown: float, likely: float, en: str, ru: str
) -> None:
    def answer(route: Route) -> None:
        told = {
            "boxes": [],
            "scores": [],
            "probabilities": [0.05, 0.05, 0.8, 0.05, 0.05],
            "unknown": unknown,
            "look_alike": "renault_4",
            "look_alike_probability": likely,
        }
        route.fulfill(json={"predictions": [told]})

    page.route("**/*:predict*", answer)
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    assert en in page.locator("article .text").inner_text()
    page.get_by_role("button", name="Русский").click()
    assert ru in page.locator("article .text").inner_text()


@pytest.fixture(scope="module")
def finding(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model tells each car of a photo."""
    with running(trained.bundle.parent, tmp_path_factory.mktemp("finding") / "log") as server:
        yield server


def photo(file: Path) -> FilePayload:
    return {"name": file.name, "mimeType": "image/png", "buffer": file.read_bytes()}


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_each_car_of_a_photo_is_answered_and_may_be_chosen(
    open_page: OpenPage, finding: Server, heard: Heard, street: Path, way: str
) -> None:
    page = open_page(finding.rest_port)
    choose(page, photo(street))
    expect_answers(page, 1)
    first, second = page.locator(".car").all()
    names = {first.get_attribute("aria-label"), second.get_attribute("aria-label")}
    assert names in ({"Car 1: SUV", "Car 2: Hatchback"}, {"Car 1: Hatchback", "Car 2: SUV"})
    for number, (chosen, other) in enumerate([(first, second), (second, first)], start=1):
        if way == "mouse":
            chosen.click()
        else:
            chosen.press("Enter")
        assert (chosen.get_attribute("aria-pressed"), other.get_attribute("aria-pressed")) == (
            "true",
            "false",
        )
        name = (chosen.get_attribute("aria-label") or "").removeprefix(f"Car {number}: ")
        assert name in page.locator("article .text").inner_text()
        told = page.locator("article .body .fine").first.inner_text()
        assert told == f"Car {number} of 2; choose another in the photo."
    expect_no_violation(page)
    page.get_by_role("button", name="Русский").click()
    assert first.get_attribute("aria-label") in {"Машина 1: Внедорожник", "Машина 1: Хэтчбек"}
    assert heard.complaints == []


def test_a_box_lies_on_its_car(open_page: OpenPage, finding: Server, street: Path) -> None:
    page = open_page(finding.rest_port)
    choose(page, photo(street))
    expect_answers(page, 1)
    page.locator(".frame[style*='--ratio']").wait_for()
    image, boxes = page.locator(".frame img").bounding_box(), page.locator(".car").all()
    assert image is not None
    assert image["width"] / image["height"] == pytest.approx(640 / 220, rel=0.02)
    client = Client(f"http://127.0.0.1:{finding.rest_port}/v1/models/m")
    expected = [answer.car.box for answer in client.predict_cars(street) if answer.car]
    # The client sends it as a JPEG, in which the detector may see a little else.
    for box, (left, top, right, bottom) in zip(boxes, expected, strict=True):
        shown = box.bounding_box()
        assert shown is not None
        assert (shown["x"] - image["x"]) / image["width"] == pytest.approx(left, abs=0.02)
        assert (shown["y"] - image["y"]) / image["height"] == pytest.approx(top, abs=0.02)
        assert shown["width"] / image["width"] == pytest.approx(right - left, abs=0.02)
        assert shown["height"] / image["height"] == pytest.approx(bottom - top, abs=0.02)


def test_a_photo_without_a_car_is_told_to_be_asked_about_as_a_whole(
    open_page: OpenPage, finding: Server, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).save(noise)
    page = open_page(finding.rest_port)
    choose(page, photo(noise))
    expect_answers(page, 1)
    assert page.locator(".car").count() == 0
    assert "No car found: the whole photo was asked about." in page.locator("article").inner_text()
    page.get_by_role("button", name="Русский").click()
    assert "Машина не найдена: ответ — по всему фото." in page.locator("article").inner_text()


def test_on_a_phone_the_button_that_removes_covers_no_box(
    open_page: OpenPage, finding: Server, street: Path
) -> None:
    page = open_page(finding.rest_port, viewport=PHONE, is_mobile=True, has_touch=True)
    choose(page, photo(street))
    expect_answers(page, 1)
    page.locator(".frame[style*='--ratio']").wait_for()
    boxes = [page.locator(f"article {each}").bounding_box() for each in ("h3", ".remove", ".picture")]
    title, button, picture = [box for box in boxes if box is not None]
    assert title["y"] + title["height"] <= picture["y"]
    assert button["y"] + button["height"] <= picture["y"]
    assert button["x"] >= title["x"] + title["width"]


def test_what_the_browser_cant_show_the_server_does(
    open_page: OpenPage, finding: Server, street: Path
) -> None:
    page = open_page(finding.rest_port)
    page.add_init_script("""
      const make = URL.createObjectURL;
      URL.createObjectURL = (each) => (each instanceof File ? "data:image/heic," : make.call(URL, each));
    """)
    page.reload()
    choose(page, photo(street))
    expect_answers(page, 1)
    page.locator(".frame[style*='--ratio']").wait_for()
    assert page.locator(".frame img").evaluate("each => each.naturalWidth") == 640
    assert page.locator(".car").count() == 2


def test_a_small_car_is_told(open_page: OpenPage, finding: Server, street: Path, tmp_path: Path) -> None:
    Image.open(street).resize((160, 55)).save(tmp_path / "small.png")
    page = open_page(finding.rest_port)
    choose(page, photo(tmp_path / "small.png"))
    expect_answers(page, 1)
    page.get_by_text("This car has too few pixels to be sure of.").wait_for()


def test_photos_wait_for_a_server_that_went_away(open_page: OpenPage, free_port: int, tmp_path: Path) -> None:
    deleted = tmp_path / "deleted.jpg"
    deleted.write_bytes(drawn("")["buffer"])
    port = f"--rest-api-port={free_port}"
    with running(ready_model(), tmp_path / "log", port) as server:
        page = open_page(free_port)
        expect_text(page, "#model .name", "m")
        server.stop()
    choose(page, drawn("a.jpg"), drawn("b.jpg"))
    page.set_input_files("#choose", deleted)
    told = "The server can't be reached. Your photos wait here; asking goes on by itself once it is back."
    expect_text(page, "#trouble p", told)
    assert page.locator("article.waiting, article.asking").count() == 3
    deleted.unlink()
    with running(ready_model(), tmp_path / "log", port):
        expect_text(page, "#done", "3 of 3 photos done, 1 failed", timeout_ms=20_000)
        assert page.locator("#trouble").is_hidden()
    assert page.locator("article.failed .body").all_inner_texts() == [
        "This file can't be read any more: it was moved, changed or deleted. Add it again."
    ]


def test_a_server_with_a_key_and_a_limit(open_page: OpenPage, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("correct-horse-battery\n", encoding="utf-8")
    keys.chmod(0o600)
    options = (f"--api-key-file={keys}", "--max-body-bytes=20000")
    with running(with_report(tmp_path / "models"), tmp_path / "log", *options) as server:
        page = open_page(server.rest_port)
        expect_text(page, "#key-why", "Whoever runs the server gave it to you. It stays in this browser tab.")
        expect_no_violation(page)
        page.get_by_label("Key").fill("wrong-horse-battery")
        page.get_by_role("button", name="Use this key").click()
        expect_text(page, "#key-why", "The server does not know this key. Check it, and enter it again.")
        page.get_by_role("button", name="Not now").click()
        expect_text(page, "#trouble p", "The server needs a key to answer. Your photos wait here.")
        expect_no_violation(page)
        page.get_by_role("button", name="Try now").click()
        page.get_by_label("Key").fill("correct-horse-battery")
        page.keyboard.press("Enter")
        expect_text(page, "#model .name", "m")
        large: FilePayload = {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": bytes(30_000)}
        choose(page, large, drawn("a.jpg"))
        expect_text(page, "#done", "2 of 2 photos done, 1 failed")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save the whole report").click()
        assert '<span lang="en">Report</span>' in saved.value.path().read_text(encoding="utf-8")
        assert saved.value.suggested_filename == "report-m-1.html"
    assert page.locator("article.failed .body").all_inner_texts() == [
        "This file has 0.03 MB, and the server takes up to 0.02 MB. Add a smaller copy."
    ]
    assert "-H 'X-API-Key: KEY'" in page.locator("code").inner_text()
    assert "correct-horse" not in page.content()


@pytest.mark.parametrize("status", [503, 404])
def test_a_busy_server_and_a_version_that_is_gone_are_asked_again(page: Page, status: int) -> None:
    asked = []

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=status, json={"error": "no"}, headers={"Retry-After": "1"})
        else:
            route.continue_()

    page.route("**/*:predict", refuse_once)
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    assert asked[:2] == [asked[0]] * 2


def test_a_refusal_leaves_the_photo_to_be_asked_about_again(page: Page) -> None:
    refusals = [{"status": 500, "json": {"error": "Internal error"}}]

    def answer(route: Route) -> None:
        if refusals:
            route.fulfill(**refusals.pop())  # type: ignore[arg-type]
        else:
            route.continue_()

    page.route("**/*:predict", answer)
    choose(page, drawn("a.jpg"))
    expect_text(page, "article .body", "The server failed to answer; its log says why.")
    page.get_by_role("button", name="Try again").click()
    expect_answers(page, 1)
    expect_text(page, "#done", "1 of 1 photo done")


def test_where_the_model_looked(page: Page) -> None:
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    button = page.get_by_role("button", name="What it looked at")
    picture = page.get_by_role("img", name="What counted most is bright: the photo a.jpg")
    button.click()
    picture.wait_for()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    picture.wait_for(state="hidden")


def test_what_a_failed_look_is_told_as(page: Page) -> None:
    page.route("**/web/saliency/**", lambda route: route.fulfill(status=503, json={"error": "no"}))
    choose(page, drawn("a.jpg"))
    page.get_by_role("button", name="What it looked at").click()
    expect_text(page, ".actions p", "The server has too much to do at the moment. Try again in a while.")


def test_photos_are_removed_and_cleared(page: Page) -> None:
    choose(page, drawn("a.jpg"), drawn("b.jpg"))
    expect_answers(page, 2)
    page.get_by_role("button", name="Remove a.jpg").click()
    expect_text(page, "#done", "1 of 1 photo done")
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove b.jpg"
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#results").is_hidden()


def test_the_language_follows_the_browser_and_the_switch(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.rest_port, locale="ru-RU")
    assert page.locator("h1").inner_text() == "Что это за машина?"
    expect_text(page, "#model h2", "Сейчас отвечает")
    assert "Верно 45 из 45 фото" in page.locator("#model").inner_text()
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    russian = page.locator("article").inner_text()
    page.get_by_role("button", name="English").click()
    english = page.locator("article").inner_text()
    assert re.search("[а-я]{4}", russian)
    assert not re.search("[а-я]{4}", english)
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    assert page.locator("h1").inner_text() == "Which car is it?"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_can_use_the_page(
    open_page: OpenPage, server: Server, viewport: dict[str, int], scheme: str
) -> None:
    locale = "ru-RU" if scheme == "dark" else "en-GB"
    page = open_page(server.rest_port, viewport=viewport, color_scheme=scheme, locale=locale)
    page.locator("#model h2").wait_for()
    photos: tuple[tuple[FilePayload, ...], ...] = ((), (drawn("a.jpg"), NO_PHOTO))
    for added in photos:
        choose(page, *added)
        page.locator("article[aria-busy=true]").first.wait_for(state="detached")
        expect_no_violation(page)
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert page.locator("article.answered").count() == 1


def test_the_keyboard_is_enough(page: Page) -> None:
    # From now on choosers are caught; asked for later, one can be missed.
    page.on("filechooser", lambda _: None)
    page.locator("#model h2").wait_for()
    for _ in range(3):  # past the two languages
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "choose"
    with page.expect_file_chooser() as opened:
        page.keyboard.press("Enter")
    opened.value.set_files([drawn("a.jpg")])
    expect_answers(page, 1)
    said = page.locator("#said").inner_text().removeprefix("No car found: the whole photo was asked about. ")
    assert re.fullmatch(r".+: [<> ]*\d+\.\d\xa0%|None of .+", said)


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_programs_work_as_they_are_copied(
    open_page: OpenPage, server: Server, language: str, tmp_path: Path
) -> None:
    program, *options = PROGRAMS[language]
    if shutil.which(program) is None:
        pytest.skip(f"There is no {program} here.")
    page = open_page(server.rest_port, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=language).click()
    page.get_by_role("button", name="Copy").click()
    expect_text(page, "#copy", "Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    (tmp_path / "car.jpg").write_bytes(drawn("")["buffer"])
    done = subprocess.run(
        [program, *options, copied], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert "probabilities" in done.stdout, done.stderr


def test_an_answer_is_announced_to_other_scripts(page: Page) -> None:
    page.evaluate(
        """document.addEventListener("answered", ({ detail: { article, file, prediction } }) => {
          document.title = `${file.name} ${article.tagName} ${prediction.label in prediction.names}`;
        })"""
    )
    choose(page, drawn("a.jpg"))
    expect_answers(page, 1)
    assert page.title() == "a.jpg ARTICLE true"
