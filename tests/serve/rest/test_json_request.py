from __future__ import annotations

import pytest

from kuzov.errors import RequestError
from kuzov.serve.json_request import Form, read_predict
from kuzov.serve.service import Call, ModelSpec, Service


@pytest.mark.parametrize(
    ("body", "form"), [(b'{"instances": [1]}', Form.ROW), (b'{"inputs": [1]}', Form.COLUMN)]
)
def test_the_form_is_remembered(service: Service, body: bytes, form: Form) -> None:
    call, tensors, found = read_predict(body, lambda name: service.find(ModelSpec(name="m"), name))
    assert found is form
    assert call.signature_name == "serving_default"
    assert tensors["x"].tolist() == [1.0]


def test_the_signature_is_looked_up_before_the_tensors_are_read() -> None:
    def find(name: str) -> Call:
        raise LookupError(name)

    with pytest.raises(LookupError, match="sig"):
        read_predict(b'{"signature_name": "sig", "instances": "wrong"}', find)
    with pytest.raises(RequestError):
        read_predict(b'{"signature_name": 1, "instances": "wrong"}', find)
