"""What is wrong is told in the reader's language, to the last word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.images.formats import EXTENSIONS
from kuzov.images.reasons import UNSUPPORTED
from kuzov.model.backbones import BACKBONES
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
        f"1 file in cars can't be used; mend or remove it: cars/kia/3.jpg: {UNSUPPORTED.en}.",
        f"В cars не годится 1 файл; исправьте или уберите: cars/kia/3.jpg: {UNSUPPORTED.ru}.",
    ),
    (
        "cars/{kia,vaz}/{1,2}.png cars/kia/{3,4}.jpg",
        "train cars --strict",
        "2 files in cars can't be used; mend or remove them: "
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

MODELS = [
    (
        "a.png",
        "predict a.png --model cars",
        "There is no model folder cars. Train one: kuzov train PHOTOS --out cars",
        "Нет папки модели cars. Обучите распознаватель: kuzov train ПАПКА_С_ФОТО --out cars",
    ),
    (
        "a.png cars/1/saved_model.pb",
        "predict a.png --model cars",
        "The bundle cars/1 has no assets.extra/card.json: No such file or directory.",
        "В версии cars/1 нет assets.extra/card.json: нет такого файла или папки.",
    ),
    (
        "a.png cars/1/saved_model.pb cars/1/assets.extra/card.json",
        "explain a.png --out out.png --model cars",
        "cars/1/assets.extra/card.json is not valid JSON: Expecting value: line 1 column 1 (char 0).",
        "В cars/1/assets.extra/card.json неверный JSON: Expecting value: line 1 column 1 (char 0).",
    ),
    (
        "cars/1/saved_model.pb",
        "publish cars",
        "No version waits in cars to be published. Train one: kuzov train PHOTOS",
        "В cars ни одна версия не ждёт публикации. Обучите новую: kuzov train ПАПКА_С_ФОТО",
    ),
    (
        "",
        "publish cars/.unpublished/5",
        "There is no unpublished version cars/.unpublished/5; kuzov train tells where it kept one.",
        "Неопубликованной версии cars/.unpublished/5 нет; kuzov train говорит, где её оставил.",
    ),
    (
        "a.png",
        "explain a.png --out out.png --class lada",
        f"The model knows no class 'lada'; it knows {KNOWN}.",
        f"Класса 'lada' модель не знает; она знает {KNOWN}.",
    ),
    (
        "a.png",
        "explain a.png --out a.txt",
        "A picture can't be written to a.txt: its name must end in .png, .jpg, .jpeg, .webp.",
        "Картинку не записать в a.txt: имя должно кончаться на .png, .jpg, .jpeg, .webp.",
    ),
    (
        "cars/bmw_x5/1.png out.txt",
        "evaluate cars --out out.txt",
        "Nothing can be written to out.txt: out.txt is a file; give a folder.",
        "В out.txt ничего не записать: out.txt — файл; укажите папку.",
    ),
    *(
        (
            "cars/kia/1.png out.txt",
            f"train cars {option} out.txt/a",
            "Nothing can be written to out.txt/a: {folder}/out.txt is a file; give a folder.",
            "В out.txt/a ничего не записать: {folder}/out.txt — файл; укажите папку.",
        )
        for option in ("--out", "--out m9 --runs")
    ),
    (
        "cars/kia/1.png m/1/saved_model.pb",
        "train cars --out m/1",
        "m/1 is the folder of one version. Give the folder that it lies in, m.",
        "m/1 — папка одной версии. Укажите папку, в которой она лежит: m.",
    ),
    (
        "cars/kia/1.png",
        "train cars --out cars --runs ./cars/",
        "Versions and runs can't both go to cars, as both have the same names; give two folders.",
        "Версии и обучения не могут лежать вместе в cars: у них одни и те же имена; укажите две папки.",
    ),
    (
        "a.png out.txt",
        "explain a.png --out out.txt/heat.png",
        "Nothing can be written to out.txt: out.txt is a file; give a folder.",
        "В out.txt ничего не записать: out.txt — файл; укажите папку.",
    ),
    (
        "cars/bmw_x5/1.png run/config.toml",
        "evaluate cars --out run",
        "run is a training run's folder, with a report of its own; give another.",
        "run — папка обучения, и отчёт в ней свой; укажите другую.",
    ),
    (
        "a.png",
        "predict a.png --url http://127.0.0.1:8501/",
        "'http://127.0.0.1:8501/' is not the address of a model. Give one like "
        "http://127.0.0.1:8501/v1/models/img_classifier.",
        "'http://127.0.0.1:8501/' — не адрес модели. Укажите такой, как "
        "http://127.0.0.1:8501/v1/models/img_classifier.",
    ),
    (
        "out.txt",
        "doctor cars --report out.txt/doctor.html",
        "Nothing can be written to out.txt: out.txt is a file; give a folder.",
        "В out.txt ничего не записать: out.txt — файл; укажите папку.",
    ),
]

SOURCES = [
    (
        "",
        "classify cars --out r.jsonl",
        "There is no cars; give a folder, a pattern or a list.",
        "Нет cars; укажите папку, шаблон или список.",
    ),
    ("cars/", "classify cars --out r.jsonl", "There is no photo in cars.", "В cars нет фотографий."),
    (
        "cars/a.txt",
        "classify cars --out r.jsonl",
        f"There is no photo in cars; of photos the names end in {', '.join(EXTENSIONS)}.",
        f"В cars нет фотографий; имена фотографий кончаются на {', '.join(EXTENSIONS)}.",
    ),
    (
        "a.png",
        "classify a.png --out r.jsonl --column photo",
        "--column names a column of a Parquet source, which a.png is not.",
        "--column — столбец Parquet, а a.png — не Parquet.",
    ),
    (
        "a.png",
        "classify a.png --out r.doc",
        "Results can't be written as r.doc: a name in .csv or .xlsx is a table, one in .jsonl JSON lines, "
        "and one without an ending a folder of Parquet parts.",
        "Результаты не записать как r.doc: имя на .csv или .xlsx — это таблица, на .jsonl — строки JSON, а "
        "без окончания — папка с частями Parquet.",
    ),
    (
        "a.png r.csv",
        "classify a.png --out r.csv",
        "r.csv was not made by kuzov classify, or .r.csv.jsonl, of which it was, is gone. Give another "
        "--out, or remove it.",
        "r.csv создан не kuzov classify, или .r.csv.jsonl, из которого он создан, пропал. Укажите другой "
        "--out или уберите этот файл.",
    ),
    (
        "a.png r.jsonl",
        "classify a.png --out r.jsonl",
        "Line 1 of r.jsonl is no result of kuzov classify. Give another --out.",
        "Строка 1 в r.jsonl — не результат kuzov classify. Укажите другой --out.",
    ),
    (
        "a.png r.txt",
        "classify a.png --out r.txt/r.jsonl",
        "Results can't be written to r.txt/r.jsonl: r.txt is a file. What was done is kept.",
        "Результаты не записать в r.txt/r.jsonl: r.txt — файл. Сделанное сохранено.",
    ),
]

SETTINGS = [
    (
        "seed",
        "--set seed has no value; write it as key=value, such as seed=1.",
        "В --set seed нет значения; напишите ключ=значение, например seed=1.",
    ),
    (
        "seed=-1",
        "Setting seed is -1; it must be in 0..4294967295.",
        "Настройка seed — -1, а должна быть от 0 до 4294967295.",
    ),
    (
        "seed=soon",
        "Setting seed is 'soon'; it must be of the type of its default, 0.",
        "Настройка seed — 'soon', а должна быть того же типа, что и значение по умолчанию, 0.",
    ),
    (
        "validation_fraction=2",
        "Setting validation_fraction is 2.0; it must be in 0..1.",
        "Настройка validation_fraction — 2.0, а должна быть от 0 до 1.",
    ),
    (
        "augmentation.fill_mode=black",
        "Setting augmentation.fill_mode is black; it must be one of nearest, constant, reflect, wrap.",
        "Настройка augmentation.fill_mode — black, а должна быть одним из слов: nearest, constant, reflect, "
        "wrap.",
    ),
    (
        "fine_tune=5",
        "Setting fine_tune is a table; set its parts, such as fine_tune.layers.",
        "Настройка fine_tune — таблица; задайте её части, например fine_tune.layers.",
    ),
    (
        "fine_tune.epoch=5",
        "There is no setting fine_tune.epoch. Did you mean fine_tune.epochs?",
        "Настройки fine_tune.epoch нет. Может быть, fine_tune.epochs?",
    ),
    (
        "features.x=5",
        "There is no setting features.x. Settings here: reframed, mirrored, augmented_views.",
        "Настройки features.x нет. Есть такие: reframed, mirrored, augmented_views.",
    ),
    (
        "backbone=efficientnet",
        f"There is no backbone 'efficientnet'. Did you mean efficientnet-lite0-cars? Available: "
        f"{', '.join(BACKBONES)}.",
        f"Основы 'efficientnet' нет. Может быть, efficientnet-lite0-cars? Есть такие: "
        f"{', '.join(BACKBONES)}.",
    ),
]


TOGETHER = [
    (
        "compare cars",
        "Two models are compared: --model A --model B, or one with the default model.",
        "Сравниваются две модели: --model А --model Б, или одна с моделью по умолчанию.",
    ),
    (
        "predict a.png --all-cars --whole-photo",
        "--whole-photo and --all-cars can't go together.",
        "--whole-photo и --all-cars нельзя указать вместе.",
    ),
    (
        "doctor cars --undo --fix",
        "--undo can't go together with --fix or --report.",
        "--undo нельзя указать вместе с --fix или --report.",
    ),
    (
        "train cars --shots 1 --fine-tune",
        "--shots and --fine-tune can't go together; give one of them.",
        "--shots и --fine-tune нельзя указать вместе; оставьте одно из них.",
    ),
]


@pytest.mark.parametrize(("files", "words", "english", "russian"), [*PHOTOS, *MODELS, *SOURCES])
def test_what_is_wrong_with_files(
    kuzov: Kuzov, tmp_path: Path, files: str, words: str, english: str, russian: str
) -> None:
    PhotoFolder(files=files).make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    told_in_both(
        kuzov, words, english.replace("{folder}", str(tmp_path)), russian.replace("{folder}", str(tmp_path))
    )
    assert sorted(tmp_path.rglob("*")) == before


def told_in_both(kuzov: Kuzov, words: str, english: str, russian: str) -> None:
    """Notes may go before the error; in neither language is a result printed."""
    for language, told in (("ru", f"Ошибка: {russian}"), ("en", f"Error: {english}")):
        done = kuzov(*words.format(ready=ready_model()).split(), "--language", language)
        assert (done.status, done.out) == (1, "")
        assert done.err.splitlines()[-1] == told


@pytest.mark.parametrize(("words", "english", "russian"), TOGETHER)
def test_options_that_do_not_go_together(kuzov: Kuzov, words: str, english: str, russian: str) -> None:
    for language, told in (("ru", russian), ("en", english)):
        done = kuzov(*words.split(), "--language", language)
        assert (done.status, done.out) == (2, "")
        assert done.err.splitlines()[-1] == f"Error: {told}"


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
        "8 photos to judge by show the same pictures as some to learn from, so the figures would be too "
        f"good: {'; '.join(pairs).format(**{'and': 'and'})}; and 5 more. Remove one of each pair, or allow "
        "it with --allow-leaks (in Python, allow_leaks=True).",
        "На 8 фото для проверки та же картинка, что и на обучающем, поэтому оценка была бы завышена: "
        f"{'; '.join(pairs).format(**{'and': 'и'})}; и ещё 5. Уберите одно из каждой пары или разрешите это: "
        "--allow-leaks (в Python — allow_leaks=True).",
    )


@pytest.mark.parametrize(("setting", "english", "russian"), SETTINGS)
def test_what_is_wrong_with_settings(kuzov: Kuzov, setting: str, english: str, russian: str) -> None:
    told_in_both(kuzov, f"train cars --set {setting}", english, russian)


def test_results_of_another_model(kuzov: Kuzov, tmp_path: Path) -> None:
    save_photo(tmp_path / "a.png", seed=0)
    row = {"photo": "b.png", "label": "lada", "error": None, "model": "cars", "version": 7}
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    told_in_both(
        kuzov,
        "classify a.png --out r.jsonl",
        "r.jsonl holds answers of cars version 7, and img_classifier version 1 is asked now. Give another "
        "--out, or --restart to begin anew in its place.",
        "В r.jsonl ответы модели cars версии 7, а теперь отвечает модель img_classifier версии 1. Укажите "
        "другой --out или --restart, чтобы начать заново на том же месте.",
    )
