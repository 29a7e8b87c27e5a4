"""The ways to make a call: in this process, over REST, over gRPC."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import quote

import grpc
import httpx
import numpy as np

from kuzov.errors import RequestError
from kuzov.serve.calls import ModelSpec, Task
from kuzov.serve.core import Core
from kuzov.serve.rest.app import RestApp
from kuzov.serve.rpc.grpc_server import grpc_server
from kuzov.serve.service import Service
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy, to_numpy
from tests.conformance.table import (
    Case,
    array,
    classes,
    examples,
    from_nested,
    nested,
    serialized,
    spec_of,
)
from tests.serve.rpc.conftest import listening, send


class Refused(Exception):  # noqa: N818
    """A call failed; `code` is the name of its code, or its HTTP status."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


async def told(ask: Awaitable[Any]) -> Any:
    """The answer to a call; raises Refused where there is none."""
    try:
        return await ask
    except RequestError as error:
        raise Refused(error.code.value, str(error)) from error
    except grpc.aio.AioRpcError as error:
        raise Refused(error.code().name, str(error.details())) from error


async def by_core(service: Service, case: Case) -> Any:
    """Make a call in this process."""
    model, name = spec_of(case), case.get("signature", "")
    match case["call"]:
        case "predict":
            call = service.find(model, name)
            inputs = {key: array(each) for key, each in case["inputs"].items()}
            answer = await service.predict(call, inputs, case.get("output_filter", ()))
            return {key: np.asarray(output) for key, output in answer.outputs.items()}
        case "classify":
            return (await service.classify(model, name, serialized(case))).results
        case "regress":
            return (await service.regress(model, name, serialized(case))).results
        case "multi_inference":
            tasks = [
                Task(
                    spec=ModelSpec(name=each[0]),
                    signature_name=each[1],
                    method_name=f"tensorflow/serving/{each[2]}",
                )
                for each in case["tasks"]
            ]
            return [answer.results for answer in await service.multi_inference(tasks, serialized(case))]
        case "status":
            return [[each.version, each.state] for each in service.model_status(model)]
    return service.metadata(model).version


async def by_rest(core: Core, case: Case) -> Any:
    """Make a call over REST; tensors go in column form."""
    model, call = case.get("model", {}), case["call"]
    path = f"/v1/models/{model.get('name', 'm')}"
    path += f"/versions/{model['version']}" if "version" in model else ""
    path += f"/labels/{quote(model['label'])}" if "label" in model else ""
    if call in {"status", "metadata"}:
        answer = await _json(core, "GET", path + ("/metadata" if call == "metadata" else ""))
        if call == "metadata":
            return int(answer["model_spec"]["version"])
        return [[int(each["version"]), each["state"]] for each in answer["model_version_status"]]
    body = {"signature_name": case["signature"]} if "signature" in case else {}
    if call == "predict":
        body["inputs"] = {name: nested(each) for name, each in case["inputs"].items()}
        outputs = (await _json(core, "POST", f"{path}:predict", body))["outputs"]
        if len(case["answer"]) == 1:
            outputs = dict.fromkeys(case["answer"], outputs)
        return {name: from_nested(outputs[name], tensor["dtype"]) for name, tensor in case["answer"].items()}
    body |= {key: case[key] for key in ("context", "examples") if key in case}
    return (await _json(core, "POST", f"{path}:{call}", body))["results"]


async def by_grpc(core: Core, case: Case) -> Any:
    """Make a call over gRPC."""
    model = messages.ModelSpec(signature_name=case.get("signature", ""))
    given = case.get("model", {"name": "m"})
    model.name, model.version_label = given["name"], given.get("label", "")
    if "label" not in given:
        model.ClearField("version_label")
    if "version" in given:
        model.version.value = given["version"]
    match case["call"]:
        case "predict":
            inputs = {name: from_numpy(array(each)) for name, each in case["inputs"].items()}
            request = messages.PredictRequest(
                model_spec=model, inputs=inputs, output_filter=case.get("output_filter", ())
            )
            answer = await _rpc(core, "Predict", request)
            return {name: to_numpy(tensor) for name, tensor in answer.outputs.items()}
        case "classify":
            asked = messages.ClassificationRequest(model_spec=model, input=examples(case))
            return classes((await _rpc(core, "Classify", asked)).result)
        case "regress":
            wanted = messages.RegressionRequest(model_spec=model, input=examples(case))
            answer = await _rpc(core, "Regress", wanted)
            return [each.value for each in answer.result.regressions]
        case "multi_inference":
            tasks = [
                messages.InferenceTask(
                    model_spec=messages.ModelSpec(name=each[0], signature_name=each[1]),
                    method_name=f"tensorflow/serving/{each[2]}",
                )
                for each in case["tasks"]
            ]
            several = messages.MultiInferenceRequest(tasks=tasks, input=examples(case))
            return [
                classes(each.classification_result)
                if each.WhichOneof("result") == "classification_result"
                else [found.value for found in each.regression_result.regressions]
                for each in (await _rpc(core, "MultiInference", several)).results
            ]
        case "status":
            states = messages.ModelVersionStatus.State
            status = messages.GetModelStatusRequest(model_spec=model)
            answer = await _rpc(core, "GetModelStatus", status)
            return [[each.version, states.Name(each.state)] for each in answer.model_version_status]
    about = messages.GetModelMetadataRequest(model_spec=model, metadata_field=["signature_def"])
    return (await _rpc(core, "GetModelMetadata", about)).model_spec.version.value


async def ask_http(core: Core, method: str, path: str, body: str | bytes | None) -> httpx.Response:
    """Send a request to the REST port, in this process."""
    transport = httpx.ASGITransport(RestApp(core))
    async with httpx.AsyncClient(transport=transport, base_url="http://kuzov") as client:
        return await client.request(method, path, content=body)


async def _json(core: Core, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    response = await ask_http(core, method, path, None if body is None else json.dumps(body))
    answer = response.json()
    if response.status_code == 200:
        return answer
    raise Refused(str(response.status_code), answer["error"])


async def _rpc(core: Core, method: str, request: Any) -> Any:
    async with listening(grpc_server(core)) as channel:
        return await send(channel, method, request)
