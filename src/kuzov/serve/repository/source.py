"""What is on disk under a base path, and which of its versions are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kuzov.bundle.layout import is_version, misplaced, newest
from kuzov.errors import BundleError, ErrorCode, RequestError, reason_of
from kuzov.serve.repository.config import ModelConfig

MAX_VERSION = 2**63 - 1  # a request's version is a signed 64-bit number
LEAF_DIRECTORY = "Did you forget to name your leaf directory as a number (eg. '/1/')?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one look at a base path found: folders by version, all with a model and those that are wanted."""

    found: Mapping[int, Path]
    wanted: Mapping[int, Path]
    remarks: tuple[str, ...]  # what an operator should put right, in sentences


def look(config: ModelConfig) -> Listing:
    """Look at a model's base path.

    A folder whose saved_model.pb is not there yet is still being copied, and not a version.

    Raises:
        BundleError: The base path is missing or can't be read.
    """
    try:
        inside = sorted(path for path in config.base_path.iterdir() if is_version(path))
    except OSError as error:
        raise BundleError(
            f"The base path {config.base_path} of model {config.name} can't be read: {reason_of(error)}."
        ) from error
    found: dict[int, Path] = {}
    remarks = []
    for folder in (each for each in inside if int(each.name) <= MAX_VERSION):
        taken = found.setdefault(int(folder.name), folder)
        if taken is not folder:
            remarks.append(
                f"Version {int(folder.name)} of model {config.name} is there twice: {taken} is used, "
                f"{folder} is ignored. Remove one of them."
            )
    wanted = {version: found[version] for version in config.policy.wanted(tuple(found))}
    return Listing(found=found, wanted=wanted, remarks=(*remarks, *_missing(config, found)))


def look_for_start(config: ModelConfig) -> Listing:
    """As `look`, for a model that can't be done without: none of the versions wanted is a BundleError too.

    A model that is awaited can be done without.
    """
    if config.awaited:
        return look(config)
    try:
        listing = look(config)
    except BundleError:
        newest(config.base_path)
        raise
    if not listing.found:
        newest(config.base_path)
    if not listing.wanted:
        raise BundleError(" ".join(listing.remarks))
    return listing


def look_for_reload(config: ModelConfig) -> Listing:
    """As `look`, for a model that a reload adds or moves: NOT_FOUND where it would be waited for in vain."""
    try:
        listing = look(config)
    except BundleError as error:
        raise RequestError(ErrorCode.NOT_FOUND, str(error)) from error
    if not listing.wanted:
        raise RequestError(ErrorCode.NOT_FOUND, " ".join(listing.remarks))
    return listing


def _missing(config: ModelConfig, found: Mapping[int, Path]) -> list[str]:
    if not found and config.awaited:
        return []
    if not found:
        text = f"No versions of servable {config.name} found under base path {config.base_path}. "
        meant = misplaced(config.base_path)
        return [f"{text}{meant or LEAF_DIRECTORY}"]
    return [
        f"Version {version} of model {config.name} is wanted by its policy, "
        f"but not found under base path {config.base_path}."
        for version in config.policy.specific or ()
        if version not in found
    ]
