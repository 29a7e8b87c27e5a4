"""Which runtime computes a model."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kuzov.engine.openvino
import kuzov.engine.tensorflow
from kuzov.bundle.card import find_card
from kuzov.engine.agreement import disagreement
from kuzov.engine.engine import Engine
from kuzov.engine.openvino import OpenVinoEngine
from kuzov.errors import BundleError, ConfigError

ENGINES = ("auto", "openvino", "tensorflow")

log = logging.getLogger(__name__)


def load_engine(
    version_dir: Path,
    *,
    engine: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    **openvino_options: Any,
) -> Engine:
    """Load a version of a model into the runtime that computes it.

    "auto" means OpenVINO for kuzov's own bundles, which were proved at export, and TensorFlow for any other
    SavedModel: OpenVINO takes many of those too, but computes some of them otherwise, without a word. Where
    OpenVINO is asked for by name, it computes `serving_default` of such a model, if TensorFlow gives the same
    answers to random inputs, or is not installed. The log says which runtime it is and why.

    `kuzov.engine.openvino.load` says what the options are; TensorFlow computes in the types of the graph.

    Raises:
        BundleError: The model is missing or broken, no installed runtime computes it, or OpenVINO, asked for
            by name, computes it otherwise than TensorFlow.
        ConfigError: No such engine or precision.
        MissingExtraError: TensorFlow is asked for, but not installed.
    """
    if engine not in ENGINES:
        raise ConfigError(f"There is no engine {engine!r}; choose from {', '.join(ENGINES)}.")
    own = find_card(version_dir) is not None
    if engine != "auto":
        reason = "it is asked for"
    elif own:
        engine, reason = "openvino", "it is a bundle of kuzov's"
    else:
        engine, reason = "tensorflow", "it is no bundle of kuzov's"
        _require_tensorflow(version_dir)
    if engine == "tensorflow":
        log.info("TensorFlow serves %s: %s.", version_dir, reason)
        return kuzov.engine.tensorflow.load(version_dir, threads)
    log.info("OpenVINO serves %s: %s.", version_dir, reason)
    loaded = kuzov.engine.openvino.load(version_dir, precision, threads=threads, **openvino_options)
    return loaded if own else _compared(loaded, version_dir, threads)


def _require_tensorflow(version_dir: Path) -> None:
    if find_spec("tensorflow") is None:
        raise BundleError(
            f"{version_dir} is no bundle of kuzov's, and TensorFlow, which computes other models, is not "
            "installed: pip install 'kuzov[fine-tune]'. OpenVINO may compute it, by --engine openvino, but "
            "nobody knows whether as TensorFlow would."
        )


def _compared(loaded: OpenVinoEngine, version_dir: Path, threads: int) -> OpenVinoEngine:
    """What answers as TensorFlow does, as far as random inputs tell, where TensorFlow is installed."""
    if find_spec("tensorflow") is None:
        text = "Nobody knows whether OpenVINO computes %s as TensorFlow would, which is not installed."
        log.warning(text, version_dir)
        return loaded
    if differs := disagreement(loaded, kuzov.engine.tensorflow.load(version_dir, threads)):
        raise BundleError(
            f"OpenVINO does not compute the model in {version_dir} as TensorFlow does: for random inputs "
            f"{differs}. Leave out --engine openvino, and TensorFlow computes it."
        )
    log.info("OpenVINO computes %s for random inputs as TensorFlow does.", version_dir)
    return loaded
