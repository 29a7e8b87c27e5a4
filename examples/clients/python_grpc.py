"""Ask over gRPC which car a photo shows: python python_grpc.py PHOTO [HOST:PORT].

Needs tensorflow-serving-api, which brings TensorFlow for its messages.
"""

import sys
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def recognise(photo: bytes, target: str) -> tuple[str, float, float]:
    """The most probable class, its probability, and how sure it is that the photo shows none of them."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "img_classifier"
    request.model_spec.signature_name = "image_bytes"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([photo]))
    with grpc.insecure_channel(target) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            outputs = stub.Predict(request, timeout=30).outputs
        except grpc.RpcError as error:
            raise SystemExit(f"{target}: {error.details()}") from error
    label, probabilities, unknown = (
        tf.make_ndarray(outputs[name])[0] for name in ("label", "probabilities", "unknown")
    )
    return label.decode(), probabilities.max(), unknown


photo, target = (*sys.argv[1:], "127.0.0.1:8500")[:2]
try:
    content = Path(photo).read_bytes()
except OSError as error:
    sys.exit(f"{photo} can't be read: {error.strerror}")
label, probability, unknown = recognise(content, target)
print("none of these models, most like" if unknown > 0.5 else "this is", f"{label} {probability:.1%}")
