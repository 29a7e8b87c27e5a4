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
from kuzov.images.framing import Pixels, resize_box
from recipes.backbone.photos import load_stanford_cars

STANFORD_PHOTOS, OTHER_PHOTOS = 200, 100


def calibration_photos(data: Path, image_px: int) -> Pixels:
    """Cut-out cars whose activations set the ranges, uint8 (N, image_px, image_px, 3).

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
    files = sorted((data / "wild" / "more-cars").glob("*/*.jpg"))
    chosen = np.linspace(0, len(files) - 1, OTHER_PHOTOS).astype(int)
    squares += [read_cut_out(files[number], image_px).pixels for number in chosen]
    return np.stack(squares)


def quantise(features: openvino.Model, images: Pixels) -> openvino.Model:
    """Quantise the convolutions of a network: weights a channel, activations a tensor.

    What follows the last convolution stays in float: the familiarity of a photo is a small difference of
    cosines (docs/adr/0023).

    Args:
        features: The float form, from `image` to `features`.
        images: What sets the ranges, (N, image_px, image_px, 3).
    """
    nncf = _import_nncf()
    model = features.clone()
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
    """Names of all that follows the last convolution."""
    nodes = model.get_ordered_ops()
    last = [node for node in nodes if "Convolution" in node.get_type_name()][-1].get_friendly_name()
    after = {last}
    for node in nodes:
        if any(each.get_node().get_friendly_name() in after for each in node.input_values()):
            after.add(node.get_friendly_name())
    return sorted(after - {last, *(each.get_friendly_name() for each in model.get_results())})
