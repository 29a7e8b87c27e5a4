"""Compile src/kuzov/wire/*.proto to the descriptors that kuzov loads, and to stubs for type checkers.

    python scripts/compile_protos.py

Needs grpcio-tools (kuzov[dev]). The tests fail while the compiled files are older than their sources.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
PACKAGE = Path("kuzov", "wire")


def compile_protos(out: Path) -> list[Path]:
    """Write descriptors.binpb and a stub per .proto file below a folder that stands for `src`.

    Returns:
        The files written, relative to `out`, sorted.

    Raises:
        subprocess.CalledProcessError: The compiler, which prints why, failed.
    """
    protos = sorted((SOURCES / PACKAGE).glob("*.proto"))
    descriptors = out / PACKAGE / "descriptors.binpb"
    descriptors.parent.mkdir(parents=True, exist_ok=True)
    # A process of its own: where TensorFlow is loaded, the compiler crashes.
    compiler = [sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCES}", "--include_imports"]
    outputs = [f"--descriptor_set_out={descriptors}", f"--pyi_out={out}"]
    subprocess.run([*compiler, *outputs, *map(str, protos)], check=True)
    stubs = [PACKAGE / f"{proto.stem}_pb2.pyi" for proto in protos]
    for stub in stubs:
        # protoc leaves out what a Mapping holds.
        typed = f"# mypy: disable-error-code=type-arg\n{(out / stub).read_text(encoding='utf-8')}"
        (out / stub).write_text(typed, encoding="utf-8")
    return sorted([descriptors.relative_to(out), *stubs])


if __name__ == "__main__":
    for path in compile_protos(SOURCES):
        sys.stdout.write(f"{SOURCES / path}\n")
