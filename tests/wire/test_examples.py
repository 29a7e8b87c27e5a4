from __future__ import annotations

from kuzov.wire.examples import serialized_examples
from kuzov.wire.messages import Example, Input


def named(name: str) -> Example:
    example = Example()
    example.features.feature[name].float_list.value.append(1.0)
    return example


def test_examples_as_they_are() -> None:
    message = Input()
    message.example_list.examples.extend([named("a"), named("b")])
    found = [Example.FromString(each) for each in serialized_examples(message)]
    assert [set(each.features.feature) for each in found] == [{"a"}, {"b"}]


def test_each_has_the_features_of_the_context_too() -> None:
    message = Input()
    message.example_list_with_context.context.CopyFrom(named("common"))
    message.example_list_with_context.examples.extend([named("a"), named("b")])
    found = [Example.FromString(each) for each in serialized_examples(message)]
    assert [set(each.features.feature) for each in found] == [{"common", "a"}, {"common", "b"}]


def test_no_examples() -> None:
    assert serialized_examples(Input()) == []
