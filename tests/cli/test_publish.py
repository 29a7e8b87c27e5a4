from __future__ import annotations

import json
from pathlib import Path

import pytest

from kuzov.bundle.layout import UNPUBLISHED, versions
from tests.cli.conftest import Kuzov

BASE = Path("models/img_classifier")


def keep(base: Path, *names: str) -> None:
    for name in names:
        (base / name).mkdir(parents=True)
        (base / name / "saved_model.pb").write_text(name)


@pytest.mark.parametrize("asked", [f"{BASE}/{UNPUBLISHED}/7", str(BASE), ""])
def test_a_version_that_waits_becomes_the_newest(kuzov: Kuzov, tmp_path: Path, asked: str) -> None:
    keep(tmp_path / BASE, "3", f"{UNPUBLISHED}/5", f"{UNPUBLISHED}/7")
    done = kuzov("publish", *asked.split())
    assert (done.status, done.out) == (
        0,
        f"Published as {BASE}/7; a running server takes it within a second.\n",
    )
    assert versions(tmp_path / BASE) == [3, 7]
    assert (tmp_path / BASE / "7" / "saved_model.pb").read_text() == f"{UNPUBLISHED}/7"
    assert [each.name for each in (tmp_path / BASE / UNPUBLISHED).iterdir()] == ["5"]


def test_its_number_grows_where_another_was_published_since(kuzov: Kuzov, tmp_path: Path) -> None:
    keep(tmp_path / BASE, "3", "9", f"{UNPUBLISHED}/7")
    done = kuzov("publish", f"{BASE}/{UNPUBLISHED}/7", "--json")
    assert json.loads(done.out) == {"bundle": f"{BASE}/10"}
    assert versions(tmp_path / BASE) == [3, 9, 10]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("", f"No version waits in {BASE} to be published. Train one: kuzov train PHOTOS"),
        (
            f"{BASE}/{UNPUBLISHED}/8",
            f"There is no unpublished version {BASE}/{UNPUBLISHED}/8; kuzov train tells where it kept one.",
        ),
        (f"{BASE}/3", f"No version waits in {BASE}/3 to be published. Train one: kuzov train PHOTOS"),
    ],
)
def test_what_does_not_wait_is_told(kuzov: Kuzov, tmp_path: Path, asked: str, text: str) -> None:
    keep(tmp_path / BASE, "3")
    done = kuzov("publish", *asked.split())
    assert (done.status, done.out, done.err) == (1, "", f"Error: {text}\n")
    assert versions(tmp_path / BASE) == [3]
