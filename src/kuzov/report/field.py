"""A place in a JSON file, read with its type checked."""

from __future__ import annotations

import json
from pathlib import Path

from kuzov.errors import KuzovError


class Field:
    """A place in a JSON file; where its value is not what it must be, the error names file and place."""

    def __init__(self, value: object, file: Path, name: str = "") -> None:
        self.value, self._file, self._name = value, file, name

    def __getitem__(self, key: str) -> Field:
        """The member of an object.

        Raises:
            KuzovError: This is not an object, or it has no such member.
        """
        if key not in self._members():
            raise KuzovError(f"{self._file} has no field {self._inner(key)}.")
        return Field(self._members()[key], self._file, self._inner(key))

    def get(self, key: str, default: object) -> Field:
        """The member of an object; where an older file lacks it, a place that holds the default."""
        known = self._members()
        return Field(known.get(key, default), self._file, self._inner(key))

    def members(self) -> dict[str, Field]:
        """All members of an object."""
        return {key: self[key] for key in self._members()}

    def elements(self) -> list[Field]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [Field(each, self._file, f"{self._name}[{row}]") for row, each in enumerate(self.value)]

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def number(self) -> float:
        """Any number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        return float(self.value)

    def count(self) -> int:
        """A whole number from 0, also where it was written as 9.0."""
        number = self.number()
        if number < 0 or not number.is_integer():
            raise self.wrong("a whole number from 0")
        return int(number)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def numbers(self) -> tuple[float, ...]:
        """A list of numbers."""
        return tuple(each.number() for each in self.elements())

    def counts(self) -> dict[str, int]:
        """An object whose members are all whole numbers from 0."""
        return {key: each.count() for key, each in self.members().items()}

    def wrong(self, wanted: str) -> KuzovError:
        """The error to raise where the value is not what it must be."""
        found = json.dumps(self.value, ensure_ascii=False)
        shown = found if len(found) <= 60 else f"{found[:60]}…"
        return KuzovError(f"{self._file}: {self._name or 'the content'} is {shown}; it must be {wanted}.")

    def _members(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def _inner(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
