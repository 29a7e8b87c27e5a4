from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kuzov.wire import messages
from kuzov.wire.format import packed_field
from kuzov.wire.messages import PredictRequest, TensorProto
from kuzov.wire.predict_request import WORTH_CUTTING_BYTES, lift_tensors
from kuzov.wire.tensors import LAYOUTS, from_numpy, to_numpy

IMAGE = np.random.default_rng(1).random((1, 16, 16, 3), np.float32)
LIFTED = [np.dtype(each) for each in ("f4", "f8", "i4", "i8", "u1", "u4", "u8", "?", "f2", "c8", "c16")]


def request(**tensors: TensorProto) -> PredictRequest:
    return PredictRequest(
        model_spec=messages.ModelSpec(name="m", version=messages.Int64Value(value=3)),
        inputs=tensors,
        output_filter=["y"],
    )


@pytest.mark.parametrize("as_content", [False, True])
def test_a_large_tensor_is_a_view_of_the_request(as_content: bool) -> None:
    message = request(image=from_numpy(IMAGE, as_content=as_content)).SerializeToString()
    parsed, lifted = lift_tensors(message)
    (array,) = lifted.values()
    np.testing.assert_array_equal(array, IMAGE, strict=True)
    assert not array.flags.writeable
    assert np.shares_memory(array, np.frombuffer(message, np.uint8))
    assert (parsed.model_spec.name, parsed.model_spec.version.value) == ("m", 3)
    assert list(parsed.output_filter) == ["y"]
    assert parsed.inputs["image"].dtype == messages.DT_FLOAT
    assert len(parsed.inputs["image"].float_val) == 0


@pytest.mark.parametrize("as_content", [False, True])
@pytest.mark.parametrize("dtype", LIFTED, ids=str)
def test_every_type_is_lifted(dtype: np.dtype[Any], as_content: bool) -> None:
    large = np.tile(IMAGE, 4)
    array = large > 0.5 if dtype.kind == "b" else (large * 300 - 100).astype(dtype)
    message = request(x=from_numpy(array, as_content=as_content)).SerializeToString()
    assert len(message) >= WORTH_CUTTING_BYTES
    _, lifted = lift_tensors(message)
    np.testing.assert_array_equal(lifted["x"], array, strict=True)


def test_small_tensors_and_texts_are_left_in_the_request() -> None:
    small, texts = from_numpy(np.array([1, 2], np.float32)), from_numpy(np.array([b"x" * 4096], np.object_))
    parsed, lifted = lift_tensors(
        request(small=small, texts=texts, image=from_numpy(IMAGE)).SerializeToString()
    )
    assert set(lifted) == {"image"}
    assert parsed.inputs["small"] == small
    assert parsed.inputs["texts"] == texts


def with_values(**values: Any) -> TensorProto:
    proto = from_numpy(IMAGE, as_content=True)
    proto.MergeFrom(TensorProto(**values))
    return proto


UNUSUAL = {
    "two fields": with_values(float_val=[1.0]),
    "content of another length": with_values(tensor_content=IMAGE.tobytes()[:-4]),
    "fewer values than the shape": TensorProto(
        dtype="DT_FLOAT", tensor_shape=from_numpy(IMAGE).tensor_shape, float_val=IMAGE.ravel()[:-1].tolist()
    ),
    "the field of another type": with_values(dtype="DT_DOUBLE", tensor_content=b"", float_val=[1.0] * 768),
    "no such type": with_values(dtype="DT_RESOURCE"),
}


