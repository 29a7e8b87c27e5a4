from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kuzov.api import classify
from kuzov.bulk.classify import Classified
from kuzov.bulk.labeller import Labeller
from kuzov.bundle.ready import ready_model
from kuzov.errors import BundleError, ConfigError, MissingExtraError, PhotoError, ResultsError, SourceError
from kuzov.images.formats import EXTENSIONS

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

AT_ONCE_AND_SLOWLY = """
import time
from kuzov.bulk import json_lines
from kuzov.bulk.labeller import Labeller
json_lines._FLUSH_EVERY_S = 0
answer = Labeller.__call__
Labeller.__call__ = lambda *words: (time.sleep(0.3), answer(*words))[1]
"""


def run(source: Path | str, out: Path, **options: Any) -> Classified:
    given: dict[str, Any] = {"model": ready_model(), **options}
    return classify(source, out, **given)


def rows(file: Path) -> dict[str, Any]:
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len({row["photo"] for row in found}) == len(found)
    return {row["photo"]: row for row in found}


def test_every_photo_becomes_a_row(photos: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    done = run(photos, tmp_path / "r.jsonl", progress=lambda *each: told.append(each))
    assert done.to_json() | {"seconds": 0} == {
        "results": f"{tmp_path}/r.jsonl",
        "model": "img_classifier",
        "version": 1,
        "listed": 3,
        "classified": 3,
        "failed": 1,
        "left_out": {".txt": 1},
        "seconds": 0,
    }
    assert told == [("classify", 0, 3), ("classify", 1, 3), ("classify", 2, 3), ("classify", 3, 3)]
    found = rows(tmp_path / "r.jsonl")
    assert sorted(found) == [f"{photos}/{name}" for name in ("b.jpg", "broken.png", "deeper/A.JPG")]
    assert found[f"{photos}/broken.png"]["error"] == (
        "is broken or cut short; replace it with a whole copy of the photo"
    )
    assert found[f"{photos}/b.jpg"]["error"] is None
    assert found[f"{photos}/b.jpg"]["probability"] == found[f"{photos}/b.jpg"]["top"][0]["probability"]


def test_a_grown_folder_costs_only_what_is_new(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "r.jsonl"
    run(photos, out)
    before = out.read_bytes()
    (photos / "c.jpg").write_bytes((photos / "b.jpg").read_bytes())
    done = run(photos, out)
    assert (done.listed, done.classified) == (4, 1)
    assert out.read_bytes().startswith(before)
    assert len(rows(out)) == 4
    monkeypatch.setattr(Labeller, "__init__", None)  # with nothing to do it is not called
    assert run(photos, out).classified == 0


def test_restart_begins_anew(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    run(photos, out)
    (photos / "b.jpg").unlink()
    assert run(photos, out, restart=True).classified == 2
    assert len(rows(out)) == 2


def test_failed_photos_are_tried_again_where_that_is_asked(photos: Path, tmp_path: Path) -> None:
    out, empty = tmp_path / "r.jsonl", photos / "empty.jpg"
    empty.touch()
    run(photos, out)
    before = rows(out)
    assert run(photos, out).classified == 0
    empty.write_bytes((photos / "b.jpg").read_bytes())
    (photos / "broken.png").unlink()
    with pytest.raises(ConfigError):
        run(photos, out, retry_failed=True, precision="int4")
    assert rows(out) == before
    done = run(photos, out, retry_failed=True)
    assert (done.classified, done.failed) == (1, 0)
    found = rows(out)
    assert found.keys() == before.keys()
    assert found[str(empty)]["label"] == found[f"{photos}/b.jpg"]["label"]
    assert found[f"{photos}/broken.png"]["error"] is not None
    assert run(photos, out, retry_failed=True).classified == 0


def test_a_list_with_repetitions(photos: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{photos}/b.jpg\n{photos}/gone.jpg\n{photos}/b.jpg\n")
    done = run(file, tmp_path / "r.jsonl")
    assert (done.listed, done.classified, done.failed) == (3, 2, 1)
    assert rows(tmp_path / "r.jsonl")[f"{photos}/gone.jpg"]["error"] == "no such file; check the path"


def test_parquet_in_and_out(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs kuzov[cluster]")
    import pyarrow.dataset
    import pyarrow.parquet

    names = sorted(str(file) for file in photos.rglob("*.*") if file.suffix.lower() == ".jpg")
    pyarrow.parquet.write_table(pyarrow.table({"path": names}), tmp_path / "list.parquet")
    assert run(tmp_path / "list.parquet", tmp_path / "results").classified == len(names)
    assert run(tmp_path / "list.parquet", tmp_path / "results").classified == 0
    assert run(photos, tmp_path / "more").classified == 3
    found = pyarrow.dataset.dataset(tmp_path / "results").to_table()
    assert sorted(found["photo"].to_pylist()) == names


@pytest.mark.parametrize("name", ["r.jsonl", "r"])
def test_each_car_becomes_a_row_once(
    trained: TrainResult, street: Path, photos: Path, tmp_path: Path, name: str
) -> None:
    shutil.copy(street, photos / "street.png")
    Image.effect_noise((300, 200), 90).save(photos / "noise.png")
    out, words = tmp_path / name, {"model": trained.bundle, "all_cars": True}
    done = run(photos, out, **words)
    assert (done.listed, done.classified, done.failed) == (5, 5, 1)
    if name == "r":
        pyarrow = pytest.importorskip("pyarrow.dataset", reason="Parquet needs kuzov[cluster]")
        found = pyarrow.dataset(out).to_table().to_pylist()
    else:
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {Path(row["photo"]).name: row["cars"] for row in found} == {
        "street.png": 2, "noise.png": 0, "broken.png": None, "b.jpg": 1, "A.JPG": 1
    }  # fmt: skip
    assert len(found) == 6
    assert {row["label"] for row in found if row["cars"] == 2} == {"hatchback", "suv"}
    assert run(photos, out, **words).classified == 0
    with pytest.raises(ResultsError, match="holds a row a car"):
        run(photos, out, model=trained.bundle)


def test_a_model_of_the_first_form_has_no_cars(old_bundle: Path, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"^This model was made by an older kuzov"):
        run(photos, tmp_path / "r.jsonl", model=old_bundle, all_cars=True)
    assert not (tmp_path / "r.jsonl").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(photos: Path, tmp_path: Path, how: signal.Signals) -> None:
    for number in range(60):
        os.link(photos / "b.jpg", photos / f"{number:03}.jpg")
    out = tmp_path / "r.jsonl"
    code = AT_ONCE_AND_SLOWLY + "from kuzov.cli.main import main; main()"
    words = [str(photos), "--out", str(out), "--model", str(ready_model())]
    command = [sys.executable, "-c", code, "classify", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
        while process.poll() is None and not (out.exists() and out.read_bytes().count(b"\n") > 1):
            time.sleep(0.005)
        process.send_signal(how)
        assert process.stderr is not None
        text = process.stderr.read().decode()
    if how is not signal.SIGKILL:
        assert process.returncode == (1 if how is signal.SIGINT else 143)
        assert re.search(r"Done: \d+ photos?; the same command goes on\.\n+Stopped\.\n$", text)
    done = run(photos, out)
    assert done.listed == 63
    assert 0 < done.classified < 63
    assert len(rows(out)) == 63


def test_nothing_is_left_of_a_run_that_could_not_begin(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "r.jsonl"
    with pytest.raises(SourceError) as raised:
        run(tmp_path / "empty", out)
    assert str(raised.value) == f"There is no photo in {tmp_path}/empty."
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(SourceError) as raised:
        run(tmp_path / "empty", out)
    assert str(raised.value) == (
        f"There is no photo in {tmp_path}/empty; of photos the names end in {', '.join(EXTENSIONS)}."
    )
    with pytest.raises(BundleError):
        run(photos, out, model=tmp_path / "nowhere")
    assert not out.exists()


def test_restart_keeps_what_was_there_where_the_source_is_wrong_or_nothing_is_answered(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> Any:
        raise ResultsError("no answer")

    out = tmp_path / "r.jsonl"
    run(photos, out)
    before = out.read_bytes()
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError):
        run(tmp_path / "empty", out, restart=True)
    monkeypatch.setattr(Labeller, "__call__", break_down)
    with pytest.raises(ResultsError):
        run(photos, out, restart=True)
    assert out.read_bytes() == before


def test_addresses_in_a_list_are_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.txt").write_text("http://127.0.0.1:9/a.jpg\n")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError):
        run(tmp_path / "list.txt", tmp_path / "r.jsonl")
    assert not (tmp_path / "r.jsonl").exists()


def test_ray_is_not_installed(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError) as raised:
        run(photos, tmp_path / "r.jsonl", ray="auto")
    assert str(raised.value) == (
        "Classifying on Ray needs packages that are not installed. Install them with: pip install "
        "'kuzov[cluster]'"
    )
    assert not (tmp_path / "r.jsonl").exists()


def test_a_failure_keeps_what_was_done(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Labeller.__call__

    def fail_at_last(self: Labeller, photo: str, content: str | bytes | PhotoError) -> Any:
        if photo.endswith("A.JPG"):
            raise ResultsError("no more")
        return answer(self, photo, content)

    out = tmp_path / "r.jsonl"
    (tmp_path / "list.txt").write_text(f"{photos}/b.jpg\n{photos}/deeper/A.JPG\n")
    monkeypatch.setattr("kuzov.bulk.local.SPARE_THREADS", 0)
    monkeypatch.setattr("kuzov.bulk.local.usable_cores", lambda: 1)
    with monkeypatch.context() as patch:
        patch.setattr(Labeller, "__call__", fail_at_last)
        with pytest.raises(ResultsError):
            run(tmp_path / "list.txt", out)
    assert list(rows(out)) == [f"{photos}/b.jpg"]
    assert run(tmp_path / "list.txt", out).classified == 1
