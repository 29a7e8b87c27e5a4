"""Convert the detector of cars that kuzov ships, from TensorFlow Lite to a frozen graph and OpenVINO's form.

    python scripts/convert_detector.py ../shared/data src/kuzov/cars

The source, wild/detector/oidv4.tflite in the data, is an SSD-MobileNetV2 of Open Images v4 with 24 classes
(Apache-2.0), from the npm package @mediapipe/objectron 0.4.1675468480: the file
objectron_solution_packed_assets.data from byte 184 on. Of its classes the car alone is kept. In the graph
kernels become whole numbers of eight bits, with a scale for each channel, which halves the file, and all is
computed in float32. OpenVINO's form is in int8, quantised by photos of wild/more-cars.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as tflite

from kuzov.cars.detector import GRAPH, INPUT_PX, NETWORK
from recipes.quantise import quantise, whole_photos

SOURCE = "wild/detector/oidv4.tflite"
SHA256 = "d0a5255b"
CAR, CLASSES = 23, 24
BOX_SCALES = (10.0, 10.0, 5.0, 5.0)
TRAINED_PX = 300
FIRST_LEVEL = 4
# Of its six maps the last two see boxes larger than a photo of this size.
MAPS = 4
SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
BOXES, LOGITS = "raw_outputs/box_encodings", "raw_outputs/class_predictions"

Array = npt.NDArray[Any]


def centres(image_px: int) -> list[npt.NDArray[np.float64]]:
    """The middle of what each cell of the six maps sees along a side, in pixels of the input.

    Each level is half as large, by 3 x 3 kernels and TensorFlow's "same" padding, which shifts where the side
    is odd; the first map is the fourth level.
    """
    sides = [image_px]
    while len(sides) < FIRST_LEVEL + len(SCALES) - 1:
        sides.append(math.ceil(sides[-1] / 2))
    found = []
    for level in range(FIRST_LEVEL, len(sides)):
        seen = np.arange(sides[level], dtype=np.float64)
        for above in range(level, 0, -1):
            padding = max((sides[above] - 1) * 2 + 3 - sides[above - 1], 0)
            seen = 2 * seen - padding // 2 + 1
        found.append(seen + 0.5)
    return found


def anchors() -> npt.NDArray[np.float32]:
    """The boxes that the network's answers are relative to: (A, 4), middle y and x, height, width; fractions.

    The network was trained at 300 pixels, with middles spread evenly over the photo. At another size they
    have to lie where its kernels look, as far from there as they did on the average in training; evenly
    spread ones miss the car by a twentieth of the photo.
    """
    found = []
    for number, (trained, seen) in enumerate(zip(centres(TRAINED_PX), centres(INPUT_PX), strict=True)):
        if number == MAPS:
            break
        even = (np.arange(len(trained)) + 0.5) * TRAINED_PX / len(trained)
        middles = (seen - (trained - even).mean()) / INPUT_PX
        scale, following = SCALES[number : number + 2]
        kinds = [(1.0, 0.1), (2.0, scale), (0.5, scale)]
        if number:
            kinds = [(ratio, scale) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)]
            kinds.append((1.0, (scale * following) ** 0.5))
        sizes = [(size / ratio**0.5, size * ratio**0.5) for ratio, size in kinds]
        larger = TRAINED_PX / INPUT_PX
        found += [(y, x, h * larger, w * larger) for y in middles for x in middles for h, w in sizes]
    return np.array(found, np.float32)


def eight_bits(kernel: Array, axis: int) -> tf.Tensor:
    """A kernel as constants of eight bits and their scale along an axis, multiplied in the graph."""
    others = tuple(each for each in range(kernel.ndim) if each != axis % kernel.ndim)
    scale = np.abs(kernel).max(axis=others, keepdims=True) / 127
    levels = np.rint(kernel / np.maximum(scale, 1e-12)).astype(np.int8)
    return tf.cast(tf.constant(levels), tf.float32) * tf.constant(scale.astype(np.float32))


class Converter:
    """Builds the operations of a TensorFlow Lite model one after another in the graph under way."""

    def __init__(self, content: bytes) -> None:
        model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content, 0))
        self._graph = model.subgraphs[0]
        kinds = {value: name for name, value in vars(tflite.BuiltinOperator).items() if name.isupper()}
        self._kinds = [
            kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes
        ]
        self._buffers = model.buffers
        self._weights: dict[int, Array] = {}
        self._tensors: dict[int, tf.Tensor] = {}

    def run(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Every output by its name, of images (N, px, px, 3) in -1..1."""
        self._tensors = {self._graph.inputs[0]: image}
        for operator in self._graph.operators:
            kind, (output,) = self._kinds[operator.opcodeIndex], operator.outputs
            if kind == "DEQUANTIZE":
                self._weights[output] = self._constant(operator.inputs[0])
                continue
            made = getattr(self, f"_{kind.lower()}")(operator.inputs, operator.builtinOptions)
            self._tensors[output] = self._activated(made, operator.builtinOptions)
        return {self._graph.tensors[row].name.decode(): self._tensors[row] for row in self._graph.outputs}

    def _constant(self, row: int) -> Array:
        tensor = self._graph.tensors[row]
        data = bytes(self._buffers[tensor.buffer].data)
        return np.frombuffer(data, np.float16).reshape(tensor.shape).astype(np.float32)

    def _only_car(self, row: int, weight: Array) -> Array:
        """Of what predicts the classes, the part that predicts the car."""
        if "ClassPredictor" not in self._graph.tensors[row].name.decode():
            return weight
        return weight.reshape(-1, CLASSES, *weight.shape[1:])[:, CAR]

    def _conv_2d(self, inputs: Sequence[int], options: Any) -> tf.Tensor:
        kernel, bias = (self._only_car(row, self._weights[row]) for row in inputs[1:])
        kernel = kernel.transpose(1, 2, 3, 0)
        strides, padding = (options.strideH, options.strideW), _padding(options)
        return tf.nn.conv2d(self._tensors[inputs[0]], eight_bits(kernel, -1), strides, padding) + bias

    def _depthwise_conv_2d(self, inputs: Sequence[int], options: Any) -> tf.Tensor:
        kernel, bias = self._weights[inputs[1]].transpose(1, 2, 3, 0), self._weights[inputs[2]]
        strides = (1, options.strideH, options.strideW, 1)
        convolved = tf.nn.depthwise_conv2d(
            self._tensors[inputs[0]], eight_bits(kernel, -2), strides, _padding(options)
        )
        return convolved + bias

    def _add(self, inputs: Sequence[int], _options: Any) -> tf.Tensor:
        return self._tensors[inputs[0]] + self._tensors[inputs[1]]

    def _reshape(self, inputs: Sequence[int], _options: Any) -> tf.Tensor:
        """Boxes (N, anchors, 4), or the one logit of each, (N, anchors)."""
        made = self._tensors[inputs[0]]
        shown = self._graph.tensors[inputs[0]].name.decode()
        return tf.reshape(made, (tf.shape(made)[0], -1) if "Class" in shown else (tf.shape(made)[0], -1, 4))

    def _concatenation(self, inputs: Sequence[int], options: Any) -> tf.Tensor:
        return tf.concat([self._tensors[row] for row in inputs[:MAPS]], options.axis)

    @staticmethod
    def _activated(made: tf.Tensor, options: Any) -> tf.Tensor:
        relu6 = getattr(options, "fusedActivationFunction", 0) == tflite.ActivationFunctionType.RELU6
        return tf.nn.relu6(made) if relu6 else made


