from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from kuzov.serve.limits import Limits
from kuzov.serve.rest.docs_page import docs_page
from kuzov.serve.rest.openapi import openapi


def page(*models: str, needs_key: bool = False) -> str:
    paths = openapi(models, Limits(), needs_key=needs_key, metrics_path="/metrics")["paths"]
    return docs_page(models, paths, Limits(), needs_key=needs_key)


def test_every_route_is_told_in_both_languages() -> None:
    html = page("m")
    for path in openapi(["m"], Limits(), needs_key=False, metrics_path="/metrics")["paths"]:
        assert html.count(f"<code>{path}</code>") >= 2
    assert "Signatures and their tensors" in html
    assert "Сигнатуры и их тензоры" in html
    assert "at most 67 MB, 16384 rows and 30 seconds" in html


def test_the_commands_ask_the_first_model() -> None:
    assert "--data-binary @car.jpg http://127.0.0.1:8501/v1/models/cars:predict" in page("cars", "m")


@pytest.mark.parametrize("name", ["<script>", 'a"b', "a/b"])
def test_a_name_can_not_break_the_page(name: str) -> None:
    html = page(name)
    assert f"/v1/models/{quote(name, safe='')}:predict" in html
    assert name not in html


def test_the_key_is_told_only_where_it_is_needed() -> None:
    assert "Bearer KEY" in page("m", needs_key=True)
    assert "Bearer KEY" not in page("m")


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = page("m")
    assert not re.search(r"<[^>]+\b(src|href)\s*=|@import|url\(", html)
