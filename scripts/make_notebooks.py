"""Write notebooks/car_classification.ipynb and its Russian twin from their one source.

    python scripts/make_notebooks.py [--check]

The source, notebooks/car_classification.py, is in jupytext's percent format. A cell with the metadata
lang="en" or lang="ru" goes into that notebook alone; all others, the code above all, into both. The notebooks
have no outputs, and the same source makes the same bytes. Needs kuzov[dev].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SOURCE = NOTEBOOKS / "car_classification.py"
TARGETS = {"en": NOTEBOOKS / "car_classification.ipynb", "ru": NOTEBOOKS / "car_classification.ru.ipynb"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def make_notebook(source: str, language: str) -> str:
    """The notebook of a language, as the text of an .ipynb file.

    Args:
        source: Of both notebooks, in the percent format; what stands before the first cell is left out.
        language: A key of `TARGETS`.

    Raises:
        ValueError: A cell stands in one language alone.
    """
    _, first, cells = source.partition("# %%")
    read = jupytext.reads(first + cells, fmt="py:percent").cells
    _require_both(read)
    kept = [cell for cell in read if cell.metadata.get("lang", language) == language]
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(kept):
        new: Any = (
            nbformat.v4.new_markdown_cell if cell.cell_type == "markdown" else nbformat.v4.new_code_cell
        )
        notebook.cells.append(new(cell.source, id=f"cell-{number:02}"))
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def _require_both(cells: list[Any]) -> None:
    """Every cell of one language is followed, or led, by its twin."""
    order, told = list(TARGETS), [(cell.metadata.get("lang"), cell) for cell in cells]
    expected = 0
    for language, cell in told:
        if language is None and cell.cell_type == "code" and expected == 0:
            continue
        if language != order[expected]:
            raise ValueError(f"This cell should be in {order[expected]!r}: {cell.source[:80]!r}.")
        expected = (expected + 1) % len(order)
    if expected:
        raise ValueError(f"The last cell is missing in {order[expected]!r}.")


def main() -> None:
    """Write the notebooks, or with --check say whether they are what the source gives."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where one differs")
    check = parser.parse_args().check
    source = SOURCE.read_text(encoding="utf-8")
    for language, target in TARGETS.items():
        made = make_notebook(source, language)
        if not check:
            target.write_text(made, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != made:
            sys.exit(f"{target} is not what {SOURCE.name} gives; run python scripts/make_notebooks.py.")


if __name__ == "__main__":
    main()
