"""Training in a process that can import what `pip install kuzov` brings, and nothing else that is big."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kuzov.bundle.layout import newest
from kuzov.engine.engine import run
from kuzov.engine.openvino import load

# A finder that comes first: what it refuses is as good as not installed.
WITHOUT = """
import sys

NONE = {"tensorflow", "keras", "tensorboard", "sklearn", "scipy", "matplotlib", "pooch", "pandas"}

class Refuses:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in NONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuses())
from kuzov.cli.main import main
main()
"""


@pytest.mark.slow
def test_a_bundle_is_made_and_served(synthetic_photos: Path, own_cache: Path, tmp_path: Path) -> None:
    words = ["train", str(synthetic_photos), "--out", "models", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["validation"]["total"] == 9
    photos = [(synthetic_photos / "test" / f"{name}.jpg").read_bytes() for name in ("sedan", "suv")]
    answers = run(
        load(newest(tmp_path / "models")), "image_bytes", {"image_bytes": np.array(photos, np.object_)}
    )
    assert answers["label"].tolist() == [b"sedan", b"suv"]
