"""Which photos a version has learned from, by the start of the SHA-256 of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kuzov.bundle.layout import LEARNED_FROM
from kuzov.errors import BundleError, reason_of
from kuzov.words import Words

_DIGITS = 16  # of a digest in hex: enough to tell photos apart
_LINES = re.compile(rb"(?:[0-9a-f]{%d}\n)+" % _DIGITS)
_UNREADABLE = Words("{file} can't be read: {why}", "файл {file} не читается: {why}")
_DAMAGED = Words("{file} is damaged", "файл {file} повреждён")


@dataclass(frozen=True, slots=True)
class LearnedFrom:
    """The photos that a version has learned from; `digest in it` asks by a photo's SHA-256, in hex."""

    starts: frozenset[str]

    @classmethod
    def of(cls, digests: Iterable[str]) -> LearnedFrom:
        """The photos of these digests."""
        return cls(frozenset(each[:_DIGITS] for each in digests))

    @classmethod
    def read(cls, version_dir: Path) -> LearnedFrom | None:
        """What a version's folder says; None where it says nothing, as an older kuzov's.

        Raises:
            BundleError: It can't be read, or is damaged.
        """
        file = version_dir / LEARNED_FROM
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BundleError(_UNREADABLE.fill(file=str(file), why=reason_of(error))) from error
        if not _LINES.fullmatch(content):
            raise BundleError(_DAMAGED.fill(file=str(file)))
        return cls(frozenset(content.decode("ascii").split()))

    def write(self, version_dir: Path) -> None:
        """Have a version's folder say so.

        Raises:
            OSError: It can't be written.
        """
        text = "".join(f"{each}\n" for each in sorted(self.starts))
        (version_dir / LEARNED_FROM).write_text(text, encoding="ascii")

    def __contains__(self, digest: str) -> bool:
        return digest[:_DIGITS] in self.starts
