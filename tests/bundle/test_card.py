from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kuzov.bundle.card import Card, card_from_json, find_card, read_card
from kuzov.errors import BundleError
from kuzov.records import ClassName
from tests.errors import raises
from tests.folders import close

CARD = Card(
    classes=(ClassName(id="b", en="B", ru="Б"), ClassName(id="a", en="A", ru="А")),
    backbone="tiny",
    image_px=32,
    temperature=0.5,
    unknown_threshold=0.5,
    precision="bf16",
    metrics={"ece": {"before": 0.1}},
    data={"train": {"a": 1}},
    versions={"kuzov": "1"},
    config={"seed": 0},
    atlas=("renault_4", "citroen_2cv"),
)


def write(version: Path, text: str) -> Path:
    (version / "assets.extra").mkdir(exist_ok=True)
    file = version / "assets.extra" / "card.json"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_card_survives_the_disk(tmp_path: Path) -> None:
    assert find_card(tmp_path) is None
    write(tmp_path, json.dumps(CARD.to_json(), ensure_ascii=False))
    assert find_card(tmp_path) == read_card(tmp_path) == CARD


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 1, "versions": {}}', '{"versions": "kuzov 1"}'])
def test_a_card_of_another_tool_is_none_of_kuzovs(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert find_card(tmp_path) is None


def test_fields_of_a_later_kuzov_are_left_aside() -> None:
    values = CARD.to_json() | {"colour": "red"}
    assert card_from_json(json.loads(json.dumps(values)), source="here") == CARD


def test_a_missing_card_is_told(tmp_path: Path) -> None:
    with raises(
        BundleError, f"The bundle {tmp_path} has no assets.extra/card.json: No such file or directory."
    ):
        read_card(tmp_path)


def test_a_card_in_a_folder_that_can_not_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, json.dumps(CARD.to_json()))
    close(file.parent, monkeypatch)
    with raises(BundleError, f"{file} can't be read: Permission denied."):
        find_card(tmp_path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_card_that_is_not_json_is_told(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    for read in (read_card, find_card):
        with pytest.raises(BundleError) as caught:
            read(tmp_path)
        assert str(caught.value).startswith(f"{file} is not valid JSON: ")


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (replace(CARD, format=3).to_json(), "3"),
        ({}, "None"),
        ([], "None"),
        ("1", "None"),
        ({"format": [2]}, "[2]"),
    ],
)
def test_another_form_asks_for_an_upgrade(values: Any, form: str) -> None:
    with raises(
        BundleError, f"card.json is of form {form}; this version of kuzov reads forms 1 to 2. Upgrade kuzov."
    ):
        card_from_json(values, source="card.json")


def test_a_card_of_before_the_atlas_has_none() -> None:
    values = CARD.to_json()
    del values["atlas"]
    assert card_from_json(values, source="here").atlas == ()


@pytest.mark.parametrize(
    ("unknown", "likely", "told"), [(0.6, 0.7, True), (0.6, 0.4, False), (0.4, 0.7, False)]
)
def test_a_look_alike_is_told_of_a_stranger_alone(unknown: float, likely: float, told: bool) -> None:
    found = CARD.prediction("a.jpg", [0.5, 0.5], unknown, alike=("renault_4", likely))
    expected = {"model": "renault_4", "probability": likely, "name": "Renault 4 hatchback (1961–1994)"}
    assert found.to_json()["look_alike"] == (expected if told else None)


@pytest.mark.parametrize("field", [name for name in CARD.to_json() if name not in {"format", "atlas"}])
def test_an_incomplete_card_is_told(field: str) -> None:
    values = CARD.to_json()
    del values[field]
    with raises(BundleError, f"card.json is not a complete card: '{field}'."):
        card_from_json(values, source="card.json")


@pytest.mark.parametrize("classes", [[{"id": "a"}], ["a"], None, 1])
def test_damaged_classes_are_told(classes: object) -> None:
    with pytest.raises(BundleError, match=r"^card\.json is not a complete card: "):
        card_from_json(CARD.to_json() | {"classes": classes}, source="card.json")
