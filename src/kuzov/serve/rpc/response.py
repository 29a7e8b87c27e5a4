"""Answers as messages: who answered, what models say of examples, and their signatures."""

from __future__ import annotations

from collections.abc import Mapping

from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import Answer, ClassifyAnswer, RegressAnswer
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy


def write_spec(message: messages.ModelSpec, answer: Answer) -> None:
    """Say in an answer which version computed it: its number, even where the request gave a label."""
    message.name = answer.model
    message.version.value = answer.version
    message.signature_name = answer.signature_name


def classification_result(answer: ClassifyAnswer) -> messages.ClassificationResult:
    """For each example its classes. A label that is no UTF-8 is shown as far as it is."""
    return messages.ClassificationResult(
        classifications=[
            messages.Classifications(
                classes=[
                    messages.Class(label=label.decode("utf-8", "replace"), score=score)
                    for label, score in classes
                ]
            )
            for classes in answer.results
        ]
    )


def regression_result(answer: RegressAnswer) -> messages.RegressionResult:
    """For each example its number."""
    return messages.RegressionResult(
        regressions=[messages.Regression(value=value) for value in answer.results]
    )


def inference_result(answer: ClassifyAnswer | RegressAnswer) -> messages.InferenceResult:
    """What one task of a MultiInference gave."""
    if isinstance(answer, ClassifyAnswer):
        return messages.InferenceResult(classification_result=classification_result(answer))
    return messages.InferenceResult(regression_result=regression_result(answer))


def signature_def_map(signatures: Mapping[str, Signature]) -> messages.SignatureDefMap:
    """All signatures of a version, by name."""
    return messages.SignatureDefMap(
        signature_def={name: _signature_def(signature) for name, signature in signatures.items()}
    )


def _signature_def(signature: Signature) -> messages.SignatureDef:
    return messages.SignatureDef(
        inputs={name: _tensor_info(spec) for name, spec in signature.inputs.items()},
        outputs={name: _tensor_info(spec) for name, spec in signature.outputs.items()},
        method_name=signature.method_name,
        defaults={name: from_numpy(value) for name, value in signature.defaults.items()},
    )


def _tensor_info(spec: TensorSpec) -> messages.TensorInfo:
    shape = messages.TensorShapeProto(unknown_rank=True)
    if spec.shape is not None:
        shape = messages.TensorShapeProto(
            dim=[messages.TensorShapeProto.Dim(size=size) for size in spec.shape]
        )
    return messages.TensorInfo(name=spec.name, dtype=spec.dtype, tensor_shape=shape)
