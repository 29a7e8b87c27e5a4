from __future__ import annotations

import pytest
from google.protobuf import text_format

from kuzov.bundle.trace import Trace, Tracer
from kuzov.wire.messages import MetaGraphDef

# Two signatures whose wrappers call one function, as Keras's `serve` and `serving_default` do.
NETWORK = """
graph_def {
  node { name: "w" op: "VarHandleOp" attr { key: "dtype" value { type: DT_FLOAT } } }
  node { name: "a" op: "Placeholder" }
  node { name: "call_a" op: "StatefulPartitionedCall" input: "a" input: "w"
         attr { key: "f" value { func { name: "wrapper" } } } }
  node { name: "b" op: "Placeholder" }
  node { name: "call_b" op: "PartitionedCall" input: "b" input: "w"
         attr { key: "f" value { func { name: "other_wrapper" } } } }
  node { name: "negative" op: "Neg" input: "call_b" }
  node { name: "dead" op: "Assert" input: "a" }
  library {
    function {
      signature { name: "network" input_arg { name: "x" } input_arg { name: "resource" }
                  output_arg { name: "y" } output_arg { name: "x_too" } }
      node_def { name: "out" op: "IdentityN" input: "multiply:product:0" input: "x" input: "^check" }
      node_def { name: "check" op: "Assert" input: "x" }
      node_def { name: "multiply" op: "MatMul" input: "x" input: "read:value:0" }
      node_def { name: "read" op: "ReadVariableOp" input: "resource" input: "^nothing" }
      node_def { name: "nothing" op: "NoOp" }
      ret { key: "y" value: "out:output:0" }
      ret { key: "x_too" value: "out:output:1" }
    }
    function {
      signature { name: "wrapper" input_arg { name: "x" } input_arg { name: "w" } output_arg { name: "y" } }
      node_def { name: "call" op: "PartitionedCall" input: "x" input: "w"
                 attr { key: "f" value { func { name: "network" } } } }
      ret { key: "y" value: "call:output:0" }
    }
    function {
      signature { name: "other_wrapper" input_arg { name: "x" } input_arg { name: "w" }
                  output_arg { name: "y" } output_arg { name: "z" } }
      node_def { name: "call" op: "PartitionedCall" input: "x" input: "w"
                 attr { key: "f" value { func { name: "network" } } } }
      ret { key: "y" value: "call:output:0" }
      ret { key: "z" value: "call:output:1" }
    }
  }
}
signature_def { key: "one" value {
  inputs { key: "x" value { name: "a:0" } } outputs { key: "y" value { name: "call_a:0" } } } }
signature_def { key: "two" value {
  inputs { key: "x" value { name: "b:0" } } outputs { key: "y" value { name: "call_b:0" } } } }
signature_def { key: "inner" value {
  inputs { key: "x" value { name: "b:0" } }
  outputs { key: "x" value { name: "call_b:1" } } outputs { key: "y" value { name: "negative:0" } } } }
"""


def tracer(text: str) -> Tracer:
    return Tracer(text_format.Parse(text, MetaGraphDef()))


def ops(trace: Trace) -> list[str]:
    return [each.op for each in trace.operations]


def test_a_function_is_replaced_by_what_it_does() -> None:
    trace = tracer(NETWORK).signature("one")
    assert sorted(ops(trace)) == ["Assert", "MatMul", "ReadVariableOp", "VarHandleOp"]
    multiply, output = trace.outputs["y"]
    assert (multiply.op, output) == ("MatMul", "product:0")
    image, weights = multiply.operands
    assert image == trace.inputs["x"]
    assert [each.operation.types for each in weights.operation.operands] == [{"dtype": "DT_FLOAT"}]


def test_each_operation_stands_after_its_operands() -> None:
    done = tracer(NETWORK).signature("inner").operations
    for index, operation in enumerate(done):
        made = {tensor.operation for tensor in operation.operands if tensor.operation.op != "Placeholder"}
        assert made <= set(done[:index])


def test_signatures_may_compute_the_same() -> None:
    network = tracer(NETWORK)
    one, two = network.signature("one"), network.signature("two")
    assert (one.inputs, one.outputs, set(one.operations)) == (two.inputs, two.outputs, set(two.operations))
    assert network.signature("inner").outputs != one.outputs


def test_what_is_handed_on_is_the_tensor_itself() -> None:
    trace = tracer(NETWORK).signature("inner")
    assert trace.outputs["x"] == trace.inputs["x"]


def test_an_input_may_stand_for_a_result() -> None:
    text = NETWORK.replace('name: "a:0"', 'name: "call_a:0"')
    trace = tracer(text).signature("one")
    assert ops(trace) == []
    assert trace.outputs["y"] == trace.inputs["x"]
    assert trace.inputs["x"].operation.op == "StatefulPartitionedCall"


START = 'graph_def { node { name: "start" op: "NoOp" input: "^fill" } node { name: "fill" op: "Assign" } } '


@pytest.mark.parametrize(
    "pointer",
    [
        'signature_def { key: "__saved_model_init_op" '
        'value { outputs { key: "op" value { name: "start" } } } }',
        'collection_def { key: "saved_model_main_op" value { node_list { value: "start" } } }',
        'collection_def { key: "legacy_init_op" value { node_list { value: "start" } } }',
    ],
)
def test_what_is_done_at_the_start(pointer: str) -> None:
    assert [each.op for each in tracer(START + pointer).initialisation()] == ["Assign"]


def test_mostly_nothing_is_done_at_the_start() -> None:
    assert tracer(NETWORK).initialisation() == ()


@pytest.mark.parametrize(
    ("found", "instead", "error"),
    [
        ('input: "call_b"', 'input: "call_b:9"', IndexError),
        ('input: "call_b"', 'input: "missing"', KeyError),
        ('value: "call:output:1"', 'value: "call:output:7"', IndexError),
        ('input: "call_b"', 'input: "negative"', ValueError),
        ('func { name: "network" }', 'func { name: "other_wrapper" }', ValueError),
        ('input: "b" input: "w"', 'input: "b"', ValueError),
    ],
)
def test_a_graph_that_does_not_hang_together(found: str, instead: str, error: type[Exception]) -> None:
    assert found in NETWORK
    network = tracer(NETWORK.replace(found, instead))
    with pytest.raises(error):
        network.signature("inner")
