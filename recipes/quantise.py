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
import openvino
from openvino._offline_transformations import apply_moc_transformations
from PIL import Image

from kuzov.cars.cut_out import read_cut_out
from kuzov.images.decode import decode
from kuzov.images.framing import Pixels, resize_box
from recipes.backbone.photos import load_stanford_cars

STANFORD_PHOTOS, OTHER_PHOTOS = 200, 100


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
    """Quantise the convolutions of a network: weights a channel, activations a tensor.

    What follows the last convolutions stays in float: the familiarity of a photo is a small difference of
    cosines (docs/adr/0023).

    Args:
        network: The float form, with the input `image`.
        images: What sets the ranges, (N, image_px, image_px, 3).
    """
    nncf = _import_nncf()
    model = network.clone()
    # The pieces of weights (docs/adr/0006) become whole, the scales of batch normalisation a part of them.
    # Else NNCF takes the pieces for activations, and does not correct what rounding does to channels' means.
    apply_moc_transformations(model, cf=True)
    parameters = nncf.AdvancedQuantizationParameters(
        # Processors without VNNI add two products in 16 bits; weights of 7 bits can't overflow them.
        overflow_fix=nncf.quantization.advanced_parameters.OverflowFix.ENABLE
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
    return quantised


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
