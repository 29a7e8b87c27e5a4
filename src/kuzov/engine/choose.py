"""Which runtime computes a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kuzov.engine.openvino
import kuzov.engine.tensorflow
from kuzov.bundle.card import has_card
from kuzov.bundle.saved_model import read_signatures
from kuzov.engine.engine import NUMPY_DTYPES, STRING_DTYPE, Engine
from kuzov.errors import BundleError, ConfigError
from kuzov.records import Signature

ENGINES = ("auto", "openvino", "tensorflow")

_DEFAULT, _INIT = "serving_default", "__saved_model_init_op"  # the latter is no way to call a model
_ADVICE = "TensorFlow may run it: pip install 'kuzov[train]'."
_NUMBERS = NUMPY_DTYPES.keys() - {STRING_DTYPE, "DT_COMPLEX64", "DT_COMPLEX128"}

log = logging.getLogger(__name__)


def load_engine(
    version_dir: Path,
    *,
    engine: str = "auto",
    precision: str = "auto",
    intra_op_parallelism: int = 0,
    inter_op_parallelism: int = 0,
    **openvino_options: Any,
) -> Engine:
    """Load a version of a model into the runtime that suits it.

    "auto" gives kuzov's own bundles to OpenVINO, whose answers were proved at export. Any other SavedModel
    goes to TensorFlow where it is installed: OpenVINO serves `serving_default` alone, refuses shapes that
    TensorFlow Serving takes, and leaves out changes of variables and assertions without a word. Where it is
    not installed, OpenVINO serves what it can.

    Args:
        version_dir: `<model_base_path>/<version>`.
        engine: One of ENGINES.
        precision: What OpenVINO computes in; see `kuzov.engine.openvino.load`. TensorFlow computes in the
            types of the graph.
        intra_op_parallelism: TensorFlow's threads within an operation; 0 for its own choice.
        inter_op_parallelism: TensorFlow's threads for operations side by side; 0 for its own choice.
        openvino_options: Further arguments of `kuzov.engine.openvino.load`.

    Raises:
        BundleError: The model is missing or broken, or no installed runtime can compute it.
        ConfigError: No such engine or precision.
        MissingExtraError: TensorFlow is asked for, but not installed.
    """
    if engine not in ENGINES:
        raise ConfigError(f"There is no engine {engine!r}; choose from {', '.join(ENGINES)}.")
    asked_for = engine != "auto"
    engine, reason = (engine, "it is asked for") if asked_for else _choose(version_dir)
    if engine == "tensorflow":
        log.info("TensorFlow serves %s: %s.", version_dir, reason)
        return kuzov.engine.tensorflow.load(
            version_dir,
            intra_op_parallelism=intra_op_parallelism,
            inter_op_parallelism=inter_op_parallelism,
        )
    log.info("OpenVINO serves %s: %s.", version_dir, reason)
    try:
        return kuzov.engine.openvino.load(version_dir, precision, **openvino_options)
    except BundleError as error:
        if asked_for or has_card(version_dir):
            raise
        raise BundleError(f"{error} {_ADVICE}") from error


def _choose(version_dir: Path) -> tuple[str, str]:
    """The engine's name and why it is the one, without loading either."""
    if has_card(version_dir):
        return "openvino", "it is a bundle of kuzov's"
    if find_spec("tensorflow") is not None:
        return "tensorflow", "it is a SavedModel from elsewhere, and TensorFlow is installed"
    signatures = read_signatures(version_dir)
    if obstacle := _obstacle(signatures):
        raise BundleError(f"OpenVINO can't run the model in {version_dir}: {obstacle}. {_ADVICE}")
    others = sorted(signatures.keys() - {_DEFAULT, _INIT})
    if others:
        text = "Of %s only %s is served, not %s. TensorFlow would serve all: pip install 'kuzov[train]'."
        log.warning(text, version_dir, _DEFAULT, ", ".join(others))
    return "openvino", "TensorFlow is not installed"


def _obstacle(signatures: Mapping[str, Signature]) -> str:
    """Why OpenVINO can't compute `serving_default`, as far as the signatures tell; empty where it can."""
    signature = signatures.get(_DEFAULT)
    if signature is None:
        return f"it has no signature {_DEFAULT}"
    if signature.defaults:  # of which OpenVINO would make constants
        return f"a request may leave out its input {', '.join(sorted(signature.defaults))}"
    for kind, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for name, spec in specs.items():
            if spec.dtype not in _NUMBERS:
                return f"its {kind} {name} is of type {spec.dtype}"
            if spec.shape is None:
                return f"its {kind} {name} is of any rank"
    return ""
