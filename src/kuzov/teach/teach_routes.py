"""The calls under /teach/ of the REST port: all need the token that was printed when the server started."""

from __future__ import annotations

import asyncio
import hmac
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from kuzov.bundle.layout import version_folder, versions
from kuzov.errors import BundleError, PhotoError
from kuzov.images.decode import decode
from kuzov.records import ClassName
from kuzov.serve.api_keys import bearer
from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.request import Request, version_number
from kuzov.serve.service import Service
from kuzov.teach.photo_store import NONE, PhotoStore
from kuzov.teach.refusal import RefusedError
from kuzov.teach.trainer import Trainer
from kuzov.teach.versions import ModelVersions, judgement

PATH = "/teach/"
THUMBNAIL_PX = 160  # the longer side
_THUMBNAIL_QUALITY = 80

_Call: TypeAlias = Callable[[Mapping[str, str], bytes], Any]


class Teaching:
    """Answers what a teacher asks, one edit at a time; see `kuzov.serve.rest.extension.Extension`."""

    def __init__(
        self, service: Service, *, model: ModelConfig, photos: Path, token: str, limits: Limits
    ) -> None:
        """Begin nothing yet; every request must carry the token as `Authorization: Bearer TOKEN`."""
        self.max_body_bytes = limits.max_body_bytes
        self._service = service
        self._name = model.name
        self._store = PhotoStore(photos, max_pixels=limits.max_image_pixels)
        self._versions = ModelVersions(model.base_path)
        self._token = token.encode()
        folders = (photos, self._versions.trained, self._versions.runs)
        self._trainer = Trainer(folders, trained=self._versions.forget_superseded)
        self._editing = asyncio.Lock()
        self._calls: Mapping[str, Mapping[str, _Call]] = {
            "state": {"GET": self._state},
            "begin": {"POST": self._begin},
            "photos": {"GET": self._list, "POST": self._add, "DELETE": self._take_out},
            "thumbnail": {"GET": self._thumbnail},
            "train": {"POST": self._train},
            "publish": {"POST": self._publish},
            "back": {"POST": self._take_back},
        }

    def owns(self, path: str) -> bool:
        """Whether a path is one of teaching."""
        return path.startswith(PATH)

    def is_open(self, path: str) -> bool:  # noqa: ARG002
        """No path needs an API key: each needs the token, which lets its bearer do more."""
        return True

    async def answer(self, request: Request, body: bytes) -> Answer:
        """Answer a request, or refuse it."""
        self._check_token(request)
        methods = self._calls.get(request.path.removeprefix(PATH))
        if methods is None:
            known = ", ".join(f"{PATH}{each}" for each in self._calls)
            raise RefusedError("nothing_here", f"There is nothing at {request.path}; there are {known}.")
        call = methods.get(request.method)
        if call is None:
            allowed = ", ".join(methods)
            text = f"{request.path} takes {allowed}, not {request.method}."
            raise RefusedError("method", text, ("allow", allowed))
        query = dict(parse_qsl(request.target.partition("?")[2]))
        if request.method == "GET":
            found = await asyncio.to_thread(call, query, body)
        else:
            # An edit that is begun is finished, and alone, also where nobody waits for it any more.
            found = await asyncio.shield(self._edit(call, query, body))
        return found if isinstance(found, Answer) else _json(found)

    async def _edit(self, call: _Call, query: Mapping[str, str], body: bytes) -> Any:
        async with self._editing:
            return await asyncio.to_thread(call, query, body)

    def close(self) -> None:
        """End the process that trains."""
        self._trainer.close()

    def _check_token(self, request: Request) -> None:
        challenge = ("www-authenticate", "Bearer")
        given = bearer(request.header(b"authorization"))
        if given is None:
            text = (
                "Teaching needs the token that kuzov serve printed when it started. "
                "Send it as: Authorization: Bearer TOKEN"
            )
            raise RefusedError("token", text, challenge)
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token):
            text = "This is not the token that kuzov serve printed when it started; each start has its own."
            raise RefusedError("token", text, challenge)

    def _state(self, _query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        """Everything that a page shows."""
        training = self._trainer.training
        served = self._served()
        known = {each["id"]: each for each in served["judgement"]["classes"]} if served["judgement"] else {}
        counts = self._store.counts()
        stored = {each.id: asdict(each) for each in self._store.names()}
        classes = [
            {**(stored.get(label) or known[label]), "photos": counts.get(label, 0), "served": label in known}
            for label in sorted({*stored, *known})
        ]
        return {
            "model": self._name,
            "folder": str(self._store.folder),
            "classes": classes,
            "strangers": len(self._store.strangers()),
            "training": None if training is None else asdict(training),
            "candidates": [
                {"kind": folder.parent.name, **judgement(folder, version, self._versions.runs)}
                for version, folder in sorted(self._versions.candidates().items(), reverse=True)
            ],
            **served,
        }

    def _begin(self, _query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        """A teacher has come: the process that trains gets ready, and looks at the photos ahead."""
        if not self._trainer.awake:
            self._trainer.embed([photo.path for photo in self._store.photos()])
        return {"photos": sum(self._store.counts().values())}

    def _served(self) -> dict[str, Any]:
        """What answers now, what was before it, and what is on its way or failed."""
        known = versions(self._versions.base)
        statuses = self._service.models()[self._name]
        available = [each.version for each in statuses if each.state == "AVAILABLE"]
        found: dict[str, Any] = {"judgement": None, "former": None, "newest": None, "load_failure": None}
        if available:
            version = max(available)
            try:
                folder = version_folder(self._versions.base, version)
            except BundleError:  # it was taken back, and answers its last requests
                folder = self._versions.withdrawn / str(version)
            found["judgement"] = judgement(folder, version, self._versions.runs)
        if known:
            found["newest"] = known[-1]
            found["former"] = known[-2] if len(known) > 1 else None
            failed = [each for each in statuses if each.version == known[-1] and each.error_message]
            found["load_failure"] = failed[0].error_message if failed else None
        return found

    def _list(self, query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        label = _required(query, "class")
        photos = self._store.strangers() if label == NONE else self._store.photos()
        return {"photos": [each.path.name for each in photos if each.label == label]}

    def _thumbnail(self, query: Mapping[str, str], _body: bytes) -> Answer:
        photo = self._store.find(_required(query, "class"), _required(query, "photo"))
        headers = (("cache-control", "private, max-age=3600"), ("x-content-type-options", "nosniff"))
        try:
            image = decode(photo.path, name=photo.path.name, at_least_px=THUMBNAIL_PX)
        except PhotoError as error:
            raise RefusedError("no_such_photo", f"{error}.") from error
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        content = io.BytesIO()
        image.save(content, "JPEG", quality=_THUMBNAIL_QUALITY)
        return Answer(body=content.getvalue(), content_type="image/jpeg", headers=headers)

    def _add(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        label = _required(query, "class")
        en, ru = query.get("en", label), query.get("ru", label)
        placed = self._store.add(body, ClassName(id=label, en=en, ru=ru), may_move=not self._trainer.busy)
        if placed.outcome == "added" and label != NONE:
            self._trainer.embed([placed.photo.path])
        photo = {"class": placed.photo.label, "photo": placed.photo.path.name}
        return {**photo, "outcome": placed.outcome, "former": placed.former}

    def _take_out(self, query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        if self._trainer.busy:
            raise RefusedError("training", "A training goes on; photos can be taken out once it has ended.")
        moved = self._store.take_out(_required(query, "class"), _required(query, "photo"))
        return {"moved_to": str(moved)}

    def _train(self, _query: Mapping[str, str], _body: bytes) -> Answer:
        self._trainer.check_free()
        self._store.check_trainable()
        self._store.fill_sides()
        self._trainer.train()
        return _json({"training": True}, status=202)

    def _publish(self, query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        return {"version": self._versions.publish(_version(query))}

    def _take_back(self, query: Mapping[str, str], _body: bytes) -> dict[str, Any]:
        return {"version": self._versions.take_back(_version(query))}


def _required(query: Mapping[str, str], name: str) -> str:
    if not query.get(name):
        raise RefusedError("missing", f"The request's query lacks {name}=….")
    return query[name]


def _version(query: Mapping[str, str]) -> int:
    text = _required(query, "version")
    version = version_number(text)
    if version is None:
        raise RefusedError("missing", f"version={text} is not the number of a version.")
    return version


def _json(values: Mapping[str, Any], status: int = 200) -> Answer:
    headers = (("cache-control", "no-store"),)
    return Answer(status=status, body=json.dumps(values).encode(), headers=headers)
