"""The OpenVINO runtime."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.bundle.card import Card, has_card, read_card
from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.bundle.saved_model import read_signatures
from kuzov.engine.engine import NUMPY_DTYPES, STRING_DTYPE, Tensors
from kuzov.errors import BundleError, ConfigError, ErrorCode, PhotoError, RequestError
from kuzov.images.decode import decode
from kuzov.images.framing import frame
from kuzov.records import Signature

PRECISIONS = ("auto", "f32", "bf16")
PHOTO_INPUT = "image_bytes"


class Network:
    """A compiled network with named inputs and outputs. Safe to call from several threads at once."""

    def __init__(self, model: openvino.Model, *, precision: str) -> None:
        """Compile for this machine's processor; `precision` is "f32" or "bf16"."""
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        self._compiled = openvino.Core().compile_model(model, "CPU", settings)
        self.precision = str(self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())
        self.output_names = [output.get_any_name() for output in self._compiled.outputs]
        # An infer request holds one call's tensors, so each thread has its own.
        self._local = threading.local()

    def __call__(self, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Compute all outputs, by name; they are copies, the next call leaves them alone.

        Raises:
            RequestError: INVALID where a shape does not fit the model.
        """
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        try:
            results = self._local.request.infer(dict(inputs), share_inputs=True)
        except RuntimeError as error:
            text = f"The model refuses these inputs: {_own_words(error)}"
            raise RequestError(ErrorCode.INVALID, text) from error
        return {name: results[index] for index, name in enumerate(self.output_names)}


def _own_words(error: RuntimeError) -> str:
    """OpenVINO's own sentence, without the lines that name its source files."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return " ".join(told or lines)


class OpenVinoEngine:
    """A bundle, or any frozen SavedModel with one signature, run by OpenVINO."""

    def __init__(
        self, network: Network, signatures: Mapping[str, Signature], card: Card | None = None
    ) -> None:
        self.name = f"OpenVINO {network.precision}"
        self.signatures = signatures
        self._network = network
        self._card = card

    def run(self, signature: str, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Compute all the outputs of a signature; see `Engine.run`."""
        specs = self.signatures[signature]
        if not specs.inputs:  # such as TensorFlow's own __saved_model_init_op, which the metadata lists too
            raise RequestError(ErrorCode.INVALID, f"Signature {signature} takes no input; ask another.")
        for name, spec in specs.inputs.items():
            _check(name, inputs[name], spec.dtype, spec.shape)
        if PHOTO_INPUT in specs.inputs and self._card is not None:
            outputs = self.recognise(_decode(inputs[PHOTO_INPUT], self._card.image_px))
            ids = np.array([each.id.encode() for each in self._card.classes], np.object_)
            outputs["label"] = ids[outputs["probabilities"].argmax(axis=1)]
            return outputs
        outputs = self._network(inputs)
        return {name: outputs[name] for name in specs.outputs}

    def recognise(self, images: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
        """What the bundle says of framed photos.

        Args:
            images: RGB, (N, image_px, image_px, 3) in 0..255.

        Returns:
            `probabilities` (N, C) and `unknown` (N,), float32.
        """
        outputs = self._network({"image": images})
        return {"probabilities": outputs["probabilities"], "unknown": outputs["unknown"]}


def _decode(photos: npt.NDArray[Any], image_px: int) -> npt.NDArray[np.float32]:
    images = np.empty((len(photos), image_px, image_px, 3), np.float32)
    for row, photo in enumerate(photos):
        try:
            images[row] = frame(decode(photo, name=f"image_bytes[{row}]"), image_px)
        except PhotoError as error:
            raise RequestError(ErrorCode.INVALID, str(error)) from error
    return images


def _check(name: str, tensor: npt.NDArray[Any], dtype: str, shape: tuple[int, ...] | None) -> None:
    if dtype != STRING_DTYPE and tensor.dtype != np.dtype(NUMPY_DTYPES[dtype]):
        raise RequestError(ErrorCode.INVALID, f"Input {name} is of type {tensor.dtype}; it must be {dtype}.")
    if shape is None:
        return
    fits = len(shape) == tensor.ndim and all(
        size in (-1, found) for size, found in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        raise RequestError(
            ErrorCode.INVALID,
            f"Input {name} has shape {list(tensor.shape)}; the model takes {list(shape)}, -1 being any size.",
        )


def load(version_dir: Path, precision: str = "auto") -> OpenVinoEngine:
    """Load a version of a model.

    A bundle is run from OpenVINO's own form in assets.extra, which also computes `unknown`; any other
    SavedModel is read as it is, its `serving_default` alone.

    Args:
        version_dir: `<model_base_path>/<version>`.
        precision: "f32", "bf16", or "auto": what the bundle's card says was proved at export, bf16 only on a
            processor that has it; f32 for a model without a card.

    Raises:
        BundleError: It is missing, incomplete, or OpenVINO can't run it.
        ConfigError: No such precision.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"There is no precision {precision!r}; choose from {', '.join(PRECISIONS)}.")
    card = read_card(version_dir) if has_card(version_dir) else None
    signatures = read_signatures(version_dir)
    if precision == "auto":
        precision = card.precision if card is not None and bfloat16_available() else "f32"
    source = version_dir / OPENVINO_MODEL if card is not None else version_dir
    try:
        network = Network(openvino.Core().read_model(source), precision=precision)
    except RuntimeError as error:
        raise BundleError(f"OpenVINO can't run the model in {version_dir}: {_own_words(error)}") from error
    if card is None:
        signatures = {name: each for name, each in signatures.items() if name == "serving_default"}
    return OpenVinoEngine(network, signatures, card)


def bfloat16_available() -> bool:
    """Whether this processor computes in bfloat16."""
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities
