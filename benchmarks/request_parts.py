"""What the parts of a request cost the server, each beside another way to do it: the table of docs/adr/0011.

    python -m benchmarks.request_parts

Prints CPU time, of many repeats the best. A request holds one photo of 256 × 256: 786 kB as float32. HTTP and
gRPC are answered by a process that does nothing with the bytes, and asked from this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np
import openvino
from uvicorn.protocols.http.h11_impl import H11Protocol

from benchmarks.bare_servers import ask_grpc, ask_http, serve_aio, serve_http, serve_threads, served, shown
from benchmarks.markdown import table
from kuzov.bundle.layout import OPENVINO_MODEL, resolve
from kuzov.bundle.ready import ready_model
from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import Call
from kuzov.serve.repository.servable import Servable
from kuzov.serve.rest.http import HttpProtocol
from kuzov.serve.rest.json_request import read_predict
from kuzov.serve.rest.json_tensors import Tensor, regular_tensor
from kuzov.wire.messages import PredictRequest
from kuzov.wire.predict_request import lift_tensors
from kuzov.wire.tensors import from_numpy, to_numpy

REPEATS = 40
SMALL, LARGE = 60, 800_000
TENSOR = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3)).astype(np.float32)
# glibc keeps larger blocks by itself once one was freed, so the process has freed none.
COPY = """
import sys, time
import numpy
from kuzov.serve.memory import keep_freed_memory
if sys.argv[1:]:
    keep_freed_memory()
photo, found = numpy.ones((1, 256, 256, 3), numpy.float32), []
for _ in range(200):
    started = time.thread_time()
    numpy.frombuffer(bytearray(photo), numpy.float32).copy()
    found.append(time.thread_time() - started)
print(min(found))
"""


def best(call: Callable[[], object]) -> str:
    """CPU time of a call on this thread."""
    found = []
    for _ in range(REPEATS):
        started = time.thread_time()
        call()
        found.append(time.thread_time() - started)
    return shown(min(found))


def copy_photo(*, keep_memory: bool) -> str:
    """CPU time of two blocks of a photo's size, as its message and its tensor, in a process of its own."""
    command = [sys.executable, "-c", COPY, *(["keep"] if keep_memory else [])]
    return shown(float(subprocess.check_output(command)))


def put_rows() -> tuple[str, str]:
    """CPU time that a call of OpenVINO takes from the thread that makes it, beside the network's own."""
    model = openvino.Core().read_model(str(resolve(ready_model()) / OPENVINO_MODEL))
    model.reshape([1, *TENSOR.shape[1:]])
    request = openvino.Core().compile_model(model, "CPU", {"NUM_STREAMS": 2}).create_infer_request()
    own = request.get_input_tensor(0).data

    def copied() -> None:
        own[:] = TENSOR
        request.start_async()
        request.wait()

    found = best(copied)
    return found, best(lambda: request.infer({0: TENSOR}, share_inputs=True))


def read_wire(*, as_content: bool) -> tuple[str, str]:
    """CPU time of reading a gRPC request in place, and by protobuf."""
    request = PredictRequest(inputs={"image": from_numpy(TENSOR, as_content=as_content)})
    message = request.SerializeToString()
    return (
        best(lambda: lift_tensors(message)),
        best(lambda: to_numpy(PredictRequest.FromString(message).inputs["image"])),
    )


def read_json(values: Tensor) -> tuple[str, str]:
    """CPU time of reading a JSON request by simdjson, and by Python's json."""
    inputs = {"image": TensorSpec(dtype="DT_FLOAT", shape=(-1, 256, 256, 3), name="image:0")}
    signature = Signature(inputs=inputs, outputs={}, method_name="tensorflow/serving/predict")
    call = Call(servable=cast("Servable", None), signature_name="serving_default", signature=signature)
    body = json.dumps({"instances": values.tolist()}).encode()
    return (
        best(lambda: read_predict(body, lambda _name: call)),
        best(lambda: regular_tensor(json.loads(body)["instances"], "DT_FLOAT")),
    )


def main() -> None:
    """Print the table."""
    httptools, h11 = partial(serve_http, HttpProtocol), partial(serve_http, H11Protocol)
    photo = TENSOR.nbytes
    copied = [copy_photo(keep_memory=keep_memory) for keep_memory in (True, False)]
    rows = [
        ["HTTP, 60 bytes", served(ask_http, httptools, SMALL), served(ask_http, h11, SMALL)],
        ["HTTP, 800 kB", served(ask_http, httptools, LARGE), served(ask_http, h11, LARGE)],
        ["gRPC, 786 kB: grpc.aio, threads"]
        + [served(ask_grpc, serve_by, photo) for serve_by in (serve_aio, serve_threads)],
        ["two blocks of 786 kB: kept by the allocator, handed back", *copied],
        ["a row for OpenVINO: copied, read in place", *put_rows()],
        ["tensor_content: in place, protobuf", *read_wire(as_content=True)],
        ["float_val: likewise", *read_wire(as_content=False)],
        ["JSON, 196,608 numbers as 123.0: simdjson, Python's json", *read_json(TENSOR)],
        ["JSON, as 123: likewise", *read_json(TENSOR.astype(np.int64))],
    ]
    print(table(["what", "chosen", "instead"], rows))


if __name__ == "__main__":
    main()
