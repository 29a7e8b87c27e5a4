from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from kuzov.bundle.ready import ready_model
from kuzov.cli import serve_settings
from kuzov.cli.serve_settings import teaching
from kuzov.errors import KuzovError
from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig
from tests.errors import raises

OPTIONS = {
    "teach": True,
    "teach_photos": None,
    "model_config_file": None,
    "workers": 1,
    "rest_api_port": 8501,
    "file_system_poll_wait_seconds": 1.0,
}
CARS = (ModelConfig(name="cars", base_path=Path("/models/cars")),)


def test_the_token_is_printed_anew_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for _ in range(2):
        assert len(teaching(OPTIONS, CARS, Limits())) == 1
        said.append(capsys.readouterr().err)
    form = r"The page teaches cars by the photos in /models/cars\.photos, with this token: (\S{32})\n"
    assert all(re.fullmatch(form, each) for each in said)
    assert said[0] != said[1]


def test_other_photos(capsys: pytest.CaptureFixture[str]) -> None:
    teaching({**OPTIONS, "teach_photos": Path("photos")}, CARS, Limits())
    assert "by the photos in photos, with" in capsys.readouterr().err


def test_nothing_is_added_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert teaching({**OPTIONS, "teach": False}, CARS, Limits()) == ()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"teach": False, "teach_photos": Path("photos")},
            "--teach-photos has no effect without --teach; add it.",
        ),
        (
            {"model_config_file": Path("models.config")},
            "--teach teaches one model; name it by --model-base-path rather than --model-config-file.",
        ),
        ({"workers": 2}, "--teach needs a server of one process; leave --workers away."),
        ({"rest_api_port": None}, "--teach is a part of the REST port; give it one by --rest-api-port."),
        (
            {"file_system_poll_wait_seconds": 0},
            "--teach needs a server that looks for new versions; set --file-system-poll-wait-seconds over 0.",
        ),
    ],
)
def test_options_that_do_not_go_with_it(options: dict[str, object], text: str) -> None:
    with raises(click.UsageError, text):
        teaching({**OPTIONS, **options}, CARS, Limits())


def test_the_model_that_comes_with_kuzov_is_not_taught() -> None:
    model = ModelConfig(name="img_classifier", base_path=ready_model())
    with raises(
        click.UsageError,
        "--teach can't change the model that comes with kuzov; leave --model-base-path away, and "
        "models/img_classifier begins as a copy of it.",
    ):
        teaching(OPTIONS, (model,), Limits())


def test_where_only_serving_is_installed_nobody_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_settings, "find_spec", lambda _: None)
    with raises(
        KuzovError,
        "Only what serving needs of kuzov is installed here, as in the images of kuzov deploy. To teach, "
        "serve where all of it is: pip install kuzov",
    ):
        teaching(OPTIONS, CARS, Limits())
