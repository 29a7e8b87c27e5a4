"""The page at /docs: the routes, in English and in Russian, with commands to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from kuzov.serve.limits import Limits

ADDRESS = "http://127.0.0.1:8501"

_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #8882; padding: .75rem; border-radius: .5rem; overflow-x: auto; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; vertical-align: top; }
input { margin-left: 0; } label { margin-right: 1rem; }
#ru:checked ~ .en, #en:checked ~ .ru { display: none; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    theirs: str
    ours: str
    commands: str
    predict: str
    photo: str
    form: str
    models: str
    limits: str
    key: str
    routes: tuple[tuple[str, str], ...]


_ENGLISH = _Words(
    theirs="TensorFlow Serving's API",
    ours="kuzov's own",
    commands="Commands",
    predict="A photo in JSON, as any client of TensorFlow Serving sends it",
    photo="A photo as it is",
    form="Several photos in a form",
    models="All models and their state",
    limits="A request takes at most {megabytes} MB, {rows} rows and {seconds:g} seconds.",
    key="Every request but /healthz and /readyz needs a key: Authorization: Bearer KEY, or X-API-Key: KEY.",
    routes=(
        (":predict", "Outputs of a signature; image/… and multipart/form-data bodies are kuzov's own"),
        (":classify", "Classes of each example"),
        (":regress", "A number for each example"),
        ("/metadata", "Signatures and their tensors"),
        ("/v1/models/", "State of the versions"),
        ("/healthz", "Whether the server is alive"),
        ("/readyz", "Whether every model can be asked"),
        ("/status", "State of all models, and what computes them"),
        ("/openapi.json", "This API in OpenAPI 3.1"),
        ("/docs", "This page"),
        ("", "Metrics for Prometheus"),
    ),
)
_RUSSIAN = _Words(
    theirs="API TensorFlow Serving",
    ours="Своё у kuzov",
    commands="Команды",
    predict="Фотография в JSON, как её шлёт любой клиент TensorFlow Serving",
    photo="Фотография как есть",
    form="Несколько фотографий формой",
    models="Все модели и их состояние",
    limits="В одном запросе не больше {megabytes} МБ, {rows} строк и {seconds:g} секунд.",
    key="Всем запросам, кроме /healthz и /readyz, нужен ключ: Authorization: Bearer KEY или X-API-Key: KEY.",
    routes=(
        (":predict", "Выходы сигнатуры; тела image/… и multipart/form-data — своё у kuzov"),
        (":classify", "Классы каждого примера"),
        (":regress", "Число для каждого примера"),
        ("/metadata", "Сигнатуры и их тензоры"),
        ("/v1/models/", "Состояние версий"),
        ("/healthz", "Жив ли сервер"),
        ("/readyz", "Отвечает ли каждая модель"),
        ("/status", "Состояние всех моделей и чем они вычисляются"),
        ("/openapi.json", "Это API в OpenAPI 3.1"),
        ("/docs", "Эта страница"),
        ("", "Метрики для Prometheus"),
    ),
)


def docs_page(models: Sequence[str], paths: Mapping[str, Any], limits: Limits, *, needs_key: bool) -> str:
    """The page in HTML; it needs nothing from anywhere else.

    Args:
        models: Names of the server's models; the commands ask the first.
        paths: The routes, as OpenAPI has them under "paths".
        limits: The server's limits.
        needs_key: Whether the API asks for a key.
    """
    routes = [
        (method.upper(), path, operation["tags"][0] == "kuzov")
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    model = quote(models[0] if models else "MODEL", safe="")
    header = " -H 'Authorization: Bearer KEY'" if needs_key else ""
    sections = "".join(
        f'<main class="{language}" lang="{language}">{_section(words, routes, model, header, limits)}</main>'
        for language, words in (("en", _ENGLISH), ("ru", _RUSSIAN))
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>kuzov</title><style>{_STYLE}</style></head><body><h1>kuzov</h1>"
        '<input type="radio" name="language" id="en" checked><label for="en">English</label>'
        f'<input type="radio" name="language" id="ru"><label for="ru">Русский</label>{sections}</body></html>'
    )


def _section(
    words: _Words, routes: Sequence[tuple[str, str, bool]], model: str, header: str, limits: Limits
) -> str:
    bounds = words.limits.format(
        megabytes=limits.max_body_bytes // 1_000_000,
        rows=limits.max_rows,
        seconds=limits.request_timeout_s,
    )
    key = f"<p>{escape(words.key)}</p>" if header else ""
    return (
        f"<p>{escape(bounds)}</p>{key}<h2>{escape(words.theirs)}</h2>{_table(words, routes, ours=False)}"
        f"<h2>{escape(words.ours)}</h2>{_table(words, routes, ours=True)}"
        f"<h2>{escape(words.commands)}</h2>{_commands(words, model, header)}"
    )


def _table(words: _Words, routes: Sequence[tuple[str, str, bool]], *, ours: bool) -> str:
    rows = "".join(
        f"<tr><td>{method}<td><code>{escape(path)}</code><td>{escape(_meaning(words, path))}"
        for method, path, is_ours in routes
        if is_ours == ours
    )
    return f"<table>{rows}</table>"


def _meaning(words: _Words, path: str) -> str:
    return next(text for part, text in words.routes if part in path)


def _commands(words: _Words, model: str, header: str) -> str:
    url = f"{ADDRESS}/v1/models/{model}:predict"
    json_body = '{"signature_name": "image_bytes", "instances": [{"b64": "%s"}]}'
    commands = (
        (
            words.predict,
            f"printf '{json_body}' \"$(base64 < car.jpg | tr -d '\\n')\" | curl{header} -d @- {url}",
        ),
        (words.photo, f"curl{header} -H 'Content-Type: image/jpeg' --data-binary @car.jpg {url}"),
        (words.form, f"curl{header} -F photo=@first.jpg -F photo=@second.jpg {url}"),
        (words.models, f"curl{header} {ADDRESS}/status"),
    )
    return "".join(
        f"<p>{escape(title)}</p><pre><code>{escape(command)}</code></pre>" for title, command in commands
    )
