"""The TensorFlow runtime: it computes any SavedModel, as TensorFlow Serving does."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.bundle.saved_model import read_signatures
from kuzov.errors import BundleError, ErrorCode, MissingExtraError, RequestError, invalid
from kuzov.network import Tensors
from kuzov.records import Signature

IMAGE_RANK = 4  # rows, height, width, channels

_import_lock = threading.Lock()


class TensorFlowEngine:
    """A SavedModel with all its signatures, in a session of TensorFlow's.

    Its state, such as a counter, is shared by all its signatures and lasts as long as the engine.
    """

    def __init__(self, session: Any, signatures: Mapping[str, Signature]) -> None:
        """Serve a loaded model; `session` is closed when the engine is dropped."""
        self._tf = import_tensorflow()
        self.name = f"TensorFlow {self._tf.__version__} f32"
        self.signatures = signatures
        self._session = session
        self._computations: dict[str, Callable[..., list[Any]]] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _unload, session).atexit = False

    def network(self, signature: str) -> str:
        """Each signature is computed by itself; see `Engine.network`."""
        return signature

    def batched(self, _signature: str) -> bool:
        """No: a graph may keep count of its calls, or look at all of its rows; see `Engine.batched`."""
        return False

    def prepare(self, signature: str, inputs: Tensors) -> Tensors:
        """The inputs as they are: TensorFlow Serving leaves types and shapes to the graph too.

        Raises:
            RequestError: INVALID for an image of another rank than the declared one. A convolution would not
                refuse it but end the process.
        """
        for name, spec in self.signatures[signature].inputs.items():
            declared = len(spec.shape or ())
            if declared >= IMAGE_RANK and inputs[name].ndim != declared:
                raise invalid(f"Input {name} has {inputs[name].ndim} dimensions; the model takes {declared}.")
        return inputs

    def infer(self, network: str, tensors: Tensors) -> Tensors:
        """Compute all the outputs of a signature.

        Raises:
            RequestError: The graph refuses the inputs, with its own code and words.
        """
        signature = self.signatures[network]
        try:
            compute = self._computations.get(network) or self._make_computation(network)
            results = compute(*(tensors[name] for name in signature.inputs))
        except self._tf.errors.OpError as error:
            raise RequestError(_error_code(self._tf, error), error.message) from error
        except UnicodeDecodeError as error:
            # The message quotes the request's bytes, of which TensorFlow fails to make a Python string.
            text = error.object.decode(errors="replace")
            raise invalid(text) from error
        return {name: _array(result) for name, result in zip(signature.outputs, results, strict=True)}

    def finish(self, _signature: str, outputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """The outputs as they are; see `Engine.finish`."""
        return dict(outputs)

    def _make_computation(self, name: str) -> Callable[..., list[Any]]:
        from tensorflow.core.protobuf.config_pb2 import CallableOptions  # noqa: PLC0415

        signature = self.signatures[name]
        options = CallableOptions(
            feed=[spec.name for spec in signature.inputs.values()],
            fetch=[spec.name for spec in signature.outputs.values()],
        )
        with self._lock:
            if name not in self._computations:
                # Session.run and Session.make_callable would hold the shapes against the signature.
                self._computations[name] = self._session._make_callable_from_options(options)
            return self._computations[name]


def load(version_dir: Path, threads: int = 0) -> TensorFlowEngine:
    """Load a version of a model. Safe to call from several threads at once.

    `threads` share the work of one operation, 0 is TensorFlow's own choice. The first model that is loaded
    decides for the process.

    Raises:
        BundleError: It is missing, broken, or uses operations that TensorFlow does not know.
        MissingExtraError: TensorFlow is not installed.
    """
    signatures = read_signatures(version_dir)
    tf = import_tensorflow()
    config = tf.compat.v1.ConfigProto(
        allow_soft_placement=True,  # a model exported on a GPU runs here too
        intra_op_parallelism_threads=threads,
    )
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        tf.compat.v1.saved_model.loader.load(session, ["serve"], str(version_dir))
    except Exception as error:  # of TensorFlow's many kinds, all of which mean a bad model
        reason = _first_sentence(error)
        _unload(session)
        raise BundleError(f"TensorFlow can't load the model in {version_dir}: {reason}.") from error
    return TensorFlowEngine(session, signatures)


def import_tensorflow() -> Any:
    """TensorFlow, imported without its greetings on stderr unless TF_CPP_MIN_LOG_LEVEL asks for them.

    Raises:
        MissingExtraError: It is not installed.
    """
    with _import_lock:
        greets = "TF_CPP_MIN_LOG_LEVEL" in os.environ
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what requests do wrong is answered, not logged
        try:
            with nullcontext() if greets else silent_stderr():
                import tensorflow as tf  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError("Serving a model with TensorFlow", "fine-tune") from error
    tf.get_logger().setLevel(logging.ERROR)  # its advice to move to TensorFlow 2 is for the model's author
    return tf


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Turn the process's stderr off for a moment: TensorFlow greets on it before any setting is heeded."""
    try:
        kept = os.dup(2)
    except OSError:  # closed already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _unload(session: Any) -> None:
    """Free a model's memory now; its graph is full of reference cycles that would wait for the collector."""
    from tensorflow.python.framework.ops import dismantle_graph  # noqa: PLC0415

    session.close()
    dismantle_graph(session.graph)


def _first_sentence(error: BaseException) -> str:
    """TensorFlow's reason without its advice, and without what a session wraps it in."""
    while (cause := error.__context__) is not None and hasattr(cause, "error_code"):
        error = cause
    text = str(getattr(error, "message", error)).strip()
    return text.partition("\n")[0].partition(". ")[0].rstrip(".")


def _error_code(tf: Any, error: Any) -> ErrorCode:
    numbers = {getattr(tf.compat.v1.errors, code.value): code for code in ErrorCode}
    return numbers.get(error.error_code, ErrorCode.UNKNOWN)


def _array(result: Any) -> npt.NDArray[Any]:
    """A scalar of TensorFlow's is no array, and numpy would cut a string at its last byte that is not 0."""
    return np.array(result, np.object_) if isinstance(result, bytes) else np.asarray(result)
