"""scripts/make_ready_bundle.py, on a bundle of drawn cars."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kuzov
from kuzov.bundle.layout import REPORT, versions
from scripts import make_ready_bundle as script
from tests.folders import contents

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


def test_the_trained_bundle_becomes_the_only_version(
    trained: TrainResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(kuzov, "train", lambda *_, **__: trained, raising=False)
    monkeypatch.setattr(script, "ready_model", lambda: tmp_path)
    for turn in ("first", "again"):
        script.main(Path("photos"))
        assert [entry.name for entry in tmp_path.iterdir()] == ["1"], turn
        left_out = contents(trained.bundle).keys() - contents(tmp_path / "1").keys()
        assert left_out == {REPORT.as_posix()}, "the report shows photos"
        assert contents(tmp_path / "1").items() <= contents(trained.bundle).items()
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith(f"{tmp_path / '1'}: ")
    assert " of 9 validation photos right, " in said


def test_a_failure_leaves_the_old_one(
    trained: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.replace_model(trained.bundle, tmp_path)
    old = contents(tmp_path)
    monkeypatch.setattr(shutil, "copytree", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(kuzov.KuzovError, match=r"No new version could be made in .*: full"):
        script.replace_model(trained.bundle, tmp_path)
    assert contents(tmp_path) == old


def test_a_kill_before_the_last_rename_leaves_a_whole_version(
    trained: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(script.replace_model(trained.bundle, tmp_path))

    def killed(folder: Path, **_: object) -> None:
        if folder.name == "1":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            script.replace_model(trained.bundle, tmp_path)
    newest = versions(tmp_path)[-1]
    assert newest > 1
    assert contents(tmp_path / str(newest)) == whole
    script.replace_model(trained.bundle, tmp_path)
    assert versions(tmp_path) == [1]
