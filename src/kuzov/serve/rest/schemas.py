"""The forms of the bodies that the REST port takes and gives, as JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]


def _object(properties: Schema, required: Sequence[str] | None = None) -> Schema:
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names}


_TEXT: Schema = {"type": "string"}
_STATE: Schema = {
    "version": _TEXT,
    "state": {"enum": ["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]},
    "status": _object({"error_code": _TEXT, "error_message": _TEXT}),
}
SCHEMAS: Mapping[str, Schema] = {
    "Error": {**_object({"error": _TEXT}), "additionalProperties": False},
    "Predict": {
        "type": "object",
        "properties": {
            "signature_name": {**_TEXT, "description": 'The signature; "" is serving_default.'},
            "instances": {"type": "array", "minItems": 1, "description": "Row form: one element a row."},
            "inputs": {"description": "Column form: one tensor, or tensors by the names of the inputs."},
        },
        "oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}],
    },
    "Predictions": {
        "type": "object",
        "properties": {
            "predictions": {"type": "array", "description": "For row form."},
            "outputs": {"description": "For column form."},
        },
        "oneOf": [{"required": ["predictions"]}, {"required": ["outputs"]}],
    },
    "Examples": _object(
        {
            "signature_name": _TEXT,
            "context": {"type": "object", "description": "Features that all examples share."},
            "examples": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        },
        ["examples"],
    ),
    "Classify": _object(
        {
            "results": {
                "type": "array",
                "items": {
                    "type": "array",
                    "items": {"type": "array", "prefixItems": [_TEXT, {"type": "number"}]},
                },
            }
        }
    ),
    "Regress": _object({"results": {"type": "array", "items": {"type": "number"}}}),
    "ModelStatus": _object({"model_version_status": {"type": "array", "items": _object(_STATE)}}),
    "Metadata": _object(
        {
            "model_spec": _object({"name": _TEXT, "signature_name": _TEXT, "version": _TEXT}),
            "metadata": _object(
                {
                    "signature_def": _object({"signature_def": {"type": "object"}}),
                    "card": {"type": "object", "description": "The classes and more, of kuzov's own models."},
                },
                ["signature_def"],
            ),
        }
    ),
    "Status": _object(
        {
            "models": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": _object({**_STATE, "engine": {"type": ["string", "null"]}}),
                },
            }
        }
    ),
    "Alive": _object({"alive": {"const": True}}),
    "Ready": _object({"ready": {"type": "boolean"}, "reason": _TEXT}, ["ready"]),
}
