from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kuzov.cars.cut_out import read_parts
from kuzov.config import FeatureConfig, TrainConfig
from kuzov.data.dataset import Photo, load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.errors import PhotoError
from kuzov.model.backbones import Backbone
from kuzov.network import Network, NetworkSettings
from kuzov.progress import silent
from kuzov.training import features as module
from kuzov.training.features import Embedder, FeatureCache, embed_photos
from kuzov.training.kept_photos import KEPT_PHOTOS
from kuzov.training.views import view_car
from tests.errors import raises
from tests.quantised import Rounded

CONFIG = TrainConfig()
Photos = tuple[Photo, ...]


def colours() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))


BACKBONE = Backbone(name="colours", image_px=16, build=colours)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    folder = render_cars(tmp_path_factory.mktemp("few"), classes=2, train=3, validation=1)
    return load_dataset(folder, validation_fraction=0.25, seed=0).train


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "features")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the backbones whose network was built."""
    built: list[str] = []
    real = module.feature_network

    def count(backbone: Backbone, streams: int = 1) -> Any:
        built.append(backbone.name)
        return real(backbone, streams)

    monkeypatch.setattr(module, "feature_network", count)
    return built


def test_features_are_those_of_each_view_in_the_order_given(photos: Photos, cache: FeatureCache) -> None:
    found = embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    assert (found.shape, str(found.dtype)) == ((6, 6, 3), "float32")
    for photo, features in zip(photos, found, strict=True):
        image, ((_, car),) = read_parts(photo.path, 16)
        views = view_car(image, car, 16, CONFIG, np.random.default_rng(0))
        np.testing.assert_allclose(features, views.mean(axis=(1, 2)), rtol=1e-4)
    # Nothing half written is left.
    files = sorted(file.name for file in cache._folder.rglob("*") if file.is_file())
    assert files == sorted(f"{photo.digest}.npy" for photo in photos)


def test_the_second_time_no_network_is_built(photos: Photos, cache: FeatureCache, built: list[str]) -> None:
    first = embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    assert built == ["colours"]
    turned = embed_photos(photos[::-1], BACKBONE, CONFIG, cache, silent)
    assert built == ["colours"]
    np.testing.assert_array_equal(turned, first[::-1])


def test_only_what_is_missing_is_computed(
    photos: Photos, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed_photos(photos[::2], BACKBONE, CONFIG, cache, silent)
    told: list[tuple[str, int, int]] = []
    mixed = embed_photos(photos, BACKBONE, CONFIG, cache, lambda *step: told.append(step))
    assert told == [("embed", done, 3) for done in range(4)]
    monkeypatch.setattr(cache, "read", lambda _path: None)
    np.testing.assert_array_equal(mixed, embed_photos(photos, BACKBONE, CONFIG, cache, silent))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:5],
        lambda content: content[:60],
        lambda content: content[:-1],
        lambda content: b"garbage " * 20,
        lambda content: b"PK\x03\x04" + content[4:],
        lambda content: content.replace(b"'shape'", b"'shap\x00'"),
        lambda content: content.replace(b"(6, 3)", b"(6, 9)"),
        lambda content: content.replace(b"<f4", b"|O8"),
        lambda content: content.replace(b"{'descr'", b"{'descr\n"),
        lambda content: content.replace(b"(6, 3)", b"(6,(3)"),
    ],
    ids=["empty", "magic", "header", "last", "text", "zip", "key", "larger", "objects", "line", "bracket"],
)
def test_a_damaged_cache_file_is_recomputed(
    photos: Photos, cache: FeatureCache, built: list[str], damage: Callable[[bytes], bytes]
) -> None:
    first = embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    (folder,) = cache._folder.iterdir()
    file = folder / f"{photos[1].digest}.npy"
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert file.read_bytes() != whole
    np.testing.assert_array_equal(embed_photos(photos, BACKBONE, CONFIG, cache, silent), first)
    assert built == ["colours", "colours"]
    assert file.read_bytes() == whole


def test_other_views_and_other_backbones_have_files_of_their_own(
    photos: Photos, cache: FeatureCache, built: list[str]
) -> None:
    embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    fewer = TrainConfig(features=FeatureConfig(mirrored=False))
    assert embed_photos(photos, BACKBONE, fewer, cache, silent).shape == (6, 3, 3)
    other = Backbone(name="more", image_px=16, build=colours)
    assert embed_photos(photos, other, CONFIG, cache, silent).shape == (6, 6, 3)
    assert built == ["colours", "colours", "more"]


def convolved() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    kernel = keras.initializers.RandomNormal(seed=1)
    maps = keras.layers.Conv2D(3, 2, activation="relu", kernel_initializer=kernel)(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps))


def test_features_are_those_of_the_int8_form_and_each_form_has_files_of_its_own(
    photos: Photos, cache: FeatureCache, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_float = Backbone(name="of mine", image_px=16, build=convolved)
    coarse, fine = (Rounded(name="of mine", image_px=16, build=convolved, step=step) for step in (85, 2))
    whole, rounded, nearly = (
        embed_photos(photos, each, CONFIG, cache, silent) for each in (in_float, coarse, fine)
    )
    assert np.abs(rounded - whole).mean() > 10 * np.abs(nearly - whole).mean() > 0
    assert len([*cache._folder.iterdir()]) == 3
    refusing = Rounded(name="refused", image_px=16, build=convolved, step=85)

    def refuse(model: Any, settings: NetworkSettings) -> Network:
        if settings.precision == "int8":
            raise RuntimeError("No kernel.")
        return Network(model, settings)

    monkeypatch.setattr(module, "Network", refuse)
    np.testing.assert_array_equal(embed_photos(photos, refusing, CONFIG, cache, silent), whole)
    assert caplog.messages == ["OpenVINO refuses the int8 form of the network: No kernel."]


@pytest.mark.parametrize(
    ("name", "upgraded"),
    [
        ("importlib.metadata.version", lambda _package: "99"),
        ("PIL.features.version", lambda _library: "99"),
        ("kuzov.training.features.CODE", (Path(__file__),)),
    ],
    ids=["packages", "decoders", "own code"],
)
def test_after_an_upgrade_features_are_computed_anew(
    photos: Photos,
    cache: FeatureCache,
    built: list[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    upgraded: object,
) -> None:
    embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    monkeypatch.setattr(name, upgraded, raising=False)
    embed_photos(photos, BACKBONE, CONFIG, cache, silent)
    assert built == ["colours", "colours"]


def test_the_code_that_makes_the_pixels_counts() -> None:
    files = {file.name for file in module.CODE}
    assert {"augment.py", "decode.py", "framing.py", "cut_out.py", "detector.bin", "views.py"} <= files


def test_random_views_do_not_depend_on_the_other_photos(photos: Photos, tmp_path: Path) -> None:
    config = TrainConfig(features=FeatureConfig(augmented_views=2))
    together = embed_photos(photos, BACKBONE, config, FeatureCache(tmp_path / "a"), silent)
    alone = embed_photos(photos[3:4], BACKBONE, config, FeatureCache(tmp_path / "b"), silent)
    assert together.shape == (6, 8, 3)
    np.testing.assert_array_equal(alone[0], together[3])
    reseeded = TrainConfig(seed=1, features=config.features)
    other = embed_photos(photos[3:4], BACKBONE, reseeded, FeatureCache(tmp_path / "c"), silent)
    assert (other[0, 6:] != alone[0, 6:]).any()


def test_a_photo_that_went_away_is_told(photos: Photos, cache: FeatureCache, tmp_path: Path) -> None:
    gone = Photo(tmp_path / "gone.jpg", "sedan", "0" * 64)
    with pytest.raises(PhotoError, match=r"gone\.jpg: no such file; check the path$"):
        embed_photos([photos[0], gone], BACKBONE, CONFIG, cache, silent)


@pytest.fixture
def written_to(photos: Photos, tmp_path: Path) -> Photo:
    """A copy of a photo, to be changed."""
    path = tmp_path / "copy.jpg"
    path.write_bytes(photos[0].path.read_bytes())
    return Photo(path, "sedan", photos[0].digest)


def test_features_are_never_kept_under_the_digest_of_another_photo(
    photos: Photos, written_to: Photo, cache: FeatureCache
) -> None:
    written_to.path.write_bytes(photos[1].path.read_bytes())
    with raises(
        PhotoError,
        f"{written_to.path}: was changed after it was first read; begin anew once nothing writes to it",
    ):
        embed_photos([written_to], BACKBONE, CONFIG, cache, silent)
    assert not list(cache._folder.rglob("*.npy"))


def test_a_look_is_of_one_content_whatever_is_written_meanwhile(
    photos: Photos, written_to: Photo, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: Path) -> None:
        written_to.path.write_bytes(photos[1].path.read_bytes())

    look = Embedder(BACKBONE, CONFIG, cache).look
    with KEPT_PHOTOS:
        expected = look(photos[0].path)
        monkeypatch.setattr(cache, "read", read)
        found = look(written_to.path)
    assert found.digest == expected.digest
    np.testing.assert_array_equal(found.signature.thumbnail, expected.signature.thumbnail)


def test_a_photo_that_was_looked_at_is_embedded_though_it_went_away(
    photos: Photos, written_to: Photo, cache: FeatureCache
) -> None:
    with KEPT_PHOTOS:
        Embedder(BACKBONE, CONFIG, cache).look(written_to.path)
        written_to.path.unlink()
        found = embed_photos([written_to], BACKBONE, CONFIG, cache, silent)
    expected = embed_photos([photos[0]], BACKBONE, CONFIG, FeatureCache(cache._folder / "other"), silent)
    np.testing.assert_array_equal(found, expected)
