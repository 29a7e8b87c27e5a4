"""What runs on a core of a Ray cluster: it holds the model, and answers for a block of photos at a time."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow
import ray

from kuzov.bulk.answers import Answer
from kuzov.bulk.labeller import Labeller
from kuzov.bulk.local import Content, classify_on_threads
from kuzov.bundle.layout import REPORT
from kuzov.images.decode import NO_FILE
from kuzov.ray.bulk.blocks import names_of


def pack(version_dir: Path) -> dict[Path, bytes]:
    """The files of a version of a model, for machines that do not have them."""
    files = [file for file in version_dir.rglob("*") if file.is_file()]
    named = {file.relative_to(version_dir): file for file in files}
    return {name: file.read_bytes() for name, file in named.items() if name != REPORT}


class Worker:
    """An actor of Ray Data's; it takes a table of one row, a block, and gives one."""

    def __init__(self, packed: ray.ObjectRef[Mapping[Path, bytes]], precision: str, folder: Path) -> None:
        """Load the model that `pack` packed; paths that don't say where they begin do so in the folder."""
        with TemporaryDirectory(prefix="kuzov-model-") as place:
            for name, content in ray.get(packed).items():
                file = Path(place, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._labeller = Labeller(Path(place), precision=precision, threads=1)
        self._folder = folder
        self._address = ray.util.get_node_ip_address()

    def __call__(self, table: Any) -> Any:
        """Answer for a block, while some of its photos are read, decoded and computed at the same time."""
        block, photos = names_of(table)
        answers = list(classify_on_threads(iter(photos), self._answer, cores=1))
        return pyarrow.table({"block": [block], "answers": [pickle.dumps(answers)]})

    def _answer(self, photo: str, content: Content) -> Answer:
        if not isinstance(content, str):
            return self._labeller(photo, content)
        answer = self._labeller(photo, str(self._folder / content))
        if answer.error == NO_FILE:
            text = f"no such file on the node {self._address}; each node has to find it by this path"
            return replace(answer, error=text)
        return answer
