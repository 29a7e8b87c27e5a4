from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

from kuzov.records import Signature, TensorSpec
from kuzov.serve.rest.json_metadata import signature_json
from kuzov.wire import messages


def default_json(value: Any, dtype: str) -> Any:
    spec = TensorSpec(dtype=dtype, shape=(-1,), name="x:0")
    signature = Signature(inputs={"x": spec}, outputs={}, method_name="", defaults={"x": np.asarray(value)})
    defaults: Any = signature_json(signature)["defaults"]
    return defaults["x"]


@pytest.mark.parametrize(
    ("value", "dtype", "field"),
    [
        (np.array([0.1], np.float32), "DT_FLOAT", "float_val"),
        (np.float32("-inf"), "DT_FLOAT", "float_val"),
        (np.array([np.nan]), "DT_DOUBLE", "double_val"),
        (np.float16(1), "DT_HALF", "half_val"),
        (np.uint8(255), "DT_UINT8", "int_val"),
        (np.int64(-(2**63)), "DT_INT64", "int64_val"),
        (np.uint32(7), "DT_UINT32", "uint32_val"),
        (np.uint64(2**64 - 1), "DT_UINT64", "uint64_val"),
        (np.complex64(1 - 2j), "DT_COMPLEX64", "scomplex_val"),
        (np.array(True), "DT_BOOL", "bool_val"),
        (np.array([b"ab", b"\xff"], np.object_), "DT_STRING", "string_val"),
        (np.array([[1, 2], [3, 4]], np.float32), "DT_FLOAT", "tensor_content"),
    ],
)
def test_a_default_is_what_protobuf_prints(value: Any, dtype: str, field: str) -> None:
    printed = default_json(value, dtype)
    beyond = {name: printed.pop(name) for name in ("float8_val", "resource_handle_val", "variant_val")}
    assert beyond == {"float8_val": "", "resource_handle_val": [], "variant_val": []}
    message = json_format.ParseDict(printed, messages.TensorProto(), descriptor_pool=messages.POOL)
    again = json_format.MessageToDict(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        descriptor_pool=messages.POOL,
    )
    assert printed == again
    assert printed[field]
