from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import BundleError, ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig, VersionPolicy
from kuzov.serve.repository.source import look, look_for_reload, look_for_start
from tests.errors import raises
from tests.serve.repository.fakes import put


def config(base: Path, *specific: int) -> ModelConfig:
    policy = VersionPolicy(specific=specific) if specific else VersionPolicy(latest=2)
    return ModelConfig(name="m", base_path=base, policy=policy)


def test_versions_are_folders_named_by_a_number_with_a_model_inside(tmp_path: Path) -> None:
    put(tmp_path, 1, "007", 30, "x1", "-4", "²", ".incoming-9", str(2**63))
    (tmp_path / "31").mkdir()
    (tmp_path / "32").touch()
    listing = look(config(tmp_path))
    assert listing.found == {1: tmp_path / "1", 7: tmp_path / "007", 30: tmp_path / "30"}
    assert listing.wanted == {30: tmp_path / "30", 7: tmp_path / "007"}
    assert listing.remarks == ()


def test_of_two_folders_of_one_version_the_first_by_name_is_used(tmp_path: Path) -> None:
    put(tmp_path, 1, "01")
    listing = look(config(tmp_path))
    assert listing.wanted == {1: tmp_path / "01"}
    assert listing.remarks == (
        f"Version 1 of model m is there twice: {tmp_path / '01'} is used, {tmp_path / '1'} is ignored. "
        "Remove one of them.",
    )


def test_specific_versions_that_are_missing_are_remarked(tmp_path: Path) -> None:
    put(tmp_path, 1)
    listing = look(config(tmp_path, 1, 2))
    assert listing.wanted == {1: tmp_path / "1"}
    assert listing.remarks == (
        f"Version 2 of model m is wanted by its policy, but not found under base path {tmp_path}.",
    )


def test_a_base_path_without_versions(tmp_path: Path) -> None:
    listing = look(config(tmp_path))
    text = (
        f"No versions of servable m found under base path {tmp_path}. "
        "Did you forget to name your leaf directory as a number (eg. '/1/')?"
    )
    assert (listing.wanted, listing.remarks) == ({}, (text,))
    with raises(RequestError, text, ErrorCode.NOT_FOUND):
        look_for_reload(config(tmp_path))
    with pytest.raises(BundleError, match="No version in the model folder"):
        look_for_start(config(tmp_path))


def test_a_base_path_that_is_a_version(tmp_path: Path) -> None:
    put(tmp_path, 1)
    base = tmp_path / "1"
    meant = f"{base} is the folder of one version. Give the folder that it lies in, {tmp_path}."
    text = f"No versions of servable m found under base path {base}. {meant}"
    assert look(config(base)).remarks == (text,)
    with raises(RequestError, text, ErrorCode.NOT_FOUND):
        look_for_reload(config(base))
    with raises(BundleError, meant):
        look_for_start(config(base))


def test_a_base_path_that_is_missing(tmp_path: Path) -> None:
    base = tmp_path / "models"
    text = f"The base path {base} of model m can't be read: No such file or directory."
    with raises(BundleError, text):
        look(config(base))
    with raises(RequestError, text, ErrorCode.NOT_FOUND):
        look_for_reload(config(base))
    with pytest.raises(BundleError, match="There is no model folder"):
        look_for_start(config(base))


def test_a_model_that_is_awaited_may_have_no_version_yet(tmp_path: Path) -> None:
    awaited = ModelConfig(name="m", base_path=tmp_path, awaited=True)
    listing = look_for_start(awaited)
    assert (listing.wanted, listing.remarks) == ({}, ())
    put(tmp_path, 3)
    assert look_for_start(awaited).wanted == {3: tmp_path / "3"}
