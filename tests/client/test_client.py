from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kuzov.atlas.names import display_name
from kuzov.bundle.card import Card
from kuzov.client.client import Client, upright_jpeg
from kuzov.errors import BundleError, ConfigError, PhotoError, ServerError
from kuzov.records import Car, ClassName, LookAlike, Prediction
from kuzov.words import Words
from tests.errors import raises

NAMES = (ClassName(id="bmw", en="BMW X5", ru="БМВ Х5"), ClassName(id="vaz", en="VAZ-2110", ru="ВАЗ-2110"))
CARD = Card(
    classes=NAMES,
    backbone="tiny",
    image_px=32,
    temperature=1.0,
    unknown_threshold=0.7,
    precision="f32",
    metrics={},
    data={},
    versions={},
    config={},
)
ROW = {"probabilities": [0.25, 0.75], "unknown": 0.6, "label": "vaz"}
ANSWER = {"predictions": [{**ROW, "car_box": [0.0, 0.25, 0.5, 1.0], "car_score": 0.75}]}


class FakeServer:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1/models/m"
        self.asked: list[tuple[str, bytes]] = []
        self.authorization: str | None = None
        self.location: str | None = None
        self.metadata: object = {"metadata": {"signature_def": {}, "card": CARD.to_json()}}
        self.answer: object = ANSWER
        self.status = 200
        self.delay_s = 0.0


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            fake.authorization = self.headers["Authorization"]
            time.sleep(fake.delay_s)
            answer = fake.metadata if self.path.endswith("/metadata") else fake.answer
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(fake.status)
            if fake.location is not None:
                self.send_header("Location", fake.location + self.path)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        fake = FakeServer(http.server_port)
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield fake
        http.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write(tmp_path / "photo.jpg", Image.new("RGB", (8, 4), "red"))


