"""The OpenVINO runtime."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.bundle.card import Card, find_card
from kuzov.bundle.layout import OPENVINO_INT8_MODEL, OPENVINO_MODEL, holds
from kuzov.bundle.saved_model import read_signatures
from kuzov.cars.detector import load_detector
from kuzov.compiled import UnreadableError, read_model
from kuzov.engine.engine import NUMPY_DTYPES, STRING_DTYPE
from kuzov.engine.int8 import int8_is_slower
from kuzov.engine.photo_input import CARS, PHOTO_INPUT, cars_tensors, main_car_tensors, read_photos
from kuzov.errors import BundleError, ConfigError, invalid
from kuzov.images.decode import MAX_PIXELS
from kuzov.network import CAN_NOT_RUN, Network, NetworkSettings, Tensors, own_words
from kuzov.records import DEFAULT_SIGNATURE, Signature, TensorSpec

log = logging.getLogger(__name__)

PRECISIONS = ("auto", "f32", "bf16", "int8")

PER_CAR = {"probabilities", "unknown", "look_alike", "look_alike_probability"}

_NUMBERS = NUMPY_DTYPES.keys() - {STRING_DTYPE, "DT_COMPLEX64", "DT_COMPLEX128"}


class OpenVinoEngine:
    """A bundle, or any frozen SavedModel with one signature, run by OpenVINO."""

    def __init__(
        self,
        network: Network,
        signatures: Mapping[str, Signature],
        card: Card | None = None,
        *,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.precision = network.precision
        self.name = f"OpenVINO {self.precision}"
        self.signatures = signatures
        self._network = network
        self._card = card
        self._max_pixels = max_pixels

    def network(self, signature: str) -> str:
        """The model has one; but what a signature's photos bring along, only its own requests can share."""
        return signature

    def batched(self, signature: str) -> bool:
        """Whether it is a bundle of kuzov's; nobody knows what others do with rows. See `Engine.batched`.

        Photos of several cars have more images than rows.
        """
        return self._card is not None and signature != CARS

    def prepare(self, signature: str, inputs: Tensors) -> Tensors:
        """Check the inputs of a signature, and decode its photos; see `Engine.prepare`."""
        specs = self.signatures[signature]
        if not specs.inputs:  # such as TensorFlow's own __saved_model_init_op, which the metadata lists too
            raise invalid(f"Signature {signature} takes no input; ask another.")
        for name, spec in specs.inputs.items():
            _check(name, inputs[name], spec)
        if PHOTO_INPUT in specs.inputs and self._card is not None:
            side, framing = self._card.image_px, "cars" if signature == CARS else self._card.framing
            photos = read_photos(inputs[PHOTO_INPUT], side, framing, max_pixels=self._max_pixels)
            return cars_tensors(photos, side) if signature == CARS else main_car_tensors(photos, side)
        return inputs

    def infer(self, _network: str, tensors: Tensors) -> Tensors:
        """All outputs of the network, and what its photos brought along; see `Engine.infer`."""
        if self._card is None:
            return self._network(tensors)
        return {**tensors, **self._network({"image": tensors["image"]})}

    def finish(self, signature: str, outputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """The outputs of a signature; see `Engine.finish`."""
        if self._card is not None and PHOTO_INPUT in self.signatures[signature].inputs:
            outputs = _with_look_alikes(outputs, self._card.atlas)
        if signature == CARS:
            outputs = _by_car(outputs)
        named = {name: outputs[name] for name in self.signatures[signature].outputs if name in outputs}
        if "label" in self.signatures[signature].outputs and self._card is not None:
            classes = [each.id for each in self._card.classes]
            named["label"] = _named(classes, outputs["probabilities"].argmax(axis=1))
        return named

    def recognise(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """What the network gives for N framed photos, (N, px, px, 3) in 0..255.

        Returns:
            `probabilities` (N, C), `unknown` (N,) and, where the bundle has an atlas, the probability of each
            of its models as `atlas` (N, M).
        """
        return self._network({"image": images})


def _with_look_alikes(outputs: Tensors, models: Sequence[str]) -> Tensors:
    """`atlas` as the signatures tell it: the id of the likeliest model, and how likely it is."""
    if not models:
        return outputs
    known = outputs["atlas"]
    likeliest = _named(models, known.argmax(axis=1))
    return {**outputs, "look_alike": likeliest, "look_alike_probability": known.max(axis=1)}


def _named(names: Sequence[str], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    return np.array([names[column].encode() for column in columns], np.object_)


def _by_car(outputs: Tensors) -> Tensors:
    """Answers for K cars where they stand among those of N photos, (N, 8, …); 0 where there is no car."""
    scores = outputs["scores"]
    found = {"boxes": outputs["boxes"], "scores": scores}
    for name in PER_CAR & outputs.keys():
        answers = outputs[name]
        nothing = b"" if answers.dtype == np.object_ else 0
        found[name] = np.full((*scores.shape, *answers.shape[1:]), nothing, answers.dtype)
        found[name][scores > 0] = answers
    return found


def _check(name: str, tensor: npt.NDArray[Any], spec: TensorSpec) -> None:
    if spec.dtype != STRING_DTYPE and tensor.dtype != np.dtype(NUMPY_DTYPES[spec.dtype]):
        raise invalid(f"Input {name} is of type {tensor.dtype}; it must be {spec.dtype}.")
    shape, found = [*(spec.shape or ())], [*tensor.shape]
    if len(shape) != len(found) or any(size not in {-1, has} for size, has in zip(shape, found, strict=True)):
        raise invalid(f"Input {name} has shape {found}; the model takes {shape}, -1 being any size.")


def load(
    version_dir: Path,
    precision: str = "auto",
    *,
    threads: int = 0,
    streams: int = 1,
    lone_calls: bool = True,
    max_pixels: int = MAX_PIXELS,
) -> OpenVinoEngine:
    """Load a version of a model.

    A bundle is run from OpenVINO's own form in assets.extra, which also computes `unknown`; any other
    SavedModel is read as it is, its `serving_default` alone.

    Args:
        version_dir: `<model_base_path>/<version>`.
        precision: "f32", "bf16", "int8", or "auto": int8 where a bundle has that form, unless OpenVINO
            refuses it or this processor is slower in it; then f32, and the log says why.
        threads: Processor cores to use, 0 for all; it, streams and lone_calls as in `NetworkSettings`.
        streams: Calls that are computed at the same time.
        lone_calls: Whether a call that finds no other under way gets all threads.
        max_pixels: The largest photo that is decoded, by the size that its header tells.

    Raises:
        BundleError: It is missing, incomplete, or OpenVINO can't run it.
        InstallationError: The detector of cars can't be loaded.
        ConfigError: No such precision, or the model has no int8 form.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"There is no precision {precision!r}; choose from {', '.join(PRECISIONS)}.")
    card = find_card(version_dir)
    settings = NetworkSettings(
        precision="f32" if precision == "auto" else precision,
        threads=threads,
        streams=streams,
        lone_calls=lone_calls,
        rows_apart=card is not None,
    )
    if precision == "int8" and not (card and holds(version_dir, OPENVINO_INT8_MODEL)):
        raise ConfigError(f"The model in {version_dir} has no int8 form; leave out the precision.")
    if card is None:
        signature = _servable(version_dir, read_signatures(version_dir))
        network = _compile(_read(version_dir), settings, signature.inputs, signature.outputs, version_dir)
        return OpenVinoEngine(network, {DEFAULT_SIGNATURE: signature})
    outputs = ["probabilities", "unknown", *(["atlas"] if card.atlas else [])]
    with ThreadPoolExecutor(1) as beside:
        # Before the first photo waits for it, or finds it broken; and on another core.
        detector = beside.submit(load_detector) if card.framing == "car" else None
        signatures = read_signatures(version_dir)
        fast = _in_int8(version_dir, settings, outputs) if precision == "auto" else None
        form = OPENVINO_INT8_MODEL if precision == "int8" else OPENVINO_MODEL
        network = fast or _compile(version_dir / form, settings, ["image"], outputs, version_dir)
    if detector is not None:
        detector.result()
    return OpenVinoEngine(network, signatures, card, max_pixels=max_pixels)


def _in_int8(version_dir: Path, settings: NetworkSettings, outputs: Collection[str]) -> Network | None:
    """A bundle's network in int8; None, and a line in the log, where float32 is to be computed."""
    if not holds(version_dir, OPENVINO_INT8_MODEL):
        reason = "it has no int8 form"
    elif int8_is_slower():
        reason = "this processor is slower in int8"
    else:
        try:
            file, in_int8 = version_dir / OPENVINO_INT8_MODEL, replace(settings, precision="int8")
            return _compile(file, in_int8, ["image"], outputs, version_dir)
        except BundleError as error:
            if isinstance(error.__cause__, UnreadableError):
                raise
            reason = str(error).removesuffix(".")
    log.info("%s is computed in float32: %s.", version_dir, reason)
    return None


def _servable(version_dir: Path, signatures: Mapping[str, Signature]) -> Signature:
    """The one signature of a SavedModel from elsewhere that OpenVINO can compute."""
    if DEFAULT_SIGNATURE not in signatures:
        raise _can_not_run(version_dir, f"it has no signature {DEFAULT_SIGNATURE}")
    signature = signatures[DEFAULT_SIGNATURE]
    if signature.defaults:  # of which OpenVINO would make constants
        left_out = ", ".join(sorted(signature.defaults))
        raise _can_not_run(version_dir, f"a request may leave out its input {left_out}")
    for kind, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for name, spec in specs.items():
            if spec.dtype not in _NUMBERS:
                raise _can_not_run(version_dir, f"its {kind} {name} is of type {spec.dtype}")
            if spec.shape is None:
                raise _can_not_run(version_dir, f"its {kind} {name} is of any rank")
    return signature


def _read(version_dir: Path) -> openvino.Model:
    try:
        return read_model(version_dir)
    except RuntimeError as error:
        raise _can_not_run(version_dir, own_words(error).removesuffix(".")) from error


def _compile(
    source: openvino.Model | Path,
    settings: NetworkSettings,
    inputs: Collection[str],
    outputs: Collection[str],
    version_dir: Path,
) -> Network:
    """A network that has what its signature declares, by whichever name, and no further input."""
    try:
        network = Network(source, settings)
    except RuntimeError as error:
        raise _can_not_run(version_dir, own_words(error).removesuffix(".")) from error
    for kind, wanted, found in (("input", inputs, network.inputs), ("output", outputs, network.outputs)):
        if missing := sorted({*wanted}.difference(*found)):
            text = f"its network has no {kind} {', '.join(missing)}, which its signature declares"
            raise _can_not_run(version_dir, text)
    further = [min(known, default="without a name") for known in network.inputs if known.isdisjoint(inputs)]
    if further:
        text = f"its network has an input {', '.join(sorted(further))}, which its signature does not declare"
        raise _can_not_run(version_dir, text)
    return network


def _can_not_run(version_dir: Path, reason: str) -> BundleError:
    return BundleError(CAN_NOT_RUN.fill(folder=str(version_dir), why=reason))
