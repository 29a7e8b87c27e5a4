"""Make the model that comes with kuzov: train on the network that it holds, and replace src/kuzov/ready.

    python scripts/make_ready_bundle.py ../shared/data/russian-cars-5 --freeze ../shared/data
    python scripts/make_ready_bundle.py ../shared/data/russian-cars-5

The first freezes the network anew and quantises it, which needs kuzov[fine-tune] and NNCF (`make check`
installs both). Every training joins its head to the network of this model (docs/adr/0020), so that has to be
done whenever the backbone's weights change, or what kuzov.model.graph makes of a photo; a test tells. What
stands on the features (recipes/calibrator) is to be learned anew then, and the second makes the model again.
The same photos, versions and processor make the same files.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import kuzov
from kuzov.bundle.layout import REPORT, version_folder, versions
from kuzov.bundle.publish import publish
from kuzov.bundle.ready import ready_model
from kuzov.config import TrainConfig
from kuzov.model.backbones import BACKBONES, Backbone, find_backbone
from kuzov.model.frozen import FrozenNetwork

VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenAnew(Backbone):
    """A backbone whose network is not the one that the package holds."""

    network: FrozenNetwork = field(compare=False)

    def frozen(self) -> FrozenNetwork:
        """The new one."""
        return self.network


def freeze_anew(backbone: Backbone, data: Path) -> FrozenAnew:
    """Freeze a backbone by Keras, and quantise it by the photos in `data`; see `recipes.quantise`."""
    from recipes.quantise import cut_out_cars, quantise  # noqa: PLC0415

    network = replace(backbone, shipped=False).frozen()
    quantised = quantise(network.features, cut_out_cars(data, backbone.image_px))
    values = {each.name: getattr(backbone, each.name) for each in fields(backbone)}
    return FrozenAnew(**values, network=replace(network, quantised=quantised))


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


def main(photos: Path, data: Path | None = None) -> None:
    """Train on the photos, publish, and print the judgement; with `data`, freeze the network anew before."""
    backbone = find_backbone(TrainConfig().backbone)
    if data is not None:
        BACKBONES[backbone.name] = freeze_anew(backbone, data)
    with tempfile.TemporaryDirectory() as work:
        result = kuzov.train(photos, Path(work, "models"), runs=Path(work, "runs"))
        made = replace_model(result.bundle, ready_model())
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    print(f"{made}: {size / 1e6:.1f} MB, {judgement(result.metrics)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "photos", type=Path, help="what it learns from, such as ../shared/data/russian-cars-5"
    )
    parser.add_argument("--freeze", type=Path, metavar="DATA", help="a folder with stanford-cars/ and wild/")
    arguments = parser.parse_args()
    try:
        main(arguments.photos, arguments.freeze)
    except kuzov.KuzovError as error:
        sys.exit(f"Error: {error}")
