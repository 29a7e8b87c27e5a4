from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kuzov

HEAVY = "{'tensorflow', 'keras', 'matplotlib', 'openvino', 'sklearn', 'scipy', 'torch'}"
LOADS = {
    "import kuzov": "import kuzov",
    "kuzov --help": "from kuzov.cli.main import main; sys.argv[1:] = ['--help']; main()",
}


def test_the_public_names_are_these() -> None:
    assert kuzov.__all__ == [
        "Client",
        "KuzovError",
        "Prediction",
        "Recogniser",
        "TrainConfig",
        "load",
        "train",
    ]
    assert len(kuzov.__all__) <= 8
    assert dir(kuzov) == sorted([*kuzov.__all__, "__version__"])


@pytest.mark.parametrize("name", kuzov.__all__)
def test_each_name_loads_from_its_home(name: str) -> None:
    found = kuzov.__getattr__(name)
    assert found.__name__ == name
    assert found.__module__.startswith("kuzov.")


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'kuzov' has no attribute 'tarin'$"):
        kuzov.tarin  # noqa: B018


def test_the_names_stay_after_their_homes_were_imported() -> None:
    code = (
        "import kuzov, kuzov.training, kuzov.client; "
        "assert [name for name in kuzov.__all__ if not callable(getattr(kuzov, name))] == []"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("statement", LOADS.values(), ids=LOADS.keys())
def test_a_light_start(statement: str) -> None:
    code = (
        f"import atexit, sys; atexit.register(lambda: print(sorted({HEAVY} & sys.modules.keys()), "
        f"file=sys.stderr)); {statement}"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_openvino_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    statement = "import kuzov, os, sys; import kuzov.engine.openvino; import openvino; print(os.listdir('.'))"
    home = {**os.environ, "HOME": str(tmp_path)}
    loaded = subprocess.run(
        [sys.executable, "-c", f"{statement}; print(sys.modules['openvino_telemetry'])"],
        cwd=tmp_path,
        env=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "[]\nNone\n"
