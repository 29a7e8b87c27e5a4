"""Tell which cars photos show, asking kuzov serve or TensorFlow Serving over REST.

python examples/predict.py photo.jpg [more.jpg ...] [--url http://127.0.0.1:8501/v1/models/img_classifier]
A server's API key stands in the environment variable KUZOV_API_KEY.
"""

import argparse
import base64
import io
import os
import sys

import requests
from PIL import Image, ImageOps

parser = argparse.ArgumentParser(description="Tell which cars photos show.")
parser.add_argument("photos", nargs="+", metavar="PHOTO")
parser.add_argument(
    "--url", default="http://127.0.0.1:8501/v1/models/img_classifier", help="the model's address"
)
options = parser.parse_args()
key = os.environ.get("KUZOV_API_KEY")
headers = {"Authorization": f"Bearer {key}"} if key else {}

for photo in options.photos:
    try:
        image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")  # the model itself ignores EXIF
    except (OSError, Image.DecompressionBombError) as error:
        sys.exit(f"{photo} can't be read as a photo: {error}")
    image.thumbnail((1024, 1024))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=95)
    row = {"b64": base64.b64encode(jpeg.getvalue()).decode()}
    body = {"signature_name": "image_bytes", "instances": [row]}
    try:
        answer = requests.post(f"{options.url}:predict", json=body, headers=headers, timeout=30).json()
    except requests.RequestException as error:
        sys.exit(f"No model server answers at {options.url}; start one with `kuzov serve`. ({error})")
    if "error" in answer:
        sys.exit(f"The server refused {photo}: {answer['error']}")
    best = answer["predictions"][0]
    print(f"{photo}: {best['label']} {max(best['probabilities']):.1%}")
