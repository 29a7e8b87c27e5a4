"""Folders of photos as people have them, and what is made of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from kuzov.data.files import LOOSE, NESTED, NOT_A_PHOTO
from kuzov.data.folder_names import NO_CLASS_NAME, OURS, SYSTEM_FOLDER
from kuzov.data.layout import BESIDE_TRAIN, KEPT_FOR_TEST, LOOSE_TEST, OTHER_SET, SET_WITHOUT_CLASSES
from kuzov.words import Words


@dataclass(frozen=True, kw_only=True)
class PhotoFolder:
    """Files by name, photos where they end so; {a,b} stands for both, {1-4} for four.

    `judged` is the folder whose photos are judged by, "" where the photos are divided; `left_out` is what is
    named, and why.
    """

    files: str
    judged: str = ""
    left_out: Mapping[str, Words] = field(default_factory=dict)

    def make(self, root: Path) -> Path:
        for name in names(self.files):
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                file.mkdir()
            elif name.endswith((".png", ".PNG")) and not file.name.startswith("._"):
                save_photo(file, seed=sum(map(ord, name)) * 1000 + len(name))
            else:
                file.write_bytes(b"not a photo")
        return root


def save_photo(file: Path, *, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")


def names(pattern: str) -> list[str]:
    """The names that words with {a,b} and {1-4} stand for."""
    found = pattern.split()
    while any("{" in each for each in found):
        found = [name for each in found for name in _opened(each)]
    return found


def _opened(word: str) -> list[str]:
    before, brace, rest = word.partition("{")
    if not brace:
        return [word]
    inside, _, after = rest.partition("}")
    first, dash, last = inside.partition("-")
    choices = [str(each) for each in range(int(first), int(last) + 1)] if dash else inside.split(",")
    return [f"{before}{choice}{after}" for choice in choices]


CLASSES = "{kia,vaz}/{1-4}.png"
TRAIN_AND = f"train/{CLASSES} "

VALIDATION_SETS = (
    *("validation", "Validation", "val", "VAL", "valid", "Valid", "VALID", "dev", "Dev", "eval", "EVAL"),
    *("val_set", "valset", "validation-images", "val2017", "evaluation"),
)
TRAINING_SETS = (
    "train",
    "Train",
    "TRAIN",
    "training",
    "Training",
    "train_set",
    "train-images",
    "training_data",
)
TEST_SETS = ("test", "Test", "TEST", "testing", "tests", "test_set", "test2017")
SYSTEM_FOLDERS = (
    *(
        "__MACOSX",
        "@eaDir",
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN",
        "lost+found",
    ),
    "__pycache__",
)
HIDDEN = (".git", ".ipynb_checkpoints", ".thumbnails", ".DS_Store", "._1.png", "Thumbs.db", "desktop.ini")
NO_CLASSES = ("images", "Images", "models", "runs", "photos", "data", "labels", "evaluations", "Фото")

FOLDERS: dict[str, PhotoFolder] = {
    "class folders": PhotoFolder(files=CLASSES),
    "class folders and a validation set": PhotoFolder(
        files=f"{CLASSES} validation/{{kia,vaz}}/{{5-6}}.png", judged="validation"
    ),
    **{
        f"train and {name}": PhotoFolder(files=f"{TRAIN_AND} {name}/{{kia,vaz}}/{{5-6}}.png", judged=name)
        for name in VALIDATION_SETS
    },
    **{
        f"{name} and val": PhotoFolder(
            files=f"{name}/{CLASSES} val/{{kia,vaz}}/{{5-6}}.png",
            judged="val",
        )
        for name in TRAINING_SETS
    },
    **{
        f"train and {name}": PhotoFolder(
            files=f"{TRAIN_AND} {name}/{{kia,vaz}}/5.png", left_out={name: KEPT_FOR_TEST}
        )
        for name in TEST_SETS
    },
    "loose photos to test by": PhotoFolder(
        files=f"{TRAIN_AND} test/{{1-3}}.png", left_out={"test": LOOSE_TEST}
    ),
    "two validation sets": PhotoFolder(
        files=f"{TRAIN_AND} {{val,Eval}}/{{kia,vaz}}/5.png",
        judged="val",
        left_out={"Eval": OTHER_SET},
    ),
    "two training sets": PhotoFolder(
        files=f"{TRAIN_AND} Training/{{kia,vaz}}/5.png", left_out={"Training": OTHER_SET}
    ),
    "sets without class folders": PhotoFolder(
        files=f"{CLASSES} {{val,train}}/{{1-3}}.png",
        left_out={"val": SET_WITHOUT_CLASSES, "train": SET_WITHOUT_CLASSES},
    ),
    "a class and photos beside train": PhotoFolder(
        files=f"{TRAIN_AND} bmw/{{1-4}}.png loose.png README.md",
        left_out={"bmw": BESIDE_TRAIN, "loose.png": LOOSE},
    ),
    "photos beside the classes": PhotoFolder(
        files=f"{CLASSES} loose.png notes.txt", left_out={"loose.png": LOOSE, "notes.txt": NOT_A_PHOTO}
    ),
    "folders in a class": PhotoFolder(
        files=f"{CLASSES} kia/more/1.png kia/@eaDir/1.png", left_out={"kia/more": NESTED}
    ),
    "what the system leaves": PhotoFolder(
        files=" ".join([CLASSES, *(f"{name}/1.png" for name in SYSTEM_FOLDERS)]),
        left_out=dict.fromkeys(SYSTEM_FOLDERS, SYSTEM_FOLDER),
    ),
    "what is hidden": PhotoFolder(files=" ".join([CLASSES, *HIDDEN, *(f"kia/{name}" for name in HIDDEN)])),
    "no classes by their names": PhotoFolder(
        files=" ".join([CLASSES, *(f"{name}/1.png" for name in NO_CLASSES)]),
        left_out=dict.fromkeys(NO_CLASSES, NO_CLASS_NAME),
    ),
    "what kuzov made": PhotoFolder(
        files=f"{CLASSES} cars/1764500000/saved_model.pb judged/1-cars/metrics.json",
        left_out={"cars": OURS, "judged": OURS},
    ),
    "what kuzov made in the folder itself": PhotoFolder(
        files=f"{CLASSES} 1764500000/saved_model.pb 1764500000/assets/labels.txt 1764500001/metrics.json",
        left_out={"1764500000": OURS, "1764500001": OURS},
    ),
    "no classes in train": PhotoFolder(
        files=f"{TRAIN_AND} train/images/1.png train/__MACOSX/1.png",
        left_out={"train/images": NO_CLASS_NAME, "train/__MACOSX": SYSTEM_FOLDER},
    ),
}
