from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.message import Message

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.wire import messages
from tests.serve.rpc.conftest import Site, model_spec, refusal


def reload(name: str, base_path: str, platform: str = "tensorflow") -> messages.ReloadConfigRequest:
    config = messages.ModelConfig(name=name, base_path=base_path, model_platform=platform)
    return messages.ReloadConfigRequest(
        config=messages.ModelServerConfig(model_config_list=messages.ModelConfigList(config=[config]))
    )


def test_all_versions_have_a_status(site: Site) -> None:
    answer = site.call("GetModelStatus", messages.GetModelStatusRequest(model_spec=model_spec(label="any")))
    state, code = messages.ModelVersionStatus.State, messages.Code
    assert [
        (each.version, state.Name(each.state), code.Name(each.status.error_code), each.status.error_message)
        for each in answer.model_version_status
    ] == [
        (124, "AVAILABLE", "OK", ""),
        (123, "AVAILABLE", "OK", ""),
        (122, "END", "UNKNOWN", "No such file"),
    ]


def test_other_models_are_served_from_now_on(site: Site) -> None:
    answer = site.call("HandleReloadConfigRequest", reload("n", "/models/n"))
    assert answer.HasField("status")
    assert (answer.status.error_code, answer.status.error_message) == (messages.OK, "")
    assert [list(configs) for configs in site.reloads] == [
        [ModelConfig(name="n", base_path=Path("/models/n"))]
    ]


def test_a_served_model_keeps_its_platform(site: Site) -> None:
    code, text = refusal(lambda: site.call("HandleReloadConfigRequest", reload("m", "/models/m", "pytorch")))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Illegal to change a model's platform. For model m")


def test_a_list_that_cannot_be_served_is_refused(site: Site) -> None:
    text = "Request to assign label to version 9 of model n, which is not currently available for inference"
    site.reload_error = RequestError(ErrorCode.FAILED_PRECONDITION, text)
    request = reload("n", "/models/n")
    assert refusal(lambda: site.call("HandleReloadConfigRequest", request)) == ("FAILED_PRECONDITION", text)


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("GetModelStatus", messages.GetModelStatusRequest(), "Missing ModelSpec"),
        (
            "HandleReloadConfigRequest",
            reload("n", "models/n"),
            "Expected model n to have an absolute path or URI; got base_path()=models/n",
        ),
        (
            "HandleReloadConfigRequest",
            messages.ReloadConfigRequest(),
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        ),
    ],
)
def test_what_can_not_be_read_is_refused(site: Site, method: str, request_: Message, text: str) -> None:
    assert refusal(lambda: site.call(method, request_)) == ("INVALID_ARGUMENT", text)
    assert site.reloads == []
