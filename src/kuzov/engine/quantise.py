"""A network in int8, made of one in float by NNCF, OpenVINO's Neural Network Compression Framework."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.errors import MissingExtraError
from kuzov.network import fold_constants


def require_nncf() -> None:
    """See that NNCF is installed, or raise a MissingExtraError."""
    if find_spec("nncf") is None:
        raise MissingExtraError("Quantising a model", "optimize")


def quantise(source: Path, images: npt.NDArray[np.uint8], *, float_layers: int = 0) -> openvino.Model:
    """Quantise the convolutions of a bundle's network: weights a channel, activations a tensor.

    What follows the last convolution stays in float: the familiarity of a photo is a small difference of
    cosines, and in int8 one in ten of the cars that should be unknown passed for known (docs/adr/0010).

    Args:
        source: The network in OpenVINO's own form, a model.xml.
        images: Framed photos, (N, image_px, image_px, 3), whose activations set the ranges.
        float_layers: So many of the first convolutions stay in float too.

    Raises:
        MissingExtraError: NNCF is not installed.
    """
    nncf = _import_nncf()
    model = openvino.Core().read_model(source)
    # NNCF would take the pieces of weights (docs/adr/0006) for activations: one scale for all channels, and
    # half of the speed lost.
    fold_constants(model)
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
            ignored_scope=nncf.IgnoredScope(names=_kept_in_float(model, float_layers)),
            advanced_parameters=parameters,
        )
    return quantised


def _import_nncf() -> Any:
    """NNCF, silenced: it would report its use to its makers, and log to stdout."""
    require_nncf()
    os.environ.setdefault("NNCF_CI", "1")
    with redirect_stdout(sys.stderr):
        nncf = import_module("nncf")
    # Its own set_log_level would change the handlers of everybody.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf


def _kept_in_float(model: openvino.Model, float_layers: int) -> list[str]:
    """Names of the first convolutions, as many as asked for, and of all that follows the last one."""
    nodes = model.get_ordered_ops()
    convolutions = [node for node in nodes if "Convolution" in node.get_type_name()]
    after = {convolutions[-1].get_friendly_name()}
    for node in nodes:
        if any(each.get_node().get_friendly_name() in after for each in node.input_values()):
            after.add(node.get_friendly_name())
    after -= {
        convolutions[-1].get_friendly_name(),
        *(each.get_friendly_name() for each in model.get_results()),
    }
    return sorted(after | {each.get_friendly_name() for each in convolutions[:float_layers]})
