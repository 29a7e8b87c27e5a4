"""tensorflow.serving.ModelService: the states of models, and which models are served."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from kuzov.errors import invalid
from kuzov.serve.core import Core
from kuzov.serve.repository.config_file import model_configs
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.rpc.gate import Answer, Rpc
from kuzov.serve.rpc.request import parse, parse_about_model, spec_of
from kuzov.wire import messages


class ModelService:
    """Answers the service's methods, none of which a model computes."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.methods: Mapping[str, Answer] = {
            "GetModelStatus": self.get_model_status,
            "HandleReloadConfigRequest": self.handle_reload_config_request,
        }

    async def get_model_status(self, rpc: Rpc) -> bytes:
        """The states of a model's versions, newest first, or of the one that the request names."""
        spec = spec_of(parse_about_model(messages.GetModelStatusRequest, rpc.request).model_spec)
        rpc.record.model, rpc.record.version = spec.name, spec.version
        statuses = self._core.service.model_status(spec)
        answer = messages.GetModelStatusResponse(model_version_status=map(_status, statuses))
        return answer.SerializeToString()

    async def handle_reload_config_request(self, rpc: Rpc) -> bytes:
        """Serve the models that the request lists, and no others; returns when the new ones are available."""
        config = parse(messages.ReloadConfigRequest, rpc.request).config
        if config.WhichOneof("config") != "model_config_list":
            raise invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        configs = model_configs(config, served=self._core.service.models().keys())
        # The repository's own clock ends the reload: a thread can't be stopped from here.
        await asyncio.to_thread(self._core.reload, configs, deadline_s=rpc.remaining_s)
        return messages.ReloadConfigResponse(status=messages.StatusProto()).SerializeToString()


def _status(status: VersionStatus) -> messages.ModelVersionStatus:
    return messages.ModelVersionStatus(
        version=status.version,
        state=status.state,
        status=messages.StatusProto(error_code=status.error_code, error_message=status.error_message),
    )
