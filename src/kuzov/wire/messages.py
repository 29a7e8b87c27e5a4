"""TensorFlow's and TensorFlow Serving's messages, and the methods of their two services.

They bear TensorFlow's names and numbers, but live in a descriptor pool of their own, so that TensorFlow's may
be loaded in the same process. For that reason the messages of google.protobuf inside them, as in
`ModelSpec.version`, are of this module's classes. The module's names are those of tensorflow.proto,
serving.proto and error_codes.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import DecodeError as DecodeError  # noqa: PLC0414
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any as Any  # noqa: PLC0414
    from google.protobuf.wrappers_pb2 import Int64Value as Int64Value  # noqa: PLC0414

    from kuzov.wire.error_codes_pb2 import *  # noqa: F403
    from kuzov.wire.serving_pb2 import *  # noqa: F403
    from kuzov.wire.tensorflow_pb2 import *  # noqa: F403


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of a service: its path in HTTP/2, and the messages that it takes and gives."""

    path: str
    request: type[Message]
    response: type[Message]


def _load() -> DescriptorPool:
    pool = DescriptorPool()
    compiled = Path(__file__).with_name("descriptors.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(compiled).file:
        pool.Add(file)
        found = pool.FindFileByName(file.name)
        for name, message in found.message_types_by_name.items():
            globals()[name] = GetMessageClass(message)
        for name, enum in found.enum_types_by_name.items():
            globals()[name] = EnumTypeWrapper(enum)
            globals().update((value.name, value.number) for value in enum.values)
    return pool


def _methods(service: ServiceDescriptor) -> dict[str, Method]:
    return {
        method.name: Method(
            path=f"/{service.full_name}/{method.name}",
            request=GetMessageClass(method.input_type),
            response=GetMessageClass(method.output_type),
        )
        for method in service.methods
    }


POOL = _load()
"""Describes the messages, for reflection and for the JSON and text formats of `Any`."""

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"
METHODS: Mapping[str, Mapping[str, Method]] = {
    service: _methods(POOL.FindServiceByName(service)) for service in (PREDICTION_SERVICE, MODEL_SERVICE)
}
"""Methods by name, by service."""
