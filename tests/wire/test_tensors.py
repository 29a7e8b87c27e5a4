from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kuzov.wire import messages
from kuzov.wire.messages import TensorProto, TensorShapeProto
from kuzov.wire.tensors import LAYOUTS, data_type_name, from_numpy, to_numpy
from tests.errors import raises

ARRAYS = [
    np.array([[1.5, -2.25], [np.inf, 0.1]], np.float32),
    np.array([1.5, -0.1, 1e300], np.float64),
    np.array([-128, 127], np.int8),
    np.array([-(2**15), 2**15 - 1], np.int16),
    np.array([-(2**31), 2**31 - 1], np.int32),
    np.array([[-(2**63)], [2**63 - 1]], np.int64),
    np.array([0, 255], np.uint8),
    np.array([0, 2**16 - 1], np.uint16),
    np.array([0, 2**32 - 1], np.uint32),
    np.array([0, 2**64 - 1], np.uint64),
    np.array([True, False, True]),
    np.array([1.5, -65504, 6e-8], np.float16),
    np.array([1 + 2j, -3.5j], np.complex64),
    np.array([[1 + 2j], [0.1 - 3j]], np.complex128),
    np.array([[b"a\x00b", b""], ["Жигули".encode(), b"\xff"]], np.object_),
    np.array(7.0, np.float32),
    np.zeros((0, 3), np.float32),
    np.arange(12, dtype=np.float32).reshape(3, 4).T,
]


def tensor(dtype: str, *shape: int, **values: Any) -> TensorProto:
    """A tensor that says its shape."""
    sizes = [TensorShapeProto.Dim(size=size) for size in shape]
    return TensorProto(dtype=dtype, tensor_shape=TensorShapeProto(dim=sizes), **values)


@pytest.mark.parametrize("as_content", [False, True])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda each: f"{each.dtype}{list(each.shape)}")
def test_an_array_comes_back_from_its_tensor(array: Any, as_content: bool) -> None:
    back = to_numpy(TensorProto.FromString(from_numpy(array, as_content=as_content).SerializeToString()))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array, strict=True)


def test_values_are_written_where_clients_read_them() -> None:
    assert list(from_numpy(np.array([1, 2], np.float32)).float_val) == [1, 2]
    assert list(from_numpy(np.array([b"car"], np.object_)).string_val) == [b"car"]
    assert list(from_numpy(np.array([True])).bool_val) == [True]
    written = from_numpy(np.array([1, 2], np.float32), as_content=True)
    assert (list(written.float_val), written.tensor_content) == ([], b"\x00\x00\x80?\x00\x00\x00@")


@pytest.mark.parametrize(
    ("proto", "expected"),
    [
        (tensor("DT_FLOAT", 2, 2, float_val=[1, 2]), [[1, 2], [2, 2]]),
        (tensor("DT_FLOAT", 3), [0, 0, 0]),
        (tensor("DT_FLOAT", 2, float_val=[1, 2, 3]), [1, 2]),
        (tensor("DT_FLOAT", 0, float_val=[1]), []),
        (tensor("DT_FLOAT", 0, tensor_content=b"ignored"), []),
        (tensor("DT_FLOAT", 1, tensor_content=b"\x00\x00\x80?", float_val=[2]), [1]),
        (tensor("DT_FLOAT", 2, double_val=[5, 5]), [0, 0]),
        (TensorProto(dtype="DT_FLOAT", float_val=[7, 8]), 7),
        (tensor("DT_INT8", 2, int_val=[300, -129]), [44, 127]),
        (tensor("DT_BOOL", 2, tensor_content=b"\x00\x01"), [False, True]),
        (tensor("DT_HALF", 2, half_val=[0x3E00]), [1.5, 1.5]),
        (tensor("DT_BFLOAT16", 2, half_val=[0x3FC0, 0xC000]), [1.5, -2]),
        (tensor("DT_BFLOAT16", 1, tensor_content=b"\xc0\x3f"), [1.5]),
        (tensor("DT_COMPLEX64", 2, scomplex_val=[1, 2, 3]), [1 + 2j, 1 + 2j]),
        (tensor("DT_STRING", 3, string_val=[b"a", b"b"]), [b"a", b"b", b"b"]),
        (tensor("DT_STRING", 2), [b"", b""]),
        (tensor("DT_STRING", 2, tensor_content=b"\x01\x02abc"), [b"a", b"bc"]),
        (tensor("DT_STRING", 0), []),
    ],
    ids=lambda each: str(each).replace("\n", " ") if isinstance(each, TensorProto) else "",
)
def test_tensors_are_read_as_tensorflow_reads_them(proto: TensorProto, expected: Any) -> None:
    array = to_numpy(proto)
    assert array.tolist() == expected

    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed; it reads the tensors")
    theirs = tf.io.parse_tensor(proto.SerializeToString(), messages.DataType.Name(proto.dtype)[3:].lower())
    if theirs.dtype == tf.bfloat16:
        theirs = tf.cast(theirs, tf.float32)
    assert theirs.numpy().tolist() == expected