def write(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_another_version_with_other_columns_is_noticed(server: FakeServer, photo: Path) -> None:
    client = Client(server.url)
    assert client.predict(photo).label == "vaz"
    turned = replace(CARD, classes=NAMES[::-1])
    server.metadata = {"metadata": {"signature_def": {}, "card": turned.to_json()}}
    server.answer = {"predictions": [{"probabilities": [0.9, 0.1], "unknown": 0.1, "label": "vaz"}]}
    answer = client.predict(photo)
    assert (answer.label, answer.probabilities) == ("vaz", {"vaz": 0.9, "bmw": 0.1})


def test_a_prediction_names_every_class(server: FakeServer, photo: Path) -> None:
    assert Client(server.url).predict(photo) == Prediction(
        photo=str(photo),
        label="vaz",
        probability=0.75,
        probabilities={"bmw": 0.25, "vaz": 0.75},
        unknown=0.6,
        is_unknown=False,
        names={"bmw": NAMES[0], "vaz": NAMES[1]},
        car=Car(box=(0.0, 0.25, 0.5, 1.0), score=0.75, small=True),
    )
    path, body = server.asked[-1]
    assert path == "/v1/models/m:predict"
    assert json.loads(body) == {
        "signature_name": "image_bytes",
        "instances": [{"b64": base64.b64encode(photo.read_bytes()).decode()}],
    }


def test_what_a_stranger_looks_like_is_told(server: FakeServer, photo: Path) -> None:
    alike = {"look_alike": "renault_4", "look_alike_probability": 0.75}
    server.answer = {"predictions": [{**ROW, **alike, "unknown": 0.95}]}
    found = Client(server.url).predict(photo)
    assert found.look_alike == LookAlike(model="renault_4", probability=0.75, name=display_name("renault_4"))
    server.answer = {"predictions": [{**ROW, **alike, "unknown": 0.1}]}
    assert Client(server.url).predict(photo).look_alike is None


@pytest.mark.parametrize(
    ("row", "no_car"), [({**ROW, "car_box": [0, 0, 1, 1], "car_score": 0.0}, True), (ROW, False)]
)
def test_no_car_is_told_by_models_that_look_for_one(
    server: FakeServer, photo: Path, row: dict[str, Any], no_car: bool
) -> None:
    server.answer = {"predictions": [row]}
    found = Client(server.url).predict(photo)
    assert (found.car, found.no_car) == (None, no_car)


def test_each_car_is_told(server: FakeServer, tmp_path: Path) -> None:
    photo = write(tmp_path / "photo.jpg", Image.new("RGB", (1600, 100)))  # sent at 1024 pixels
    here, small, none = [0.0, 0.0, 0.5, 0.9], [0.5, 0.0, 0.52, 0.9], [0.0, 0.0, 0.0, 0.0]
    row = {
        "boxes": [here, small, none],
        "scores": [0.75, 0.5, 0.0],
        "probabilities": [[0.25, 0.75], [1.0, 0.0], [0.0, 0.0]],
        "unknown": [0.6, 0.8, 0.0],
    }
    server.answer = {"predictions": [row]}
    found = Client(server.url).predict_cars(photo)
    assert [(each.label, each.is_unknown) for each in found] == [("vaz", False), ("bmw", True)]
    assert [each.car for each in found] == [
        Car(box=(0.0, 0.0, 0.5, 0.9), score=0.75), Car(box=(0.5, 0.0, 0.52, 0.9), score=0.5, small=True)
    ]  # fmt: skip
    assert json.loads(server.asked[-1][1])["signature_name"] == "cars"
    [_, again] = Client(server.url).predict_cars(photo, least_car_px=30)
    assert again.car == Car(box=(0.5, 0.0, 0.52, 0.9), score=0.5)
    server.metadata = {"metadata": {"signature_def": {}}}
    assert [each.label for each in Client(server.url).predict_cars(photo)] == ["class 1", "class 0"]


def test_cars_of_a_model_of_the_first_form_are_not_asked_for(server: FakeServer, photo: Path) -> None:
    server.metadata = {"metadata": {"signature_def": {}, "card": replace(CARD, format=1).to_json()}}
    with pytest.raises(BundleError, match=r"^This model was made by an older kuzov"):
        Client(server.url).predict_cars(photo)


def test_a_server_without_a_card_tells_only_the_top_label(server: FakeServer, photo: Path) -> None:
    server.metadata = {"metadata": {"signature_def": {}}}
    found = Client(server.url).predict(photo.read_bytes())
    assert (found.photo, found.label, found.probabilities, found.names) == ("photo", "vaz", {"vaz": 0.75}, {})
    assert found.is_unknown


@pytest.mark.parametrize("ending", ["", "/", ":predict", "/versions/5", "/versions/5:predict"])
def test_every_spelling_of_the_url(server: FakeServer, photo: Path, ending: str) -> None:
    Client(server.url + ending).predict(photo)
    model = "/v1/models/m/versions/5" if "versions" in ending else "/v1/models/m"
    assert [path for path, _ in server.asked] == [f"{model}/metadata", f"{model}:predict"]


@pytest.mark.parametrize("url", ["", "localhost:8501", "http://127.0.0.1:8501", "ftp://h/v1/models/m"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Client(url)
    assert str(caught.value) == (
        f"{url!r} is not the address of a model. Give one like http://127.0.0.1:8501/v1/models/img_classifier."
    )


def test_a_url_that_is_no_text() -> None:
    with pytest.raises(TypeError, match=r"^url is the model's address, a str; it is None\.$"):
        Client(None)  # type: ignore[arg-type]


def test_a_key_goes_along(server: FakeServer, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUZOV_API_KEY", "of-the-environment")
    Client(server.url).predict(photo)
    assert server.authorization == "Bearer of-the-environment"
    Client(server.url, api_key="given").predict(photo)
    assert server.authorization == "Bearer given"
    Client(server.url, api_key="").predict(photo)
    assert server.authorization is None


@pytest.mark.parametrize("key", ["with space", "with\nline", "ключ"])
def test_a_key_that_is_none_is_refused_and_not_shown(server: FakeServer, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Client(server.url, api_key=key)
    assert str(caught.value) == (
        "An API key is ASCII characters without spaces, and this one has others. Check the variable "
        "KUZOV_API_KEY or what api_key is given."
    )


def test_a_key_follows_no_redirect(server: FakeServer, photo: Path) -> None:
    with fake_server() as other:
        server.status, server.location = 307, other.url.removesuffix("/v1/models/m")
        with pytest.raises(ServerError, match="is not a model server: status 307"):
            Client(server.url, api_key="given").predict(photo)
    assert not other.asked


def test_one_bad_photo_does_not_stop_the_others(server: FakeServer, photo: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jpg"
    found = list(Client(server.url).predict_many([photo, missing, b"no photo", str(photo)]))
    assert [type(each) for each in found] == [Prediction, PhotoError, PhotoError, Prediction]
    assert str(found[1]).startswith(f"{missing}: ")
    assert [path for path, _ in server.asked].count("/v1/models/m/metadata") == 1


def test_a_photo_that_is_ready_is_sent_as_it_is(photo: Path, tmp_path: Path) -> None:
    assert upright_jpeg(photo) == photo.read_bytes()
    upright = write(tmp_path / "exif.jpg", Image.new("RGB", (8, 4)), exif=oriented(1))
    assert upright_jpeg(upright.read_bytes()) == upright.read_bytes()


@pytest.mark.parametrize(
    ("name", "image", "options", "size"),
    [
        ("turned.jpg", Image.new("RGB", (8, 4)), {"exif": oriented(6)}, (4, 8)),
        ("large.jpg", Image.new("RGB", (2048, 512)), {}, (1024, 256)),
        ("grey.jpg", Image.new("L", (8, 4)), {}, (8, 4)),
        ("photo.png", Image.new("RGBA", (8, 4)), {}, (8, 4)),
    ],
)
def test_any_other_photo_is_encoded_anew(
    tmp_path: Path, name: str, image: Image.Image, options: dict[str, Any], size: tuple[int, int]
) -> None:
    path = write(tmp_path / name, image, **options)
    sent = upright_jpeg(path)
    with Image.open(BytesIO(sent)) as received:
        assert (received.format, received.mode, received.size) == ("JPEG", "RGB", size)
        assert not received.getexif()


@pytest.mark.parametrize(
    ("status", "part", "answer", "text"),
    [
        (
            200,
            "answer",
            {"predictions": [[0.5]]},
            "The model at {url} does not answer as a kuzov model does: '{{\"predictions\": [[0.5]]}}'. "
            "Check that the URL names a model made by `kuzov train`.",
        ),
        (
            404,
            "metadata",
            {"error": "Servable not found for request: Latest(m)"},
            "The server has no model at {url}/metadata: Servable not found for request: Latest(m). "
            "Check the model's name and version.",
        ),
        (
            401,  # as a proxy before the server says it
            "metadata",
            b"<html>Who are you?</html>",
            "The server at {url} needs an API key. Put one that it knows into the environment variable "
            "KUZOV_API_KEY, or into a file and name that with --api-key-file.",
        ),
        (
            400,
            "metadata",
            {"error": "no such signature"},
            "The server refused the request to {url}/metadata with status 400: no such signature. "
            "Check that the URL names a model made by `kuzov train`.",
        ),
        (
            200,
            "metadata",
            b"<html>Welcome!</html>",
            "What answers at {url}/metadata is not a model server: status 200, '<html>Welcome!</html>'. "
            "Check the host, the port and the path.",
        ),
    ],
)
def test_a_server_that_refuses_is_told(
    server: FakeServer, photo: Path, status: int, part: str, answer: object, text: str
) -> None:
    server.status = status
    setattr(server, part, answer)
    with pytest.raises(ServerError) as caught:
        Client(server.url).predict(photo)
    assert str(caught.value) == text.format(url=server.url)


def test_a_server_that_does_not_answer_is_told(server: FakeServer, photo: Path) -> None:
    server.delay_s = 0.5
    told = Words(
        f"No answer from {server.url}/metadata within 0.2 s. Check that the server is not overloaded, or "
        "allow more time.",
        f"{server.url}/metadata не отвечает 0.2 с. Проверьте, не перегружен ли сервер, или ждите дольше.",
    )
    with raises(ServerError, told):
        Client(server.url, timeout_s=0.2).predict(photo)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("", Words("needs an API key", "требует ключ API")),
        ("0123456789abcdef", Words("does not know this API key", "не знает этого ключа API")),
    ],
)
def test_a_server_that_wants_another_key_is_told(
    server: FakeServer, photo: Path, key: str, complaint: Words
) -> None:
    server.status = 401
    told = Words(
        f"The server at {server.url} {complaint.en}. Put one that it knows into the environment variable "
        "KUZOV_API_KEY, or into a file and name that with --api-key-file.",
        f"Сервер {server.url} {complaint.ru}. Поместите известный ему ключ в переменную окружения "
        "KUZOV_API_KEY или в файл и укажите этот файл: --api-key-file.",
    )
    with raises(ServerError, told):
        Client(server.url, api_key=key).predict(photo)


def test_a_server_that_is_not_there_is_told(photo: Path, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/v1/models/m"
    told = Words(
        f"Can't reach {url}/metadata: Connection refused. Check that the server is running (kuzov serve) "
        "and that the host and port are right.",
        f"С {url}/metadata не связаться: в соединении отказано. Проверьте, запущен ли сервер (kuzov serve) "
        "и верны ли имя и порт.",
    )
    with raises(ServerError, told):
        Client(url).predict(photo)


def test_the_client_is_light() -> None:
    code = (
        "import sys, kuzov.client.client; "
        "assert not {'numpy', 'openvino', 'tensorflow', 'uvicorn', 'grpc'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_asks_the_same_way(
    server: FakeServer, photo: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_API_KEY", "of-the-environment")
    example = Path(__file__).parents[2] / "examples" / "predict.py"
    command = [sys.executable, str(example), str(photo), "--url", server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{photo}: vaz 75.0%\n", done.stderr
    assert server.authorization == "Bearer of-the-environment"
    command[-1] = nowhere = f"http://127.0.0.1:{free_port}/v1/models/m"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"No model server answers at {nowhere}; start one with `kuzov serve`.")


@pytest.mark.parametrize("name", ["text.jpg", "none.jpg"])
def test_the_example_tells_what_is_no_photo(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    example = Path(__file__).parents[2] / "examples" / "predict.py"
    command = [sys.executable, str(example), str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{tmp_path / name} can't be read as a photo: ")
    assert "Traceback" not in done.stderr
