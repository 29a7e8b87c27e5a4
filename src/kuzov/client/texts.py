"""What a client says of a server that does not answer as it should."""

from __future__ import annotations

from kuzov.words import Words

EXAMPLE = "http://127.0.0.1:8501/v1/models/img_classifier"
NO_MODEL_URL = Words(
    "{url} is not the address of a model. Give one like {example}.",
    "{url} — не адрес модели. Укажите такой, как {example}.",
)
NO_KEY = Words(
    "An API key is ASCII characters without spaces, and this one has others. Check the variable {variable} "
    "or what api_key is given.",
    "Ключ API состоит из символов ASCII без пробелов, а в этом есть и другие. Проверьте переменную "
    "{variable} или значение api_key.",
)
KEY_REFUSED = Words(
    "The server at {url} {complaint}. Put one that it knows into the environment variable {variable}, or "
    "into a file and name that with --api-key-file.",
    "Сервер {url} {complaint}. Поместите известный ему ключ в переменную окружения {variable} или в файл и "
    "укажите этот файл: --api-key-file.",
)
NEEDS_KEY = Words("needs an API key", "требует ключ API")
UNKNOWN_KEY = Words("does not know this API key", "не знает этого ключа API")
NO_ANSWER = Words(
    "No answer from {url} within {seconds} s. Check that the server is not overloaded, or allow more time.",
    "{url} не отвечает {seconds} с. Проверьте, не перегружен ли сервер, или ждите дольше.",
)
UNREACHABLE = Words(
    "Can't reach {url}: {why}. Check that the server is running (kuzov serve) and that the host and port are "
    "right.",
    "С {url} не связаться: {why}. Проверьте, запущен ли сервер (kuzov serve) и верны ли имя и порт.",
)
NO_SERVER = Words(
    "What answers at {url} is not a model server: status {status}, {answer}. Check the host, the port and "
    "the path.",
    "По адресу {url} отвечает не сервер моделей: код {status}, {answer}. Проверьте имя, порт и путь.",
)
NO_MODEL = Words(
    "The server has no model at {url}: {answer}. Check the model's name and version.",
    "На сервере нет модели {url}: {answer}. Проверьте имя модели и версию.",
)
REFUSED = Words(
    "The server refused the request to {url} with status {status}: {answer}. Check that the URL names a "
    "model made by `kuzov train`.",
    "Сервер отклонил запрос к {url} с кодом {status}: {answer}. Проверьте, что по этому адресу модель, "
    "обученная командой `kuzov train`.",
)
OTHER_MODEL = Words(
    "The model at {url} does not answer as a kuzov model does: {answer}. Check that the URL names a model "
    "made by `kuzov train`.",
    "Модель {url} отвечает не так, как модели kuzov: {answer}. Проверьте, что по этому адресу модель, "
    "обученная командой `kuzov train`.",
)
