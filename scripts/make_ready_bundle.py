"""Make the model that comes with kuzov: freeze the network anew, train on it, and replace src/kuzov/ready.

    python scripts/make_ready_bundle.py ../shared/data/russian-cars-5

Needs kuzov[fine-tune] and the repository installed in place (`make check` does it). Every training joins its
head to the network of this model (docs/adr/0020), so it has to be made anew whenever the backbone's weights
change, or what kuzov.model.graph makes of a photo; a test tells. The same photos, versions and processor make
the same files.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import kuzov
from kuzov.bundle.layout import REPORT, version_folder, versions
from kuzov.bundle.publish import publish
from kuzov.bundle.ready import ready_model
from kuzov.config import TrainConfig
from kuzov.model.backbones import BACKBONES, find_backbone

VERSION = "1"


def replace_model(bundle: Path, base: Path) -> Path:
    """Put a copy of a bundle into a model folder as its only version, 1.

    At every moment the newest version in the folder is a whole one: the copy appears under a higher number,
    the others go, then it takes their number.

    Args:
        bundle: A version's folder.
        base: The model folder, made if missing.

    Returns:
        The folder `base/1`.
    """

    def copy(staging: Path) -> None:
        # The report shows photos, and the package holds none.
        shutil.copytree(bundle, staging, ignore=shutil.ignore_patterns(REPORT.name), dirs_exist_ok=True)

    new = publish(base, copy)
    for older in versions(base)[:-1]:
        shutil.rmtree(version_folder(base, older))
    return new.rename(base / VERSION)


def judgement(metrics: dict[str, Any]) -> str:
    """How good it is, in a line."""
    validation, folds = metrics["validation"], metrics["cross_validation"]
    return (
        f"{validation['right']} of {validation['total']} validation photos right, "
        f"{folds['mean']:.1%} ± {folds['std']:.1%} in cross-validation"
    )


def main(photos: Path) -> None:
    """Train on the photos, publish, and print the judgement."""
    backbone = find_backbone(TrainConfig().backbone)
    BACKBONES[backbone.name] = replace(backbone, shipped=False)  # so that Keras freezes it
    with tempfile.TemporaryDirectory() as work:
        result = kuzov.train(photos, Path(work, "models"), runs=Path(work, "runs"))
        made = replace_model(result.bundle, ready_model())
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    print(f"{made}: {size / 1e6:.1f} MB, {judgement(result.metrics)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(
            "Give the folder of photos: python scripts/make_ready_bundle.py ../shared/data/russian-cars-5"
        )
    try:
        main(Path(sys.argv[1]))
    except kuzov.KuzovError as error:
        sys.exit(f"Error: {error}")