@pytest.mark.parametrize("proto", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_tensor_is_left_in_the_request(proto: TensorProto) -> None:
    whole = request(x=proto)
    assert lift_tensors(whole.SerializeToString()) == (whole, {})


def entry(name: str, *tensors: bytes) -> bytes:
    """An input on the wire, its tensor in as many parts."""
    return packed_field(
        2, packed_field(1, name.encode()) + b"".join(packed_field(2, tensor) for tensor in tensors)
    )


TENSOR = from_numpy(IMAGE).SerializeToString()
HEAD = TensorProto(dtype="DT_FLOAT", tensor_shape=from_numpy(IMAGE).tensor_shape).SerializeToString()
PAYLOAD = IMAGE.tobytes()
ENTRY = entry("x", TENSOR)
REWRITTEN = {
    "an input twice": ENTRY + ENTRY,
    "an input twice, small the second time": ENTRY + entry("x", HEAD),
    "content and values": entry("x", HEAD + packed_field(4, bytes(len(PAYLOAD))) + packed_field(5, PAYLOAD)),
    "a tensor in two parts": entry("x", HEAD, packed_field(5, PAYLOAD)),
    "a field in two parts": entry("x", HEAD + packed_field(5, PAYLOAD[:64]) + packed_field(5, PAYLOAD[64:])),
    "values one by one": entry(
        "x", HEAD + b"".join(b"\x2d" + PAYLOAD[at : at + 4] for at in range(0, len(PAYLOAD), 4))
    ),
    "values before the shape": entry("x", packed_field(5, PAYLOAD) + HEAD),
    "an unknown field, many times": packed_field(100, b"x") * 300 + ENTRY,
    "an unknown field in the tensor": entry("x", TENSOR + packed_field(100, b"x")),
    "an unknown field in the request": packed_field(100, b"x") + ENTRY,
    "a name after its tensor": packed_field(2, packed_field(2, TENSOR) + packed_field(1, b"x")),
    "no name": packed_field(2, packed_field(2, TENSOR)),
    "no tensor": packed_field(2, packed_field(1, b"x" * 3000)),
    "a length with a byte too many": bytes([ENTRY[0], ENTRY[1], ENTRY[2] | 0x80, 0]) + ENTRY[3:],
}


def values(parsed: PredictRequest, lifted: dict[str, Any]) -> dict[str, Any]:
    """All that a request says, whichever way it was read."""
    tensors: dict[str, Any] = {}
    for name, proto in parsed.inputs.items():
        try:
            array = lifted[name] if name in lifted else to_numpy(proto)
        except ValueError as error:
            tensors[name] = str(error)
        else:
            if array.dtype.kind in "fc":  # protobuf makes one kind of NaN another
                array = np.where(np.isnan(array), array.dtype.type("nan"), array)
            content = array.tolist() if array.dtype == object else array.tobytes()
            tensors[name] = (array.dtype.str, array.shape, content)
    rest = PredictRequest()
    rest.CopyFrom(parsed)
    rest.inputs.clear()
    return {"tensors": tensors, "rest": rest.SerializeToString(deterministic=True)}


def assert_read_alike(message: bytes) -> None:
    def read(parse: Callable[[bytes], tuple[PredictRequest, dict[str, Any]]]) -> dict[str, Any] | str:
        try:
            return values(*parse(message))
        except DecodeError as error:
            return str(error)

    assert read(lift_tensors) == read(lambda message: (PredictRequest.FromString(message), {}))


@pytest.mark.parametrize("message", REWRITTEN.values(), ids=REWRITTEN)
def test_whatever_way_a_request_is_written_it_reads_alike(message: bytes) -> None:
    assert_read_alike(message)


numbers = {
    "float_val": st.floats(width=32),
    "scomplex_val": st.floats(width=32),
    "double_val": st.floats(),
    "dcomplex_val": st.floats(),
    "int_val": st.integers(-(2**31), 2**31 - 1),
    "half_val": st.integers(-(2**31), 2**31 - 1),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "uint32_val": st.integers(0, 2**32 - 1),
    "uint64_val": st.integers(0, 2**64 - 1),
    "bool_val": st.booleans(),
}
NUMBERS_IN_A_TENSOR = 24  # tiled, so that the tensor is worth cutting


@st.composite
def tensors(draw: st.DrawFn) -> TensorProto:
    """Tensors that mostly make sense: large values in a field, mostly the type's own."""
    dtype = draw(st.sampled_from(sorted(LAYOUTS)))
    field = draw(st.sampled_from([LAYOUTS[dtype].field] * 4 + ["tensor_content", *numbers]))
    repeats = draw(st.sampled_from([1, 128]))
    proto = TensorProto(dtype=messages.DataType.Name(dtype))
    if field == "tensor_content":
        size = LAYOUTS[dtype].stored.itemsize
        proto.tensor_content = draw(st.binary(min_size=size * 4, max_size=size * 8)) * repeats
        count = len(proto.tensor_content) // size
    else:
        found = draw(st.lists(numbers[field], min_size=1, max_size=NUMBERS_IN_A_TENSOR)) * repeats
        getattr(proto, field).extend(found)
        count = len(found) // (2 if LAYOUTS[dtype].stored.kind == "c" else 1)
    for size in draw(st.sampled_from([(count,), (1, count), (count // 2, 2), (count + 1,), (0,), ()])):
        proto.tensor_shape.dim.add(size=size, name=draw(st.sampled_from(["", "batch"])))
    if draw(st.integers(0, 9)) == 0:
        proto.version_number = 1
        proto.string_val.append(b"stray")
    return proto


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=3), tensors(), max_size=3), st.binary(max_size=3), st.data())
def test_any_request_reads_alike(inputs: dict[str, TensorProto], junk: bytes, data: st.DataObject) -> None:
    message = request().SerializeToString() + PredictRequest(inputs=inputs).SerializeToString()
    assert_read_alike(message)
    cut = data.draw(st.integers(0, len(message)))
    assert_read_alike(message[:cut] + junk + message[cut:])
    assert_read_alike(message[:cut])
    assert_read_alike(message + message)
    changed = bytearray(message)
    changed[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    assert_read_alike(bytes(changed))


@example(b"")
@settings(max_examples=50, deadline=None)
@given(st.binary())
def test_what_is_no_request_is_refused_as_protobuf_refuses_it(junk: bytes) -> None:
    assert_read_alike(junk + b"\x00" * WORTH_CUTTING_BYTES)
    assert_read_alike(junk)
