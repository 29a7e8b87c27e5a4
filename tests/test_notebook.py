"""The notebooks: that they are what their source gives, and that they run from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from scripts.make_notebooks import SOURCE, TARGETS, make_notebook
from scripts.render_notebooks import run_notebook, write_page


@pytest.mark.parametrize("language", sorted(TARGETS))
def test_the_notebooks_are_what_the_source_gives(language: str) -> None:
    made = make_notebook(SOURCE.read_text(encoding="utf-8"), language)
    assert TARGETS[language].read_text(encoding="utf-8") == made, "run python scripts/make_notebooks.py"


def test_the_twins_differ_in_prose_and_language_alone() -> None:
    en, ru = (nbformat.read(TARGETS[language], as_version=4).cells for language in ("en", "ru"))
    assert [cell.cell_type for cell in en] == [cell.cell_type for cell in ru]
    differing = [(a, b) for a, b in zip(en, ru, strict=True) if a.source != b.source]
    assert [(a.source, b.source) for a, b in differing if a.cell_type == "code"] == [
        ('LANGUAGE = "en"', 'LANGUAGE = "ru"')
    ]
    prose = [(a, b) for a, b in zip(en, ru, strict=True) if a.cell_type == "markdown"]
    assert all(a.source != b.source for a, b in prose)


def test_the_notebooks_have_no_outputs() -> None:
    for file in TARGETS.values():
        code = [each for each in nbformat.read(file, as_version=4).cells if each.cell_type == "code"]
        assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)


def test_a_text_in_one_language_alone_is_refused() -> None:
    source = '# %% [markdown] lang="en"\n# Hello\n\n# %%\n1 + 1\n'
    with pytest.raises(ValueError, match=r"^This cell should be in 'ru': '1 \+ 1'\.$"):
        make_notebook(source, "en")
    with pytest.raises(ValueError, match=r"^The last cell is missing in 'ru'\.$"):
        make_notebook('# %% [markdown] lang="en"\n# Hello\n', "en")
    with pytest.raises(ValueError, match=r"^This cell should be in 'en': 'Hello'\.$"):
        make_notebook("# %% [markdown]\n# Hello\n", "en")


@pytest.fixture
def photos(request: pytest.FixtureRequest, synthetic_photos: Path, tmp_path: Path) -> Path:
    """A few real photos of each class where they are, else drawn ones."""
    try:
        real = request.getfixturevalue("real_photos")
    except pytest.skip.Exception:
        return synthetic_photos
    few = tmp_path / "photos"
    shutil.copytree(real / "test", few / "test")
    for side, count in (("train", 6), ("validation", 2)):
        for label in (real / side).iterdir():
            (few / side / label.name).mkdir(parents=True)
            for photo in sorted(label.glob("[!.]*"))[:count]:
                shutil.copy(photo, few / side / label.name)
    return few


@pytest.mark.slow
def test_the_whole_story(photos: Path, own_cache: Path, tmp_path: Path) -> None:
    """Both servers' answers are compared inside; a cell that fails fails the run."""
    notebook = run_notebook(TARGETS["ru"], photos, tmp_path, epochs=1)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [each.text for each in outputs if each.get("name") == "stderr"] == []
    versions = list((tmp_path / ".demo" / "models" / "img_classifier").iterdir())
    assert len(versions) == 2
    (tmp_path / "pages").mkdir()
    write_page(notebook, "story", tmp_path / "pages", "A note.\n\n")
    page = (tmp_path / "pages" / "story.md").read_text(encoding="utf-8")
    assert page.startswith("A note.\n\n# Что за машина на фото?")
    assert "<th>Внедорожник</th>" in page or "<th>ВАЗ-2110</th>" in page
    assert "<style" not in page
    assert "*In English: [car_classification.md](car_classification.md).*" in page
    pictures = {file.name for file in (tmp_path / "pages" / "story_files").iterdir()}
    assert len(pictures) > 10
    assert all(f"story_files/{name}" in page for name in pictures)
