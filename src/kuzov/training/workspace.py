"""Where a fine-tuning keeps its epochs: a folder of the cache, for one process at a time."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kuzov.cache import UNWRITABLE
from kuzov.config import TrainConfig
from kuzov.data.dataset import Photo
from kuzov.errors import KuzovError, reason_of
from kuzov.locks import lock
from kuzov.model.backbones import Backbone
from kuzov.words import Words

UNDER_WAY = Words(
    "The same photos are being fine-tuned with the same settings already, in {folder}. Wait for that run to "
    "end, or name another cache in the variable KUZOV_CACHE.",
    "Те же фотографии с теми же настройками уже дообучаются, в {folder}. Дождитесь конца того обучения или "
    "назовите другой кэш в переменной KUZOV_CACHE.",
)

_LOCK = "lock"


@contextmanager
def own_workspace(
    cache: Path, photos: Sequence[Photo], backbone: Backbone, config: TrainConfig
) -> Iterator[Path]:
    """A folder that only a run with the same photos to learn from and the same settings gets again.

    Where the context ends in an exception, or by a kill, it stays for the next such run; else it is removed.

    Raises:
        KuzovError: Such a run has it now, or it can't be written.
    """
    key = [config.to_json(), backbone.fingerprint(), [(photo.digest, photo.label) for photo in photos]]
    folder = cache / "fine-tune" / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = held.enter_context((folder / _LOCK).open("ab"))
            lock(file.fileno(), folder / _LOCK)
        except BlockingIOError as error:
            raise KuzovError(UNDER_WAY.fill(folder=str(folder))) from error
        except OSError as error:
            raise KuzovError(UNWRITABLE.fill(folder=str(folder), why=reason_of(error))) from error
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