def _padding(options: Any) -> str:
    return "SAME" if options.padding == tflite.Padding.SAME else "VALID"


def convert(content: bytes) -> tf.compat.v1.GraphDef:
    """The graph from `image`, RGB float32 (N, px, px, 3) in 0..255, to `boxes` and `scores`.

    Boxes are (N, A, 4): left, top, right, bottom as fractions of the sides; scores (N, A) in 0..1.
    """
    converter, around = Converter(content), anchors()

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((None, INPUT_PX, INPUT_PX, 3), tf.float32, "image")]
    )
    def find(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = converter.run(image / 127.5 - 1)
        y, x, height, width = tf.unstack(outputs[BOXES] / BOX_SCALES, axis=2)
        y, x = y * around[:, 2] + around[:, 0], x * around[:, 3] + around[:, 1]
        half_height, half_width = tf.exp(height) * around[:, 2] / 2, tf.exp(width) * around[:, 3] / 2
        corners = [x - half_width, y - half_height, x + half_width, y + half_height]
        boxes = tf.clip_by_value(tf.stack(corners, axis=2), 0.0, 1.0)
        return tf.identity(boxes, "boxes"), tf.sigmoid(outputs[LOGITS], "scores")

    whole = find.get_concrete_function().graph.as_graph_def()
    return tf.compat.v1.graph_util.extract_sub_graph(whole, ["boxes", "scores"])


def openvino_model(graph: Path) -> openvino.Model:
    """The same network as OpenVINO reads it, with its input and outputs named."""
    model = openvino.Core().read_model(graph)
    model.input(0).get_tensor().set_names({"image"})
    for output in model.outputs:
        name = "boxes" if len(output.get_partial_shape()) == 3 else "scores"
        output.get_tensor().set_names({name})
    return model


def main() -> None:
    """Convert the file among the data to files in the folder, both named on the command line."""
    data, folder = Path(sys.argv[1]), Path(sys.argv[2])
    source = data / SOURCE
    content = source.read_bytes()
    if not hashlib.sha256(content).hexdigest().startswith(SHA256):
        sys.exit(f"{source} is not the file that this script knows; its SHA-256 begins {SHA256}.")
    graph, network = folder / GRAPH.name, folder / NETWORK.name
    graph.write_bytes(convert(content).SerializeToString(deterministic=True))
    quantised = quantise(openvino_model(graph), whole_photos(data, INPUT_PX))
    openvino.save_model(quantised, network, compress_to_fp16=False)
    for file in (graph, network, network.with_suffix(".bin")):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
