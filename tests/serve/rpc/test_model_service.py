from __future__ import annotations

from pathlib import Path

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


def test_a_status_needs_a_model(site: Site) -> None:
    request = messages.GetModelStatusRequest()
    refused = refusal(lambda: site.call("GetModelStatus", request))
    assert refused == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_other_models_are_served_from_now_on(site: Site) -> None:
    answer = site.call("HandleReloadConfigRequest", reload("n", "/models/n"))
    assert answer.HasField("status")
    assert (answer.status.error_code, answer.status.error_message) == (messages.OK, "")
    assert [list(configs) for configs in site.reloads] == [
        [ModelConfig(name="n", base_path=Path("/models/n"))]
    ]


def test_a_list_that_cannot_be_read_is_refused(site: Site) -> None:
    request = reload("n", "models/n")
    assert refusal(lambda: site.call("HandleReloadConfigRequest", request)) == (
        "INVALID_ARGUMENT",
        "Expected model n to have an absolute path or URI; got base_path()=models/n",
    )
    assert site.reloads == []


def test_a_served_model_keeps_its_platform(site: Site) -> None:
    code, text = refusal(lambda: site.call("HandleReloadConfigRequest", reload("m", "/models/m", "pytorch")))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Illegal to change a model's platform. For model m")


def test_a_list_that_cannot_be_served_is_refused(site: Site) -> None:
    text = "Request to assign label to version 9 of model n, which is not currently available for inference"
    site.reload_error = RequestError(ErrorCode.FAILED_PRECONDITION, text)
    request = reload("n", "/models/n")
    assert refusal(lambda: site.call("HandleReloadConfigRequest", request)) == ("FAILED_PRECONDITION", text)


def test_only_a_list_of_models_can_be_loaded(site: Site) -> None:
    assert refusal(lambda: site.call("HandleReloadConfigRequest", messages.ReloadConfigRequest())) == (
        "INVALID_ARGUMENT",
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )
