"""Ask over REST which car a photo shows: python python_requests.py PHOTO [URL]. Needs requests."""

import base64
import sys
from pathlib import Path

import requests


def recognise(photo: bytes, url: str) -> tuple[str, float, float]:
    """The most probable class, its probability, and how sure it is that the photo shows none of them."""
    row = {"b64": base64.b64encode(photo).decode()}
    body = {"signature_name": "image_bytes", "instances": [row]}
    try:
        response = requests.post(f"{url}:predict", json=body, timeout=30)
        answer = response.json()
    except requests.RequestException as error:
        raise SystemExit(f"No model server answers at {url}: {error}") from error
    if not response.ok:
        raise SystemExit(f"The server refused the photo: {answer['error']}")
    best = answer["predictions"][0]
    return best["label"], max(best["probabilities"]), best["unknown"]


photo, url = (*sys.argv[1:], "http://127.0.0.1:8501/v1/models/img_classifier")[:2]
try:
    content = Path(photo).read_bytes()
except OSError as error:
    sys.exit(f"{photo} can't be read: {error.strerror}")
label, probability, unknown = recognise(content, url)
print("none of these models, most like" if unknown > 0.5 else "this is", f"{label} {probability:.1%}")
