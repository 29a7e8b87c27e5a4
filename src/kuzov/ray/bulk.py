"""Classification on a Ray cluster: Ray Data hands blocks of names to actors, each of which has a core.

What a lost node had under way Ray Data gives to others; the driver alone keeps what they answer.
"""

from __future__ import annotations

import logging
import math
import pickle
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow
import ray
from ray.data import ActorPoolStrategy, DataContext, Dataset, Datasource, ReadTask
from ray.data.block import BlockMetadata
from ray.data.exceptions import ExecutionTimeoutError
from ray.exceptions import RayError

from kuzov.bulk.answers import Rows
from kuzov.bulk.labeller import Labeller
from kuzov.bulk.local import Content, classify_on_threads
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import REPORT
from kuzov.errors import KuzovError, PhotoError, ResultsError, reason_of
from kuzov.images.reasons import NO_FILE
from kuzov.words import Plural, Words, plain

NO_ROOM = Words(
    "The list of photos that are left can't be kept in a temporary file: {why}. Free some space, or name "
    "another folder for it in TMPDIR.",
    "Список оставшихся фотографий не записать во временный файл: {why}. Освободите место или назовите для "
    "него другую папку в TMPDIR.",
)
ENDED = Words(
    "The Ray cluster does not go on: {reason}. What was done is kept, and the same command goes on.",
    "Кластер Ray не продолжает: {reason}. Сделанное сохранено, и та же команда продолжит.",
)
LOST = Words("some of its answers were lost", "часть его ответов потеряна")
SILENT = Plural(
    ("no node has answered for {count} minutes",) * 2,
    (
        "ни один узел не отвечает {count} минуту",
        "ни один узел не отвечает {count} минуты",
        "ни один узел не отвечает {count} минут",
    ),
)

BLOCK_PHOTOS = 256  # some seconds of work
BLOCKS_A_CORE = 8  # so that all cores end at about the same time
MOST_BLOCKS = 8192  # what Ray keeps of each, it keeps in the driver's memory
WAIT_S = 1800  # for a node that has a core, or for the next block

_SCHEMA = pyarrow.schema([("block", pyarrow.int64()), ("photos", pyarrow.list_(pyarrow.binary()))])
_BYTES_OF_NAMES = "surrogateescape"
_OWN_ERROR = re.compile(r"^kuzov\.errors\.\w+: ")
_log = logging.getLogger(__name__)


def classify_on_ray(
    photos: Iterator[str], count: int, *, version_dir: Path, **options: Any
) -> Generator[Rows]:
    """Answer for photos on the cluster that Ray is connected with, in whatever order they are ready.

    Each node has to find the photos by the same words; the model, a version's folder here, is sent to them.
    The options are those of `Labeller`.
    """
    read_card(version_dir)  # a broken model is told here, before the workers begin
    if not ray.cluster_resources().get("CPU"):
        _log.warning("No node of the Ray cluster has a core to give; waiting for one that has.")
    with TemporaryDirectory(prefix="kuzov-names-") as folder:
        file = Path(folder, "names.arrow")
        try:
            blocks = write_blocks(file, photos, block_photos(count, _cores()))
        except OSError as error:
            raise ResultsError(NO_ROOM.fill(why=reason_of(error))) from error
        context = DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.execution_no_progress_timeout_s = WAIT_S
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        with DataContext.current(context), _told():
            answered = _answered(Blocks(file, blocks), ray.put(pack(version_dir)), options)
            tables: Iterable[Any] = answered.iter_batches(batch_size=None, batch_format="pyarrow")
            left = set(range(blocks))
            for table in tables:
                for row in table.to_pylist():
                    left.remove(row["block"])  # raises where one comes twice
                    yield from pickle.loads(row["answers"])
        if left:
            raise _failure(LOST)


def block_photos(count: int, cores: int) -> int:
    """Photos a block: few enough to spread over all cores, enough to be worth a task."""
    spread = math.ceil(count / (cores * BLOCKS_A_CORE))
    return max(min(spread, BLOCK_PHOTOS), math.ceil(count / MOST_BLOCKS))


