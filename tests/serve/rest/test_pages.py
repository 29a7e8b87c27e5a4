from __future__ import annotations

import pytest

from tests.serve.rest.port import PhotoEngine, Port


def test_alive(port: Port) -> None:
    port.admission.close()
    response = port.ask("GET", "/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


def test_ready(port: Port) -> None:
    response = port.ask("GET", "/readyz?verbose")
    assert (response.status_code, response.json()) == (200, {"ready": True})


def test_not_ready_while_a_model_is_not(port: Port) -> None:
    port.engines = {"m": PhotoEngine(), "other": None}
    response = port.ask("GET", "/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "reason": 'No version of the model "other" is available.'}


def test_not_ready_without_models(port: Port) -> None:
    port.engines = {}
    assert port.ask("GET", "/readyz").json() == {"ready": False, "reason": "There is no model to serve."}


def test_not_ready_when_the_server_is_stopping(port: Port) -> None:
    port.admission.close()
    response = port.ask("GET", "/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "reason": "The server is stopping."}


def test_status_lists_all_models(port: Port) -> None:
    port.engines = {"m": PhotoEngine(), "other": None}
    assert port.ask("GET", "/status").json() == {
        "models": {
            "m": [
                {
                    "version": "1",
                    "state": "AVAILABLE",
                    "status": {"error_code": "OK", "error_message": ""},
                    "engine": "OpenVINO f32",
                }
            ],
            "other": [
                {
                    "version": "1",
                    "state": "END",
                    "status": {"error_code": "DATA_LOSS", "error_message": "broken"},
                    "engine": None,
                }
            ],
        }
    }


@pytest.mark.parametrize("path", ["/healthz", "/status", "/docs", "/openapi.json"])
def test_a_page_is_only_read(port: Port, path: str) -> None:
    assert port.ask("HEAD", path).status_code == 200
    response = port.ask("POST", path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json() == {"error": f"{path} answers GET only, not POST."}
