"""The int8 form of a network, made by NNCF, OpenVINO's Neural Network Compression Framework."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13 as ops
from openvino._offline_transformations import apply_moc_transformations
from PIL import Image

from kuzov.cars.cut_out import read_cut_out
from kuzov.compiled import compile_network
from kuzov.images.decode import decode
from kuzov.images.framing import Pixels, resize_box
from recipes.backbone.photos import load_stanford_cars

STANFORD_PHOTOS, OTHER_PHOTOS = 200, 100
MOST_OF_A_PAIR = 128  # 255 · 128 < 2^15


def cut_out_cars(data: Path, image_px: int) -> Pixels:
    """What sets the ranges of a backbone, uint8 (N, image_px, image_px, 3).

    Of Stanford Cars those that the network was trained on, of the others the photos of more-cars: both have
    made the atlas already, and judge nothing else.

    Args:
        data: A folder with stanford-cars/ and wild/more-cars/.
        image_px: Side of the network's input.
    """
    cars = load_stanford_cars(data / "stanford-cars")
    rows = np.random.default_rng(0).permutation(cars.rows(training=True))[:STANFORD_PHOTOS]
    photos = [Image.fromarray(cars.pixels[row]) for row in rows]  # cut out already
    squares = [resize_box(photo, (0, 0, *photo.size), image_px) for photo in photos]
    squares += [read_cut_out(file, image_px).pixels for file in _more_cars(data)]
    return np.stack(squares)


def whole_photos(data: Path, image_px: int) -> Pixels:
    """What sets the ranges of the detector, uint8 (N, image_px, image_px, 3): photos of wild/more-cars."""
    photos = [decode(file) for file in _more_cars(data)]
    return np.stack([resize_box(photo, (0, 0, *photo.size), image_px) for photo in photos])


def _more_cars(data: Path) -> list[Path]:
    files = sorted((data / "wild" / "more-cars").glob("*/*.jpg"))
    return [files[number] for number in np.linspace(0, len(files) - 1, OTHER_PHOTOS).astype(int)]


def quantise(network: openvino.Model, images: Pixels) -> openvino.Model:
    """Quantise the convolutions of a network: weights a filter, activations a tensor.

    What follows the last convolutions stays in float: the familiarity of a photo is a small difference of
    cosines (docs/adr/0023).

    Args:
        network: The float form, with the input `image`.
        images: What sets the ranges, (N, image_px, image_px, 3).
    """
    nncf = _import_nncf()
    model = network.clone()
    # The scales of batch normalisation become a part of the kernels.
    apply_moc_transformations(model, cf=True)
    _make_whole(model)
    parameters = nncf.AdvancedQuantizationParameters(
        # It would leave 7 bits of every weight; see `_fit_pairs`.
        overflow_fix=nncf.quantization.advanced_parameters.OverflowFix.DISABLE
    )
    # Its progress bars go to stdout, which is for results.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        quantised: openvino.Model = nncf.quantize(
            model,
            nncf.Dataset(range(len(images)), lambda row: {"image": images[row : row + 1].astype(np.float32)}),
            subset_size=len(images),
            fast_bias_correction=False,
            ignored_scope=nncf.IgnoredScope(names=_kept_in_float(model)),
            advanced_parameters=parameters,
        )
    _fit_pairs(quantised)
    return quantised


def _make_whole(model: openvino.Model) -> None:
    """Have each kernel stand there as one constant in float32, in whatever pieces or bits it was stored.

    Else NNCF takes pieces for activations, and does not correct what rounding does to channels' means; and
    what is stored in 8 bits it takes for quantised already.
    """
    inputs = [node.input(1) for node in model.get_ops() if "Convolution" in node.get_type_name()]
    kernels = openvino.Model([each.get_source_output() for each in inputs], [])
    values = compile_network(kernels, {"INFERENCE_PRECISION_HINT": "f32"})({})
    for index, each in enumerate(inputs):
        each.replace_source_output(ops.constant(values[index]).output(0))


def _fit_pairs(quantised: openvino.Model) -> None:
    """Make weights smaller where two of them may overflow.

    Processors without VNNI add the products of two neighbouring channels, each of a byte and a weight, in 16
    bits (VPMADDUBSW). A filter is safe where no two weights of one sign come to more than `MOST_OF_A_PAIR`.
    """
    for node in quantised.get_ops():
        if node.get_type_name() != "Convolution":  # one over each channel alone has no neighbours
            continue
        scaled = node.input_value(1).get_node()
        stored = scaled.input_value(0).get_node().input_value(0).get_node()
        if scaled.get_type_name() != "Multiply" or stored.get_element_type() != openvino.Type.i8:
            raise ValueError(
                f"The kernel of {node.get_friendly_name()} is not whole numbers and their scale."
            )
        kernel, scale = stored.get_data(), scaled.input_value(1).get_node().get_data()
        pairs = largest_pairs(kernel).reshape(-1, 1, 1, 1)
        factor = np.maximum(1, pairs / (MOST_OF_A_PAIR - 1)).astype(np.float32)  # rounding may add one
        stored.output(0).replace(ops.constant(np.rint(kernel / factor).astype(np.int8)).output(0))
        scaled.input(1).replace_source_output(ops.constant(scale * factor).output(0))


def largest_pairs(kernel: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """The most that two neighbours of one sign come to, by filter of a kernel (F, C, height, width): (F,)."""
    filters, channels = kernel.shape[:2]
    even = np.pad(kernel.astype(np.int64), [(0, 0), (0, channels % 2), (0, 0), (0, 0)])
    pairs = even.reshape(filters, -1, 2, *kernel.shape[2:])
    sums = [np.maximum(sign * pairs, 0).sum(axis=2).reshape(filters, -1).max(axis=1) for sign in (1, -1)]
    found: npt.NDArray[np.int64] = np.maximum(*sums)
    return found


def _import_nncf() -> Any:
    """NNCF, silenced: it would report its use to its makers, and log to stdout."""
    os.environ.setdefault("NNCF_CI", "1")
    with redirect_stdout(sys.stderr):
        nncf = import_module("nncf")
    # Its own set_log_level would change the handlers of everybody.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf


def _kept_in_float(model: openvino.Model) -> list[str]:
    """Names of all operations that no convolution follows, but for convolutions."""
    kept: list[str] = []
    before: set[str] = set()  # what a convolution follows
    for node in reversed(model.get_ordered_ops()):
        name, kind = node.get_friendly_name(), node.get_type_name()
        if "Convolution" in kind or name in before:
            before |= {each.get_node().get_friendly_name() for each in node.input_values()}
        elif kind not in {"Constant", "Result"}:
            kept.append(name)
    return sorted(kept)
