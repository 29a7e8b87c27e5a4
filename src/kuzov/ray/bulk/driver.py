"""Classification on a Ray cluster: Ray Data hands blocks of names to actors, each of which has a core.

What a lost node had under way Ray Data gives to others; the driver alone keeps what they answer.
"""

from __future__ import annotations

import logging
import math
import pickle
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray.data import ActorPoolStrategy, DataContext, Dataset
from ray.data.exceptions import ExecutionTimeoutError
from ray.exceptions import RayError

from kuzov.bulk.answers import Answer
from kuzov.bundle.card import read_card
from kuzov.errors import KuzovError, ResultsError
from kuzov.ray.bulk.blocks import Blocks, write_blocks
from kuzov.ray.bulk.worker import Worker, pack

BLOCK_PHOTOS = 256  # some seconds of work
BLOCKS_A_CORE = 8  # so that all cores end at about the same time
MOST_BLOCKS = 8192  # what Ray keeps of each, it keeps in the driver's memory
WAIT_S = 1800  # for a node that has a core, or for the next block

_OWN_ERROR = re.compile(r"^kuzov\.errors\.\w+: ")
_log = logging.getLogger(__name__)


def classify_on_ray(
    photos: Iterator[str], count: int, *, version_dir: Path, precision: str
) -> Generator[Answer]:
    """Answer for photos on the cluster that Ray is connected with, in whatever order they are ready.

    Each node has to find the photos by the same words; the model, a version's folder here, is sent to them.

    Raises:
        BundleError: The model is missing, incomplete or broken.
        ResultsError: There is no room for a temporary file of names.
        KuzovError: The workers can't begin, or are lost and no others come.
    """
    read_card(version_dir)
    if not ray.cluster_resources().get("CPU"):
        _log.warning("No node of the Ray cluster has a core to give; waiting for one that has.")
    with TemporaryDirectory(prefix="kuzov-names-") as folder:
        file = Path(folder, "names.arrow")
        try:
            blocks = write_blocks(file, photos, block_photos(count, _cores()))
        except OSError as error:
            raise ResultsError(
                f"The list of photos that are left can't be kept in a temporary file: {error.strerror}. Free "
                "some space, or name another folder for it in TMPDIR."
            ) from error
        context = DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.execution_no_progress_timeout_s = WAIT_S
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        with DataContext.current(context), _told():
            answered = _answered(Blocks(file, blocks), ray.put(pack(version_dir)), precision)
            tables: Iterable[Any] = answered.iter_batches(batch_size=None, batch_format="pyarrow")
            left = set(range(blocks))
            for table in tables:
                for row in table.to_pylist():
                    left.remove(row["block"])  # raises where one comes twice
                    yield from pickle.loads(row["answers"])
        if left:
            raise _failure("some of its answers were lost")


def block_photos(count: int, cores: int) -> int:
    """Photos a block: few enough to spread over all cores, enough to be worth a task."""
    spread = math.ceil(count / (cores * BLOCKS_A_CORE))
    return max(min(spread, BLOCK_PHOTOS), math.ceil(count / MOST_BLOCKS))


def _answered(blocks: Blocks, packed: ray.ObjectRef[Any], precision: str) -> Dataset:
    names = ray.data.read_datasource(
        blocks,
        override_num_blocks=blocks.count,
        concurrency=1,
        num_cpus=0,
        label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},
    )
    answered: Dataset = names.map_batches(
        Worker,
        fn_constructor_args=(packed, precision, Path.cwd()),
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
        raise _failure(f"no node has answered for {WAIT_S // 60} minutes") from error
    except RayError as error:
        last = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise _failure(_OWN_ERROR.sub("", last.strip()).rstrip(".")) from error


def _failure(reason: str) -> KuzovError:
    return KuzovError(
        f"The Ray cluster does not go on: {reason}. What was done is kept, and the same command goes on."
    )
