"""Photos to features: each is decoded and embedded once, and remembered."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import features as pillow

from kuzov.atomic import hidden_in
from kuzov.cache import UNWRITABLE, default_cache
from kuzov.cars import cut_out
from kuzov.cars.cut_out import find_parts
from kuzov.config import TrainConfig
from kuzov.cores import a_few_ahead, usable_cores
from kuzov.data import augment, duplicates
from kuzov.data.dataset import Look, Photo, decode_to_learn
from kuzov.data.duplicates import Signature, signature
from kuzov.errors import KuzovError, PhotoError, reason_of
from kuzov.images import framing
from kuzov.images.decode import decode, encoded
from kuzov.images.framing import least_side
from kuzov.model.backbones import Backbone
from kuzov.model.head import Features
from kuzov.network import Network, NetworkSettings, own_words
from kuzov.progress import Progress
from kuzov.training import views
from kuzov.training.kept_photos import KEPT_PHOTOS
from kuzov.training.views import view_car, views_fingerprint
from kuzov.words import Words

_CHANGED = Words(
    "was changed after it was first read; begin anew once nothing writes to it",
    "изменился после первого чтения; начните заново, когда в него ничего не пишут",
)
log = logging.getLogger(__name__)

PACKAGES = ("kuzov", "numpy", "openvino", "pi-heif", "pillow")
DECODERS = ("jpg", "libjpeg_turbo", "webp", "zlib", "avif")
CODE = (
    *sorted(Path(framing.__file__).parent.glob("*.py")),
    *sorted(Path(cut_out.__file__).parent.glob("*.*")),
    Path(views.__file__),
    Path(augment.__file__),
    Path(duplicates.__file__),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What is remembered of a photo.

    Attributes:
        features: Of its views, (V, D).
        signature: What its copies are told by.
    """

    features: Features
    signature: Signature


class FeatureCache:
    """What is remembered on disk, one small file a photo, by its content and by all else that makes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str, makers: str) -> Path:
        """Where what is known of a photo of this SHA-256 stands, or would."""
        return self._folder / makers / f"{digest}.npy"

    @staticmethod
    def read(path: Path) -> Embedded | None:
        """What is known of a photo, or None where it is nothing; a damaged file is as good as none."""
        try:
            with path.open("rb") as file:
                features, thumbnail = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(2))
        except Exception:  # damaged files make numpy raise nearly anything: ValueError, TokenError, …
            return None
        return Embedded(features=features, signature=Signature(thumbnail))

    @staticmethod
    def write(path: Path, known: Embedded) -> None:
        """Remember a photo; the file appears whole or not at all.

        Raises:
            KuzovError: The cache can't be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with hidden_in(path.parent, path.name) as part:
                with part.open("wb") as file:
                    np.save(file, known.features)
                    np.save(file, known.signature.thumbnail)
                part.replace(path)
        except OSError as error:
            told = UNWRITABLE.fill(folder=str(path.parent), why=reason_of(error))
            raise KuzovError(told) from error


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


class Embedder:
    """Embeds photos by a backbone, and remembers them. Safe to call from several threads at once."""

    def __init__(self, backbone: Backbone, config: TrainConfig, cache: FeatureCache | None = None) -> None:
        """Remember photos in the cache; by default in the user's own."""
        self._backbone, self._config = backbone, config
        self._cache = cache or FeatureCache(default_cache() / "features")
        network = f"{backbone.fingerprint()}-{backbone.frozen().form()}"
        self._makers = f"{network}-{views_fingerprint(config)}-{makers_fingerprint()}"

    def look(self, photo: Path) -> Look:
        """Look at a photo for `load_dataset`: what is known is not decoded, and what is decoded is kept.

        Raises:
            PhotoError: It can't be read.
        """
        content = encoded(photo)
        digest = hashlib.sha256(content).hexdigest()
        if (known := self.recall(digest)) is not None:
            return Look(digest, known.signature)
        image = decode_to_learn(content, photo, least_side(self._backbone.image_px))
        KEPT_PHOTOS.keep(digest, self._backbone.image_px, image)
        return Look(digest, signature(image))

    def recall(self, digest: str) -> Embedded | None:
        """What is known of a photo of this SHA-256."""
        return self._cache.read(self._cache.path(digest, self._makers))

    def embed(self, photo: Path, digest: str, network: Network) -> Embedded:
        """Embed a photo of this SHA-256 by the `feature_network`, and remember it.

        Raises:
            PhotoError: It can't be read, or has another content meanwhile.
            KuzovError: The cache can't be written.
        """
        side = self._backbone.image_px
        decode_anew = functools.partial(_decode_unchanged, photo, digest)
        kept = KEPT_PHOTOS.decoded(digest, side)
        image, ((_, car),) = find_parts(kept or decode_anew(least_side(side)), decode_anew, side)
        # Random views are the same in every run, whichever photos stand beside this one.
        rng = np.random.default_rng([self._config.seed, int(digest[:16], 16)])
        views = view_car(image, car, side, self._config, rng)
        features: Features = network({"image": views.astype(np.float32)})["features"]
        KEPT_PHOTOS.keep(digest, side, views[0].copy())
        found = Embedded(features=features, signature=signature(image))
        self._cache.write(self._cache.path(digest, self._makers), found)
        return found


def _decode_unchanged(photo: Path, digest: str, at_least_px: int) -> Image.Image:
    """Decode a photo; what is remembered under its SHA-256 must be of the same bytes."""
    content = encoded(photo)
    if hashlib.sha256(content).hexdigest() != digest:
        raise PhotoError(str(photo), _CHANGED)
    return decode(content, name=str(photo), at_least_px=at_least_px)


def embed_photos(
    photos: Sequence[Photo], backbone: Backbone, config: TrainConfig, cache: FeatureCache, progress: Progress
) -> Features:
    """Features of every view of every photo, in the order given: float32 (N, V, D), not normalised.

    Raises:
        PhotoError: A photo can't be read any more, or has another content.
        KuzovError: The cache can't be written.
    """
    embedder = Embedder(backbone, config, cache)
    known = [embedder.recall(photo.digest) for photo in photos]
    missing = [row for row, found in enumerate(known) if found is None]
    if missing:
        network = feature_network(backbone, streams=usable_cores())
        found = a_few_ahead(
            lambda photo: embedder.embed(photo.path, photo.digest, network),
            [photos[row] for row in missing],
        )
        for done, (row, each) in enumerate(zip(missing, found, strict=True)):
            progress("embed", done, len(missing))
            known[row] = each
        progress("embed", len(missing), len(missing))
    return np.stack([each.features for each in known if each is not None])


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
