"""Which runtime computes a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kuzov.engine.openvino
import kuzov.engine.tensorflow
from kuzov.bundle.card import has_card
from kuzov.bundle.saved_model import read_graph, read_signatures
from kuzov.engine.engine import NUMPY_DTYPES, STRING_DTYPE, Engine
from kuzov.engine.openvino import OpenVinoEngine
from kuzov.engine.portable import prove
from kuzov.errors import BundleError, ConfigError
from kuzov.records import DEFAULT_SIGNATURE, Signature

ENGINES = ("auto", "openvino", "tensorflow")

_ADVICE = "TensorFlow may run it: pip install 'kuzov[train]'."
_NUMBERS = NUMPY_DTYPES.keys() - {STRING_DTYPE, "DT_COMPLEX64", "DT_COMPLEX128"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    engine: str
    reason: str
    aliases: tuple[str, ...] = ()  # signatures that OpenVINO serves beside its own


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

    "auto" means OpenVINO, the faster of the two, wherever its answers are known to be TensorFlow's: for
    kuzov's own bundles, proved at export, and for a SavedModel whose graph holds nothing but operations that
    both compute alike (see `kuzov.engine.portable.prove`), as the usual image classifiers do. All else goes
    to TensorFlow where it is installed, since OpenVINO serves `serving_default` alone, and leaves out
    changes of variables and assertions without a word; so does a model that OpenVINO fails to compile. Where
    TensorFlow is not installed, OpenVINO serves what it can. The log says which it is and why.

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
    choice = _Choice(engine=engine, reason="it is asked for") if asked_for else _choose(version_dir)
    if choice.engine == "openvino":
        log.info("OpenVINO serves %s: %s.", version_dir, choice.reason)
        try:
            loaded = kuzov.engine.openvino.load(version_dir, precision, **openvino_options)
            return _with_aliases(loaded, version_dir, choice.aliases)
        except BundleError as error:
            if asked_for or has_card(version_dir):
                raise
            if not _tensorflow_installed():
                raise BundleError(f"{error} {_ADVICE}") from error
            choice = _Choice(engine="tensorflow", reason=str(error).removesuffix("."))
    log.info("TensorFlow serves %s: %s.", version_dir, choice.reason)
    return kuzov.engine.tensorflow.load(
        version_dir,
        intra_op_parallelism=intra_op_parallelism,
        inter_op_parallelism=inter_op_parallelism,
    )


def _choose(version_dir: Path) -> _Choice:
    """The runtime and why it is the one, without loading either."""
    if has_card(version_dir):
        return _Choice(engine="openvino", reason="it is a bundle of kuzov's")
    signatures = read_signatures(version_dir)
    refusal = _refusal(signatures)
    if refusal and not _tensorflow_installed():
        raise BundleError(f"OpenVINO can't run the model in {version_dir}: {refusal}. {_ADVICE}")
    if refusal:
        return _Choice(engine="tensorflow", reason=refusal)
    proof = prove(read_graph(version_dir))
    if not proof.obstacle:
        reason = f"it computes {' and '.join(proof.signatures)} as TensorFlow does"
        return _Choice(engine="openvino", reason=reason, aliases=proof.signatures[1:])
    if _tensorflow_installed():
        return _Choice(engine="tensorflow", reason=proof.obstacle)
    text = "Of %s only %s is served, and its answers may not be TensorFlow's: %s. %s"
    log.warning(text, version_dir, DEFAULT_SIGNATURE, proof.obstacle, _ADVICE)
    return _Choice(engine="openvino", reason="TensorFlow is not installed")


def _tensorflow_installed() -> bool:
    return find_spec("tensorflow") is not None


def _with_aliases(engine: OpenVinoEngine, version_dir: Path, aliases: tuple[str, ...]) -> OpenVinoEngine:
    if aliases:
        signatures = read_signatures(version_dir)
        engine.signatures = {**engine.signatures, **{name: signatures[name] for name in aliases}}
    return engine


def _refusal(signatures: Mapping[str, Signature]) -> str:
    """Why OpenVINO can't compute `serving_default`, as far as the signatures tell; empty where it can."""
    signature = signatures.get(DEFAULT_SIGNATURE)
    if signature is None:
        return f"it has no signature {DEFAULT_SIGNATURE}"
    if signature.defaults:  # of which OpenVINO would make constants
        return f"a request may leave out its input {', '.join(sorted(signature.defaults))}"
    for kind, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for name, spec in specs.items():
            if spec.dtype not in _NUMBERS:
                return f"its {kind} {name} is of type {spec.dtype}"
            if spec.shape is None:
                return f"its {kind} {name} is of any rank"
    return ""
