"""Put the demo's photos into a folder, to try the README's commands on.

python -m examples.photos FOLDER
"""

import argparse
import shutil
import sys
from pathlib import Path

from examples.demo import find_photos


def main() -> None:
    """Copy them, unless the folder is there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if folder.exists():
        sys.exit(f"{folder} is there already; nothing was changed. Name another folder, or remove it first.")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(find_photos(), part)
    part.rename(folder)
    names = sorted(each.name for each in (folder / "train").iterdir())
    print(f"{folder}: photos of {', '.join(names)}")


if __name__ == "__main__":
    main()
