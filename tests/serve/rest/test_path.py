from __future__ import annotations

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rest.path import Route, is_api_path, read_path


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("POST", "/v1/models/m:predict", Route(verb="predict", spec=ModelSpec(name="m"))),
        ("POST", "/v1/models/a%2Fb:regress", Route(verb="regress", spec=ModelSpec(name="a/b"))),
        ("GET", "/v1/models/m/versions/007", Route(verb="status", spec=ModelSpec(name="m", version=7))),
        ("GET", "/v1/models/m/labels/l", Route(verb="status", spec=ModelSpec(name="m", label="l"))),
        ("GET", "/v1/models/m/metadata", Route(verb="metadata", spec=ModelSpec(name="m"))),
        ("GET", "/v1/models/m/METADATA", Route(verb="status", spec=ModelSpec(name="m"))),
    ],
)
def test_paths_that_mean_something(method: str, target: str, route: Route) -> None:
    assert read_path(method, target) == route


@pytest.mark.parametrize("target", ["/v1/models/versions/1", "/v1/models/metadata/metadata/x", "/v1/model/m"])
def test_paths_that_mean_nothing(target: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_path("GET", target)
    assert caught.value.code is ErrorCode.INVALID


def test_only_v1_belongs_to_the_api() -> None:
    assert is_api_path("/V1/anything")
    assert not is_api_path("/v2/models/m")
    assert not is_api_path("/v1")