TOO_FEW = "the tensor has 1 values, but its shape has 1000000000 elements"


@pytest.mark.parametrize(
    ("proto", "reason"),
    [
        (
            tensor("DT_FLOAT", 2, tensor_content=b"\x00\x00\x80?"),
            "tensor_content has 4 bytes, but the shape needs 8",
        ),
        (
            tensor("DT_STRING", 1, tensor_content=b"\x02a"),
            "tensor_content has 2 bytes, but its strings need 3",
        ),
        (tensor("DT_STRING", 2, tensor_content=b"\x02"), "a number is cut off or too long"),
        (
            tensor("DT_BOOL", 2, tensor_content=b"\x00\x02"),
            "tensor_content has bytes that are neither false nor true",
        ),
        (tensor("DT_FLOAT", -1), "the shape [-1] has a negative size"),
        (tensor("DT_FLOAT", 2**16, 2**16), "the shape [65536, 65536] has more than 2147483648 elements"),
        (tensor("DT_FLOAT", 1_000_000_000, float_val=[1]), TOO_FEW),
        (tensor("DT_STRING", 1_000_000_000), TOO_FEW),
        (
            TensorProto(dtype="DT_FLOAT", tensor_shape=TensorShapeProto(unknown_rank=True)),
            "the tensor has a shape of unknown rank",
        ),
        (tensor("DT_QINT8", 1), "tensors of type DT_QINT8 are not supported"),
        (tensor("DT_RESOURCE"), "tensors of type DT_RESOURCE are not supported"),
        (TensorProto(), "tensors of type DT_INVALID are not supported"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_broken_tensor_is_told(proto: TensorProto, reason: str) -> None:
    with raises(ValueError, reason):
        to_numpy(proto)


def test_content_is_not_copied() -> None:
    array = to_numpy(tensor("DT_FLOAT", 2, tensor_content=b"\x00\x00\x80?\x00\x00\x00@"))
    assert not array.flags.writeable
    assert not array.flags.owndata


def test_an_array_of_another_type_is_refused() -> None:
    with raises(ValueError, "TensorFlow has no type for arrays of datetime64[D]"):
        from_numpy(np.array(["2026-01-01"], "datetime64[D]"))


def test_bfloat16_of_other_packages_is_written() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    for as_content in (False, True):
        proto = from_numpy(np.array([1.5, -2], ml_dtypes.bfloat16), as_content=as_content)
        assert data_type_name(proto.dtype) == "DT_BFLOAT16"
        assert to_numpy(proto).tolist() == [1.5, -2]


def test_every_type_has_a_field() -> None:
    for dtype, layout in LAYOUTS.items():
        assert layout.field in TensorProto.DESCRIPTOR.fields_by_name
        assert data_type_name(dtype).startswith("DT_")
    assert data_type_name(101) == "DT_FLOAT_REF"
    assert data_type_name(1000) == "DT_INVALID"
