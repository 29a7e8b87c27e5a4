"""Signatures as TensorFlow describes them: the metadata of a model."""

from __future__ import annotations

from collections.abc import Mapping

from kuzov.records import Signature, TensorSpec
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy


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
