"""What photos of phones cost the server: the time of an answer over REST, and the memory of many at once.

    python -m benchmarks.phone_photos PHOTOS

Prints, for 16 photos of PHOTOS enlarged to 12 megapixels and 5 MB each, the median time of an answer, and the
resident memory of `kuzov serve` with the ready model: at the start, after one photo at a time, and the
highest while all 16 are uploaded together, several times over.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.decoding import read_files
from benchmarks.markdown import table
from benchmarks.serving.process import Running, kuzov_serve
from kuzov.bundle.ready import ready_model
from kuzov.images.decode import decode

COUNT, ROUNDS = 16, 3
SIZE = (4032, 3024)
GRAIN, QUALITY = 6.0, 95  # so that a photo has about 5 MB
SMALL = ("--rest-api-num-threads=1", "--tensorflow-intra-op-parallelism=1")


def enlarge(photos: Sequence[bytes], *, progressive: bool) -> list[bytes]:
    """The photos as a phone would take them, with its grain: without, they would be far smaller files."""
    grain = np.random.default_rng(0).normal(0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    large = []
    for photo in photos:
        pixels = np.asarray(decode(photo).resize(SIZE, Image.Resampling.BICUBIC), np.float32) + grain
        file = BytesIO()
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        image.save(file, "JPEG", quality=QUALITY, progressive=progressive)
        large.append(file.getvalue())
    return large


def in_json(photo: bytes) -> bytes:
    """TensorFlow Serving's request for a photo."""
    row = {"b64": base64.b64encode(photo).decode()}
    return json.dumps({"signature_name": "image_bytes", "instances": [row]}).encode()


def asker(server: Running, content_type: str) -> Callable[[bytes], float]:
    """Asks the server on a new connection, and gives the seconds that the answer took."""

    def ask(body: bytes) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
        started = time.perf_counter()
        connection.request("POST", "/v1/models/img_classifier:predict", body, {"Content-Type": content_type})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(answer.decode())
        return time.perf_counter() - started

    return ask


def peak_mb(server: Running) -> float:
    """The highest resident memory until now, MB of 10^6 bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def measure(bodies: Sequence[bytes], content_type: str, options: Sequence[str]) -> list[str]:
    """The row of one way to send the photos."""
    with kuzov_serve(ready_model(), "auto", options) as server:
        start = server.resident_mb()
        ask = asker(server, content_type)
        ask(bodies[0])
        alone = statistics.median(ask(body) for body in bodies)
        one_by_one = server.resident_mb()
        with ThreadPoolExecutor(len(bodies)) as clients:
            for _ in range(ROUNDS):
                list(clients.map(ask, bodies))
        figures = (start, one_by_one, peak_mb(server), server.resident_mb())
        return [f"{1000 * alone:.0f} ms", *(f"{each:.0f} MB" for each in figures)]


def main() -> None:
    """Print the table."""
    photos = read_files(Path(sys.argv[1]) / "validation")[::2][:COUNT]
    plain, progressive = (enlarge(photos, progressive=each) for each in (False, True))
    bodies = {
        "JPEG": (plain, "image/jpeg"),
        "progressive JPEG": (progressive, "image/jpeg"),
        "JPEG, in JSON": ([in_json(photo) for photo in plain], "application/json"),
    }
    rows = [
        [way, " ".join(options) or "none", *measure(sent, content_type, options)]
        for options in ((), SMALL)
        for way, (sent, content_type) in bodies.items()
    ]
    size = statistics.mean(map(len, plain)) / 1e6
    print(f"{len(plain)} photos of {SIZE[0] * SIZE[1] / 1e6:.1f} megapixels and {size:.1f} MB\n")
    heads = ["sent as", "options", "an answer", "start", "one by one", "highest at 16 at once", "afterwards"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