def _answered(blocks: Blocks, packed: ray.ObjectRef[Any], options: Mapping[str, Any]) -> Dataset:
    names = ray.data.read_datasource(
        blocks,
        override_num_blocks=blocks.count,
        concurrency=1,
        num_cpus=0,
        label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},
    )
    answered: Dataset = names.map_batches(
        Worker,
        fn_constructor_args=(packed, options, Path.cwd()),
        batch_size=None,
        batch_format="pyarrow",
        # More are added where the cluster grows. One that is lost is begun again where there is room.
        compute=ActorPoolStrategy(min_size=1, initial_size=min(_cores(), blocks.count)),
        num_cpus=1,
    )
    return answered


def _cores() -> int:
    """Cores of the cluster as it is now, at least 1."""
    return max(int(ray.cluster_resources().get("CPU", 0)), 1)


@contextmanager
def _told() -> Iterator[None]:
    """Have a failure of the cluster told in words."""
    try:
        yield
    except ExecutionTimeoutError as error:
        raise _failure(SILENT.of(WAIT_S // 60)) from error
    except RayError as error:
        last = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise _failure(plain(_OWN_ERROR.sub("", last.strip()).rstrip("."))) from error


def _failure(reason: Words) -> KuzovError:
    return KuzovError(ENDED.fill(reason=reason))


def write_blocks(file: Path, photos: Iterator[str], size: int) -> int:
    """Write names, `size` of them a block; returns how many blocks."""
    blocks = 0
    with pyarrow.OSFile(str(file), "wb") as sink, pyarrow.ipc.new_file(sink, _SCHEMA) as writer:
        while names := [photo.encode(errors=_BYTES_OF_NAMES) for photo in islice(photos, size)]:
            writer.write_batch(pyarrow.RecordBatch.from_pylist([{"block": blocks, "photos": names}], _SCHEMA))
            blocks += 1
    return blocks


def names_of(table: Any) -> tuple[int, list[str]]:
    """The number of the block that a table of one row is, and its photos."""
    (row,) = table.to_pylist()
    return row["block"], [name.decode(errors=_BYTES_OF_NAMES) for name in row["photos"]]


class Blocks(Datasource):
    """So many blocks of a file that `write_blocks` left, each read when it is needed, where the file is."""

    def __init__(self, file: Path, count: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._file = file
        self.count = count

    def estimate_inmemory_data_size(self) -> int:
        """Bytes of all that is read, about."""
        return self._file.stat().st_size

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002
        per_task_row_limit: int | None = None,  # noqa: ARG002
        data_context: object = None,  # noqa: ARG002
    ) -> list[ReadTask]:
        """A task a block."""
        told = BlockMetadata(num_rows=1, size_bytes=None, exec_stats=None)
        return [ReadTask(partial(_read, self._file, number), told) for number in range(self.count)]


def _read(file: Path, number: int) -> list[Any]:
    with pyarrow.OSFile(str(file)) as source:
        return [pyarrow.Table.from_batches([pyarrow.ipc.open_file(source).get_batch(number)])]


def pack(version_dir: Path) -> dict[Path, bytes]:
    """The files of a version of a model, for machines that do not have them."""
    files = [file for file in version_dir.rglob("*") if file.is_file()]
    named = {file.relative_to(version_dir): file for file in files}
    return {name: file.read_bytes() for name, file in named.items() if name != REPORT}


class Worker:
    """An actor of Ray Data's; it takes a table of one row, a block, and gives one."""

    def __init__(
        self, packed: ray.ObjectRef[Mapping[Path, bytes]], options: Mapping[str, Any], folder: Path
    ) -> None:
        """Load the model that `pack` packed; paths that don't say where they begin do so in the folder."""
        with TemporaryDirectory(prefix="kuzov-model-") as place:
            for name, content in ray.get(packed).items():
                file = Path(place, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._labeller = Labeller(Path(place), threads=1, **options)
        self._folder = folder
        self._address = ray.util.get_node_ip_address()

    def __call__(self, table: Any) -> Any:
        """Answer for a block, while some of its photos are read, decoded and computed at the same time."""
        block, photos = names_of(table)
        answers = list(classify_on_threads(iter(photos), self._answer, cores=1))
        return pyarrow.table({"block": [block], "answers": [pickle.dumps(answers)]})

    def _answer(self, photo: str, content: Content) -> Rows:
        if not isinstance(content, str):
            return self._labeller(photo, content)
        try:
            return self._labeller.rows(photo, str(self._folder / content))
        except PhotoError as error:
            if error.reason_words != NO_FILE:
                return self._labeller(photo, error)
            text = f"no such file on the node {self._address}; each node has to find it by this path"
            return self._labeller(photo, PhotoError(photo, text))
