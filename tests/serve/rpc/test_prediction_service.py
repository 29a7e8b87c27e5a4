from __future__ import annotations

import pytest
from google.protobuf.message import Message

from kuzov.serve.rpc.request import LARGE_BYTES
from kuzov.wire import messages
from tests.serve.rpc.conftest import Site, example, examples, model_spec, refusal

TWO = examples(example(x=1.0), example(xyz=2.0))
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


CLASSIFICATION = messages.ClassificationRequest(model_spec=model_spec("classify"), input=TWO)


def regression(found: messages.Input = TWO) -> messages.RegressionRequest:
    return messages.RegressionRequest(model_spec=model_spec("regress"), input=found)


def inference(*tasks: tuple[str, str]) -> messages.MultiInferenceRequest:
    return messages.MultiInferenceRequest(
        tasks=[
            messages.InferenceTask(model_spec=model_spec(signature), method_name=method)
            for signature, method in tasks
        ],
        input=TWO,
    )


def metadata(*fields: str) -> messages.GetModelMetadataRequest:
    return messages.GetModelMetadataRequest(model_spec=model_spec(), metadata_field=fields)


def test_classify(site: Site) -> None:
    answer = site.call("Classify", CLASSIFICATION)
    assert [
        [(each.label, each.score) for each in classes.classes] for classes in answer.result.classifications
    ] == [[("qashqai", 0.75), ("�", 0.25)]] * 2
    assert answer.model_spec == model_spec("classify", version=124)


def test_regress(site: Site) -> None:
    answer = site.call("Regress", regression())
    assert [each.value for each in answer.result.regressions] == [
        float(each.ByteSize()) for each in TWO.example_list.examples
    ]
    assert answer.model_spec == model_spec("regress", version=124)


def test_a_large_request_loses_nothing(site: Site) -> None:
    photo = messages.Feature(bytes_list=messages.BytesList(value=[bytes(LARGE_BYTES)]))
    found = messages.Example(features=messages.Features(feature={"photo": photo}))
    answer = site.call("Regress", regression(found=examples(found, example(x=1.0))))
    assert [each.value for each in answer.result.regressions] == [found.ByteSize(), example(x=1.0).ByteSize()]


def test_several_inferences_of_the_same_examples(site: Site) -> None:
    answer = site.call("MultiInference", inference(("regress", REGRESS), ("classify", CLASSIFY)))
    first, second = answer.results
    assert first.WhichOneof("result") == "regression_result"
    assert second.WhichOneof("result") == "classification_result"
    assert [result.model_spec for result in answer.results] == [
        model_spec("regress", version=124),
        model_spec("classify", version=124),
    ]


def test_the_journal_knows_what_was_asked(site: Site) -> None:
    site.call("Classify", CLASSIFICATION)
    site.call("Regress", regression())
    site.call("MultiInference", inference(("regress", REGRESS)))
    site.call("GetModelMetadata", metadata("signature_def"))
    assert [(each.method, each.api, each.model, each.version, each.rows) for each in site.records] == [
        ("Classify", "Classify", "m", 124, 2),
        ("Regress", "Regress", "m", 124, 2),
        ("MultiInference", None, "m", 124, 2),
        ("GetModelMetadata", None, "m", 124, 0),
    ]


def test_metadata_tells_the_signatures(site: Site) -> None:
    answer = site.call("GetModelMetadata", metadata("signature_def"))
    assert answer.model_spec == model_spec("", version=124)
    packed = answer.metadata["signature_def"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    signatures = messages.SignatureDefMap.FromString(packed.value).signature_def
    assert signatures["classify"].method_name == CLASSIFY
    assert signatures["with_default"].defaults["x"].dtype == messages.DT_FLOAT


NAMELESS = messages.ModelSpec()


@pytest.mark.parametrize(
    ("method", "request_", "code", "text"),
    [
        ("Classify", messages.ClassificationRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        ("Regress", messages.RegressionRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            "Regress",
            messages.RegressionRequest(model_spec=NAMELESS),
            "INVALID_ARGUMENT",
            "ModelSpec has no name specified.",
        ),
        (
            "MultiInference",
            messages.MultiInferenceRequest(),
            "INVALID_ARGUMENT",
            "ModelSpec has no name specified.",
        ),
        (
            "MultiInference",
            messages.MultiInferenceRequest(
                tasks=[messages.InferenceTask(model_spec=model_spec()), messages.InferenceTask()]
            ),
            "INVALID_ARGUMENT",
            "Found ModelSpec with an empty model name.",
        ),
        ("GetModelMetadata", messages.GetModelMetadataRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            "GetModelMetadata",
            metadata(),
            "INVALID_ARGUMENT",
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (
            "GetModelMetadata",
            metadata("signature_def", "F"),
            "INVALID_ARGUMENT",
            "Metadata field F is not supported",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_refused_in_tensorflow_servings_words(
    site: Site, method: str, request_: Message, code: str, text: str
) -> None:
    assert refusal(lambda: site.call(method, request_)) == (code, text)
