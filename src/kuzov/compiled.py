"""Networks as OpenVINO has compiled them, kept in the user's cache: docs/adr/0024.

To compile a quantised network takes OpenVINO a third of a second, to read back what it has compiled a
twelfth.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import openvino

from kuzov.atomic import hidden_in
from kuzov.cache import default_cache
from kuzov.errors import ConfigError

MOST_KEPT = 12
"""Networks of 5 to 15 MB; every training makes two, and those that were not used for longest go."""

# The one core that compiles, for as long as the process lives. A core's processor plugin gives the thread
# that loads it another stack for signals. Where the plugin goes in another thread, or after the next core's
# has come, that stack goes too, the kernel does not know, and the next signal ends the process.
CORE = openvino.Core()

log = logging.getLogger(__name__)


class UnreadableError(RuntimeError):
    """What should hold a network does not; in OpenVINO's words."""


def compile_network(
    source: openvino.Model | Path, options: Mapping[str, object], *, one_row: bool = False
) -> openvino.CompiledModel:
    """Compile a network for this machine's processor; that of a file only where it has not been before.

    Args:
        source: A network, or the .xml of one, which has its .bin beside it.
        options: OpenVINO's properties, among them INFERENCE_PRECISION_HINT.
        one_row: Whether to compile an open number of rows for one row.

    Raises:
        UnreadableError: The file can't be read.
        RuntimeError: OpenVINO can't compile it; `kuzov.network.own_words` makes a sentence of either.
    """
    if isinstance(source, openvino.Model):
        return CORE.compile_model(_of_one_row(source) if one_row else source, "CPU", dict(options))
    settings = [one_row, options["INFERENCE_PRECISION_HINT"]]
    kept = _place_of(source, settings)
    if kept is not None and (known := _read(kept)) is not None:
        try:
            return CORE.import_model(known, "CPU", dict(options))
        except RuntimeError as error:
            log.debug("%s is compiled anew: %s", source, error)
    compiled = compile_network(read_model(source), options, one_row=one_row)
    if kept is not None and kept == _place_of(source, settings):  # else it was written to meanwhile
        _keep(kept, compiled)
    return compiled


def read_model(file: Path) -> openvino.Model:
    """A network in any form that OpenVINO reads; of its own, the .xml, with the .bin beside it.

    Raises:
        UnreadableError: It can't be read; `kuzov.network.own_words` makes a sentence of it.
    """
    core = openvino.Core()
    # A mapped file would end the process with SIGBUS if somebody copied another model over it in place.
    core.set_property({"ENABLE_MMAP": False})
    try:
        return core.read_model(file)
    except RuntimeError as error:
        raise UnreadableError(str(error)) from error


def place(what: object) -> Path | None:
    """Where something is kept that holds for this processor and this OpenVINO; None where nothing can be."""
    try:
        folder = default_cache() / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ConfigError):
        return None
    return folder / hashlib.sha256(repr([what, openvino.get_version(), _processor()]).encode()).hexdigest()


def _place_of(file: Path, settings: object) -> Path | None:
    try:
        parts = [hashlib.sha256(each.read_bytes()).digest() for each in (file, file.with_suffix(".bin"))]
    except OSError:
        return None
    return place([settings, parts])


@functools.cache
def _processor() -> list[object]:
    """What of this processor a compiled network depends on."""
    told = [CORE.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    with suppress(OSError), Path("/proc/cpuinfo").open() as lines:  # which virtual machines name more exactly
        told.append(next((line for line in lines if line.startswith(("flags", "Features"))), None))
    return told


def _read(kept: Path) -> bytes | None:
    """A kept network; None where there is none, or a damaged one: OpenVINO would believe what it is given."""
    try:
        content = kept.read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # a folder that can only be read
        kept.touch()
    digest, network = content[:32], content[32:]
    return network if hashlib.sha256(network).digest() == digest else None


def _keep(kept: Path, compiled: openvino.CompiledModel) -> None:
    """Keep a network, and of all the newest; where that can't be, the next process compiles it again."""
    try:
        stream = io.BytesIO()
        compiled.export_model(stream)
        network = stream.getvalue()
        with hidden_in(kept.parent, kept.name) as part:
            part.write_bytes(hashlib.sha256(network).digest() + network)
            part.replace(kept)  # at once: what a power cut empties is found damaged
        newest_last = sorted(kept.parent.glob("[!.]*"), key=lambda file: file.stat().st_mtime)
        for file in newest_last[:-MOST_KEPT]:
            file.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        log.debug("The compiled network is not kept in %s: %s", kept.parent, error)


def _of_one_row(model: openvino.Model) -> openvino.Model:
    """The network for one row.

    OpenVINO computes fixed sizes a fifth to a third faster than open ones, and a row no slower than a row of
    a batch.
    """
    fixed = model.clone()
    fixed.reshape({each: [1, *each.get_partial_shape()[1:]] for each in fixed.inputs})
    return fixed
