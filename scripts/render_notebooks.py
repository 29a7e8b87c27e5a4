"""Run both notebooks and write them with their outputs, as pages that GitHub shows.

    python scripts/render_notebooks.py                                   drawn cars, into docs/notebook
    python scripts/render_notebooks.py --photos FOLDER --out FOLDER      photos, into another folder

The pages of docs/notebook are made of drawn cars, as photos are not copied into the repository. The notebooks
are made by make_notebooks.py. Needs kuzov[dev].
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

from kuzov.data.synthetic import render_cars

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = tuple(REPOSITORY / "notebooks" / f"car_classification{end}.ipynb" for end in ("", ".ru"))
TARGET = REPOSITORY / "docs" / "notebook"
MOST_SECONDS = 600
"""A cell that takes longer is stopped, and with it the notebook."""

STYLE = re.compile(r"<style.*?</style>\s*", re.DOTALL)
"""Of tables; GitHub would show it as text."""

NOTE = (
    "> Made by `make notebook` from [{name}](../../notebooks/{name}), of drawn cars: photos are not copied "
    "into the repository. So the figures say nothing about real photos.\n>\n"
    "> Страница создана командой `make notebook` по нарисованным машинам: фотографии в репозиторий не "
    "копируются. Поэтому числа ничего не говорят о настоящих фотографиях.\n\n"
)


def run_notebook(file: Path, photos: Path, work: Path, *, epochs: int | None = None) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom.

    Args:
        file: The notebook; it stays as it is.
        photos: What it learns from.
        work: Folder that it runs in, and leaves its models and runs in.
        epochs: Most epochs of fine-tuning; by default the notebook's own.

    Returns:
        The notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    variables = {**os.environ, "KUZOV_NOTEBOOK_PHOTOS": str(photos)}
    if epochs is not None:
        variables["KUZOV_NOTEBOOK_EPOCHS"] = str(epochs)
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=MOST_SECONDS, resources={"metadata": {"path": str(work)}}
    )
    return client.execute(env=variables)


def write_page(notebook: nbformat.NotebookNode, name: str, folder: Path, note: str = "") -> None:
    """Write a notebook with its outputs as folder/NAME.md, and its pictures into folder/NAME_files."""
    resources: dict[str, Any] = {"output_files_dir": f"{name}_files"}
    page, resources = MarkdownExporter().from_notebook_node(notebook, resources)
    for path, content in resources["outputs"].items():
        if path in page:  # some pictures come in two formats, of which the page shows one
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    page = STYLE.sub("", page)
    # The notebooks name each other; so do the pages.
    (folder / f"{name}.md").write_text(note + page.replace(".ipynb", ".md"), encoding="utf-8")


def render(photos: Path | None, target: Path) -> None:
    """Run both notebooks, then put their pages into the target folder; where one fails, nothing changes."""
    with tempfile.TemporaryDirectory(prefix="kuzov-notebook-") as temporary:
        work, pages = Path(temporary, "work"), Path(temporary, "pages")
        for folder in (work, pages):
            folder.mkdir()
        if photos is None:
            render_cars(work / "drawn", classes=4, train=20, validation=6)
        for file in NOTEBOOKS:
            started = time.monotonic()
            notebook = run_notebook(file, photos or Path("drawn"), work)
            shutil.rmtree(work / ".demo")  # the twin begins anew
            write_page(notebook, file.stem, pages, "" if photos else NOTE.format(name=file.name))
            print(f"{file.name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        for file in NOTEBOOKS:  # pictures of an earlier call may have other names
            shutil.rmtree(target / f"{file.stem}_files", ignore_errors=True)
        shutil.copytree(pages, target, dirs_exist_ok=True)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target}: {size / 1e6:.1f} MB")


def main() -> None:
    """Render both notebooks."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--photos", type=Path, help="by default cars are drawn")
    parser.add_argument("--out", type=Path, default=TARGET, help="the pages in it are replaced")
    options = parser.parse_args()
    if options.photos is not None and options.out == TARGET:
        parser.error("photos are not copied into the repository; give another folder by --out")
    render(None if options.photos is None else options.photos.resolve(), options.out)


if __name__ == "__main__":
    main()
