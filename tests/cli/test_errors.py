"""What is wrong is told in the reader's language, to the last word."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.images.reasons import UNSUPPORTED
from tests.cli.conftest import Kuzov
from tests.photo_folders import PhotoFolder, save_photo

KNOWN = "bmw_x5, land_cruiser, qashqai, solyaris, vaz_2110"

PHOTOS = [
    (
        "",
        "train cars",
        "There is no folder cars; give one with a subfolder of photos a model.",
        "Папки cars нет; укажите такую, где у каждой модели своя подпапка с фотографиями.",
    ),
    (
        "cars/a.png",
        "train cars/a.png",
        "cars/a.png is a file; give a folder with a subfolder of photos a model, or a zip of one.",
        "cars/a.png — файл; укажите папку, где у каждой модели своя подпапка с фотографиями, или её zip.",
    ),
    (
        "cars/{kia,vaz}/1.png cars/vaz/2.png cars/kia/{2,3,4}.jpg",
        "train cars",
        "Each class in cars needs 2 or more different, readable photos; too few have: kia (1). "
        f"Left out: cars/kia/2.jpg and 2 more: {UNSUPPORTED.en}. Add photos or remove these folders.",
        "В cars каждому классу нужно 2 или больше разных читаемых фотографий; слишком мало у: kia (1). "
        f"Не взято: cars/kia/2.jpg и ещё 2: {UNSUPPORTED.ru}. Добавьте фотографии или уберите эти папки.",
    ),
    (
        "cars/{kia,vaz}/{1,2}.png cars/kia/3.jpg",
        "train cars --strict",
        f"1 file(s) in cars can't be used; mend or remove them: cars/kia/3.jpg: {UNSUPPORTED.en}.",
        f"В cars не годится 1 файл; исправьте или уберите: cars/kia/3.jpg: {UNSUPPORTED.ru}.",
    ),
    (
        "cars/{kia,vaz}/{1,2}.png cars/kia/{3,4}.jpg",
        "train cars --strict",
        "2 file(s) in cars can't be used; mend or remove them: "
        f"cars/kia/3.jpg: {UNSUPPORTED.en}; cars/kia/4.jpg: {UNSUPPORTED.en}.",
        "В cars не годятся 2 файла; исправьте или уберите: "
        f"cars/kia/3.jpg: {UNSUPPORTED.ru}; cars/kia/4.jpg: {UNSUPPORTED.ru}.",
    ),
    (
        "cars/{kia,vaz}/{1-4}.png cars/classes.toml",
        "train cars",
        "cars/classes.toml is not valid TOML: Expected '=' after a key in a key/value pair (at line 1, "
        "column 5).",
        "В cars/classes.toml неверный TOML: Expected '=' after a key in a key/value pair (at line 1, column "
        "5).",
    ),
    (
        "cars/train/bmw_x5/1.png",
        "evaluate cars",
        "cars has photos to learn from, in train/, and none to judge by; give that folder itself to judge by "
        "what the model may have learned from.",
        "В cars есть обучающие фотографии, в train/, а для проверки нет; укажите саму эту папку, чтобы "
        "проверить по тому, на чём модель могла учиться.",
    ),
    (
        "cars/{bmw_x5,lada,kia}/1.png",
        "evaluate cars",
        f"cars has folders of classes that the model does not know: kia, lada. It knows {KNOWN}; rename "
        "these folders or move them away.",
        f"В cars есть папки классов, которых модель не знает: kia, lada. Она знает {KNOWN}; переименуйте эти "
        "папки или уберите их.",
    ),
    (
        "cars/bmw_x5/",
        "compare cars --model {ready}",
        "There are no photos in the subfolders of cars; put the photos of each model into a subfolder of its "
        "own, such as cars/bmw_x5/1.jpg.",
        "В подпапках cars нет фотографий; положите фотографии каждой модели в отдельную подпапку, например "
        "cars/bmw_x5/1.jpg.",
    ),
]


@pytest.mark.parametrize(("files", "words", "english", "russian"), PHOTOS)
def test_what_is_wrong_with_photos(
    kuzov: Kuzov, tmp_path: Path, files: str, words: str, english: str, russian: str
) -> None:
    PhotoFolder(files=files).make(tmp_path)
    told_in_both(kuzov, words, english, russian)


def told_in_both(kuzov: Kuzov, words: str, english: str, russian: str) -> None:
    """Notes may go before the error; in neither language is a result printed."""
    for language, told in (("en", f"Error: {english}"), ("ru", f"Ошибка: {russian}")):
        done = kuzov(*words.format(ready=ready_model()).split(), "--language", language)
        assert (done.status, done.out) == (1, "")
        assert done.err.splitlines()[-1] == told


def test_leaks(kuzov: Kuzov, tmp_path: Path) -> None:
    for seed, name in enumerate("abcd" * 2):
        for side in ("train", "validation"):
            file = tmp_path / "cars" / side / name[0] / f"{seed}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            save_photo(file, seed=seed)
    pairs = [
        f"cars/train/{name} {{and}} cars/validation/{name}" for name in ("a/0.png", "a/4.png", "b/1.png")
    ]
    told_in_both(
        kuzov,
        "train cars",
        "8 photo(s) to judge by show the same picture as one to learn from, so the figures would be too "
        f"good: {'; '.join(pairs).format(**{'and': 'and'})}; and 5 more. Remove one of each pair, or allow "
        "it with --allow-leaks (in Python, allow_leaks=True).",
        "На 8 фото для проверки та же картинка, что и на обучающем, поэтому оценка была бы завышена: "
        f"{'; '.join(pairs).format(**{'and': 'и'})}; и ещё 5. Уберите одно из каждой пары или разрешите это: "
        "--allow-leaks (в Python — allow_leaks=True).",
    )
