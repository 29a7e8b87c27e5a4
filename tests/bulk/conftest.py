from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.errors import KuzovError, ResultsError
from kuzov.records import Car

MODEL = ModelName(name="cars", version=7, labels=frozenset({"sedan", "suv"}))
ANSWER = Answer(photo="фото/a.jpg", top=(("suv", 0.75), ("sedan", 0.25)), unknown=0.125, is_unknown=False)
CARS = [
    replace(
        ANSWER, photo="a.jpg", car=Car(box=(left, 0.25, left + 0.25, 0.5), score=0.5), no_car=False, cars=2
    )
    for left in (0.0, 0.5)
]
CARS_BEHIND = [replace(each, photo="c.jpg") for each in CARS]
NO_CAR = replace(ANSWER, photo="b.jpg", no_car=True, cars=0)


@pytest.fixture
def photos(synthetic_photos: Path, tmp_path: Path) -> Path:
    """A folder of two photos, one a folder deeper, a broken one, and a file that is none."""
    drawn = sorted((synthetic_photos / "test").iterdir())
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(drawn[0], folder / "b.jpg")
    shutil.copy(drawn[1], folder / "deeper" / "A.JPG")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(b"")
    return folder


def refusal(
    path: Path,
    model: ModelName = MODEL,
    kind: type[KuzovError] = ResultsError,
    *,
    all_cars: bool = False,
) -> str:
    """Why the results at a path can't be gone on with."""
    with pytest.raises(kind) as raised, open_results(path, model, all_cars=all_cars) as results:
        list(results.photos())
    return str(raised.value)


def locked_by_another(path: Path) -> subprocess.Popen[str]:
    """Another process that writes results to a path until its stdin is closed."""
    code = (
        "import sys; from pathlib import Path; from kuzov.bulk.results import open_results; "
        "from kuzov.bulk.answers import Answer, ModelName\n"
        "with open_results(Path(sys.argv[1]), ModelName(name='cars', version=7)) as results:\n"
        "    results.add([Answer(photo='theirs.jpg')]); results.flush(); print('ready', flush=True)\n"
        "    sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
