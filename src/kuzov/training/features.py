"""Photos to features, embedded once and remembered."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import features as pillow

from kuzov.cars import cut_out
from kuzov.cars.cut_out import read_parts
from kuzov.config import TrainConfig
from kuzov.cores import usable_cores
from kuzov.data import augment
from kuzov.data.dataset import Photo
from kuzov.errors import KuzovError
from kuzov.images import framing
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features
from kuzov.network import Network, NetworkSettings, own_words
from kuzov.progress import Progress
from kuzov.training import views
from kuzov.training.frames import a_few_ahead
from kuzov.training.views import view_car, views_fingerprint

log = logging.getLogger(__name__)

PACKAGES = ("kuzov", "numpy", "openvino", "pi-heif", "pillow")
DECODERS = ("jpg", "libjpeg_turbo", "webp", "zlib", "avif")
CODE = (
    *sorted(Path(framing.__file__).parent.glob("*.py")),
    *sorted(Path(cut_out.__file__).parent.glob("*.*")),
    Path(views.__file__),
    Path(augment.__file__),
)


class FeatureCache:
    """Features on disk, one small file a photo, by its content and by all else that makes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, photo: Photo, makers: str) -> Path:
        """Where the features of this photo stand, or would."""
        return self._folder / makers / f"{photo.digest}.npy"

    @staticmethod
    def read(path: Path) -> Features | None:
        """Features (V, D), or None where they are not known; a damaged file is as good as none."""
        try:
            with path.open("rb") as file:
                features: Features = np.lib.format.read_array(file, allow_pickle=False)
        except Exception:  # damaged files make numpy raise nearly anything: ValueError, TokenError, …
            return None
        return features

    @staticmethod
    def write(path: Path, features: Features) -> None:
        """Keep features; the file appears whole or not at all.

        Raises:
            KuzovError: The cache can't be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
                np.save(part, features)
            Path(part.name).replace(path)
        except OSError as error:
            raise KuzovError(
                f"The cache {path.parent} can't be written: {error.strerror}. "
                "Name another folder in the variable KUZOV_CACHE."
            ) from error


def default_cache() -> Path:
    """The user's cache folder for kuzov: $KUZOV_CACHE, or kuzov under the XDG cache folder."""
    if "KUZOV_CACHE" in os.environ:
        return Path(os.environ["KUZOV_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kuzov"


def makers_fingerprint() -> str:
    """Changes with whatever else may move a digit: the decoders, the runtime, kuzov's own code of pixels."""
    versions = [_version(name) for name in PACKAGES] + [pillow.version(name) for name in DECODERS]
    digest = hashlib.sha256(json.dumps(versions).encode())
    for file in CODE:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _version(package: str) -> str | None:
    """The installed version; None where a decoder is left out, as where there is no wheel of it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def embed_photos(
    photos: Sequence[Photo], backbone: Backbone, config: TrainConfig, cache: FeatureCache, progress: Progress
) -> Features:
    """Features of every view of every photo, in the order given: float32 (N, V, D), not normalised.

    Raises:
        PhotoError: A photo can't be read any more.
    """
    network = f"{backbone.fingerprint()}-{backbone.frozen().form()}"
    makers = f"{network}-{views_fingerprint(config)}-{makers_fingerprint()}"
    files = [cache.path(photo, makers) for photo in photos]
    known = [cache.read(file) for file in files]
    missing = [row for row, features in enumerate(known) if features is None]
    if missing:
        found = _embed([photos[row] for row in missing], backbone, config)
        for done, (row, features) in enumerate(zip(missing, found, strict=True)):
            progress("embed", done, len(missing))
            cache.write(files[row], features)
            known[row] = features
        progress("embed", len(missing), len(missing))
    return np.stack([features for features in known if features is not None])


def _embed(photos: Sequence[Photo], backbone: Backbone, config: TrainConfig) -> Iterator[Features]:
    """Features of each photo's views, (V, D); as many photos at a time as there are cores."""
    network = feature_network(backbone, streams=usable_cores())

    def embed(photo: Photo) -> Features:
        image, ((_, car),) = read_parts(photo.path, backbone.image_px)
        views = view_car(image, car, backbone.image_px, config, _rng(photo, config))
        features: Features = network({"image": views.astype(np.float32)})["features"]
        return features

    return a_few_ahead(embed, photos)


def _rng(photo: Photo, config: TrainConfig) -> np.random.Generator:
    """Of a photo's random views: the same in every run, whichever photos stand beside it."""
    return np.random.default_rng([config.seed, int(photo.digest[:16], 16)])


@functools.cache
def feature_network(backbone: Backbone, streams: int = 1) -> Network:
    """The backbone run by OpenVINO as it will serve: from `image` to `features`, (N, D); made once a process.

    So many calls at a time share the cores. A row is computed alone, so its digits are always the same. Where
    OpenVINO refuses the int8 form, features are float32; of an export the proof fails then, as it has to.
    """
    frozen = backbone.frozen()
    settings = NetworkSettings(precision=frozen.precision, streams=streams, lone_calls=False, rows_apart=True)
    try:
        return Network(frozen.embedding, settings)
    except RuntimeError as error:
        if frozen.quantised is None:
            raise
        log.warning("OpenVINO refuses the int8 form of the network: %s", own_words(error))
        return Network(frozen.features, replace(settings, precision="f32"))
