from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.base_path import read_base_path
from tests.errors import raises

HERE = "only folders of this computer can be served."


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/models/m", "/models/m"),
        ("models/m", "models/m"),
        ("/models//m/", "/models/m"),
        ("C:/models", "C:/models"),
        ("/models/a:b", "/models/a:b"),
        ("/models/50%25", "/models/50%25"),  # a folder is taken as it is written
        ("file:///models/m", "/models/m"),
        ("file:///models/m/", "/models/m"),
        ("file://localhost/models/m", "/models/m"),
        ("FILE://LocalHost/models/m", "/models/m"),
        ("file:/models/m", "/models/m"),
        ("file:///models/my%20cars", "/models/my cars"),
        ("file:///models/my cars", "/models/my cars"),
        ("file:///models/%D0%BC%D0%B0%D1%88%D0%B8%D0%BD%D1%8B", "/models/машины"),
        ("file:///models/машины", "/models/машины"),
        ("file:///models/%FF", "/models/\udcff"),
        ("file:///models/50%25", "/models/50%"),
        ("file:///models/a?b#c", "/models/a?b#c"),
    ],
)
def test_a_folder_of_this_computer(text: str, path: str) -> None:
    assert read_base_path("m", text) == Path(path)


@pytest.mark.parametrize(
    "uri",
    ["s3://bucket/m", "gs://bucket/m", "S3://bucket/m", "hdfs://host:9000/m", "http://host/m", "https://host/m",
     "abfs://c@a.dfs.core.windows.net/m", "az://c/m", "s3://"],
)  # fmt: skip
def test_a_folder_elsewhere(uri: str) -> None:
    text = f"Model m has the base path {uri}, but {HERE} Mount or copy it, and give its path."
    with raises(RequestError, text, ErrorCode.INVALID):
        read_base_path("m", uri)


@pytest.mark.parametrize("host", ["nas", "models", "127.0.0.2"])
def test_a_file_uri_of_another_computer(host: str) -> None:
    text = (
        f"Model m has the base path file://{host}/m, but {HERE} {host} is read as the name of another; a "
        "path of this one has three slashes, file:///."
    )
    with raises(RequestError, text, ErrorCode.INVALID):
        read_base_path("m", f"file://{host}/m")


@pytest.mark.parametrize("text", ["", "/models/\0", "file:///models/%00"])
def test_no_path_at_all(text: str) -> None:
    with raises(
        RequestError, f"Model m has the base path {text!r}, which is no path. Give that of a folder."
    ):
        read_base_path("m", text)
