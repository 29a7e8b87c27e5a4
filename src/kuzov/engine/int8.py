"""Whether this machine's processor is slower in int8."""

from __future__ import annotations

import functools
import math
import threading
import time
from contextlib import suppress

import numpy as np
import openvino
from openvino import opset13 as ops

from kuzov.compiled import place
from kuzov.network import Network, NetworkSettings

CHANNELS, SIDE, BLOCKS = 96, 24, 2
"""Of a network as small as the middle of an EfficientNet-Lite: it compiles in some hundredths of a second."""

SLOWER = 1.25
"""How many times as long int8 has to take: a model is served by what it was judged by, unless that costs."""

ENOUGH, MOST_ROUNDS = 3, 50

_MEASURING = threading.Lock()  # else threads that load models at the same moment would slow each other down


def int8_is_slower() -> bool:
    """Measure it once a processor; once a process where it is, as other work may be to blame."""
    with _MEASURING:
        return _is_slower()


@functools.cache
def _is_slower() -> bool:
    mark, fast = place("int8 is no slower than float32"), False
    with suppress(OSError):  # a cache that can't be entered
        fast = mark is not None and mark.exists()
    fast = fast or not _measure()
    if mark is not None and fast:
        with suppress(OSError):  # a cache that can only be read; in others what was not used for longest goes
            mark.touch()
    return not fast


def _measure() -> bool:
    """Some blocks of convolutions in int8 and in float32, in turns."""
    try:
        networks = {each: Network(_blocks(each), NetworkSettings(precision=each)) for each in ("f32", "int8")}
    except RuntimeError:  # OpenVINO refuses int8
        return True
    inputs = {"image": np.zeros((1, CHANNELS, SIDE, SIDE), np.float32)}
    # What else the machine does only adds to a time, so the shortest counts.
    shortest = dict.fromkeys(networks, math.inf)
    for done in range(1, MOST_ROUNDS + 1):
        for each, network in networks.items():
            started = time.perf_counter()
            network(inputs)
            shortest[each] = min(shortest[each], time.perf_counter() - started)
        if done >= ENOUGH and shortest["int8"] <= shortest["f32"]:
            return False
    return shortest["int8"] > SLOWER * shortest["f32"]


def _blocks(precision: str) -> openvino.Model:
    """Convolutions over each place and over each channel, by turns."""
    rng = np.random.default_rng(0)

    def rounded(node: openvino.Node, low: float, high: float, levels: int) -> openvino.Node:
        return node if precision == "f32" else ops.fake_quantize(node, low, high, low, high, levels)

    image = ops.parameter([1, CHANNELS, SIDE, SIDE], np.float32)
    image.output(0).get_tensor().set_names({"image"})
    flow = image
    for _ in range(BLOCKS):
        for kind, shape in (
            (ops.convolution, (CHANNELS, CHANNELS, 1, 1)),
            (ops.group_convolution, (CHANNELS, 1, 1, 3, 3)),
        ):
            kernel = rounded(ops.constant(rng.uniform(-1, 1, shape).astype(np.float32)), -2, 2, 255)
            sides = [shape[-1] // 2] * 2
            flow = ops.clamp(kind(rounded(flow, 0, 6, 256), kernel, [1, 1], sides, sides, [1, 1]), 0, 6)
    result = ops.result(flow)
    result.output(0).get_tensor().set_names({"answer"})
    return openvino.Model([result], [image], precision)
