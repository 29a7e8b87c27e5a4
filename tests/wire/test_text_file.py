from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from kuzov.wire.messages import BatchingParameters, ModelServerConfig
from kuzov.wire.text_file import read_text_file
from kuzov.words import Words
from tests.errors import raises


def test_a_file_is_read_in_all_spellings(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(
        """# The models.
        model_config_list: {
          config: { name: 'a', base_path: "/models/" "a"; model_platform: "tensorflow" },
          config < name: 'b' version_labels { key: 'stable' value: 43 } >
        }"""
    )
    first, second = read_text_file(file, ModelServerConfig).model_config_list.config
    assert (first.name, first.base_path, first.model_platform) == ("a", "/models/a", "tensorflow")
    assert dict(second.version_labels) == {"stable": 43}


PARSING = "{file}: Error parsing text-format tensorflow.serving.BatchingParameters: "


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "The file {file} can't be read: No such file or directory."),
        (b"model\xff", "The file {file} is not UTF-8 text: byte 5 is wrong."),
        (
            b"max_batch_size { value: 8 }\nmixed_priority_policy: 1",
            PARSING + '2:1 : Message type "tensorflow.serving.BatchingParameters" has no field named '
            '"mixed_priority_policy".',
        ),
        (
            b"max_batch_size { value: many }",
            PARSING + "1:25 : 'max_batch_size {{ value: many }}': Couldn't parse integer: many",
        ),
        (b"max_batch_size {", PARSING + '1:16 : Expected "}}".'),
    ],
)
def test_a_mistake_is_told_with_its_place(content: bytes | None, text: str, tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    if content is not None:
        file.write_bytes(content)
    with raises(ConfigError, text.format(file=file)):
        read_text_file(file, BatchingParameters)


def test_a_mistake_is_told_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    text = Words("The file {file} can't be read: {why}.", "Файл {file} не читается: {why}.")
    why = Words("No such file or directory", "нет такого файла или папки")
    with raises(ConfigError, text.fill(file=str(file), why=why)):
        read_text_file(file, ModelServerConfig)
