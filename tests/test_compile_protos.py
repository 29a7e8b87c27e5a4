"""scripts/compile_protos.py: what is committed is what the sources say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_compiled_files_are_up_to_date(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    spec = importlib.util.spec_from_file_location("compile_protos", ROOT / "scripts" / "compile_protos.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    files = script.compile_protos(tmp_path)
    assert [file.as_posix() for file in files] == [
        "kuzov/wire/descriptors.binpb",
        "kuzov/wire/error_codes_pb2.pyi",
        "kuzov/wire/serving_pb2.pyi",
        "kuzov/wire/tensorflow_pb2.pyi",
    ]
    for file in files:
        assert (tmp_path / file).read_bytes() == (ROOT / "src" / file).read_bytes(), (
            f"{file} is older than the .proto files: python scripts/compile_protos.py"
        )
