"""What a SavedModel's signatures compute, read from its graph without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import NamedTuple

from kuzov.wire.messages import MetaGraphDef, NodeDef, SignatureDef
from kuzov.wire.tensors import data_type_name

INIT_SIGNATURE = "__saved_model_init_op"  # TensorFlow's own, which no request asks for

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_IDENTITIES = frozenset({"Identity", "IdentityN", "PreventGradient", "Snapshot", "StopGradient"})
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")  # where TensorFlow 1 names it


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Operation:
    """A node of the graph at work on certain tensors; the same node on the same tensors is the same object.

    Attributes:
        op: What it does, by TensorFlow's name: Conv2D, MatMul, …
        types: Its attributes that are types, by name: {"T": "DT_FLOAT"}.
        operands: What it takes, without control inputs.
    """

    op: str
    types: Mapping[str, str]
    operands: tuple[Tensor, ...]


class Tensor(NamedTuple):
    """A result of an operation; two are equal where the graph computes them the same way.

    Attributes:
        operation: What gives it.
        output: Which of the operation's results it is, as the graph says it: "0", "product:0".
    """

    operation: Operation
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a signature computes.

    Attributes:
        inputs: Its inputs by name.
        outputs: Its outputs by name.
        operations: All that is done, each after its operands. A called function is replaced by what it does,
            and what only hands a tensor on by that tensor; what does nothing is left out.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    operations: tuple[Operation, ...]


class Tracer:
    """Follows the signatures of one graph. Tensors of its traces may be compared with each other.

    Its methods raise LookupError or ValueError where the graph does not hang together, or has loops.
    """

    def __init__(self, graph: MetaGraphDef) -> None:
        self._graph = graph
        self._nodes = {node.name: node for node in graph.graph_def.node}
        self._functions = {each.signature.name: each for each in graph.graph_def.library.function}
        self._operations: dict[tuple[object, ...], Operation] = {}

    def signature(self, name: str) -> Trace:
        """What a signature computes, with all that happens on the way."""
        definition: SignatureDef = self._graph.signature_def[name]
        inputs: dict[str, Tensor] = {}
        fed: dict[str, Tensor] = {}
        for alias, info in definition.inputs.items():
            node, output = _split(info.name)
            # By their aliases, so that two signatures' inputs of one name are one tensor.
            key = ("input", alias, info.dtype, info.tensor_shape.SerializeToString(deterministic=True))
            operation = self._operation(key, self._nodes[node], ())
            inputs[alias] = fed[f"{node}:{output}"] = Tensor(operation, "0")
        outputs = {alias: info.name for alias, info in definition.outputs.items()}
        fed_nodes = {_split(tensor)[0] for tensor in fed}
        nodes = {name: node for name, node in self._nodes.items() if name not in fed_nodes}
        roots = [node for node, _ in map(_split, outputs.values()) if node not in fed_nodes]
        scope = self._run(_Scope("", nodes, fed), roots)
        return Trace(
            inputs=inputs,
            outputs={alias: scope.tensor(tensor) for alias, tensor in outputs.items()},
            operations=tuple(dict.fromkeys(scope.done)),
        )

    def initialisation(self) -> tuple[Operation, ...]:
        """What is done once, after the variables have got their values."""
        names: list[str] = []
        if INIT_SIGNATURE in self._graph.signature_def:
            outputs = self._graph.signature_def[INIT_SIGNATURE].outputs
            names += [info.name for info in outputs.values()]
        for collection in _INIT_COLLECTIONS:
            if collection in self._graph.collection_def:
                names += self._graph.collection_def[collection].node_list.value
        return tuple(self._run(_Scope("", self._nodes, {}), [_split(name)[0] for name in names]).done)

    def _run(self, scope: _Scope, roots: Iterable[str]) -> _Scope:
        for name in _operands_first(scope.nodes, roots):
            node = scope.nodes[name]
            operands = tuple(scope.tensor(each) for each in node.input if not each.startswith("^"))
            if node.op in _IDENTITIES:
                scope.results[name] = operands
            elif node.op in _CALLS:
                scope.results[name] = self._call(node.attr["f"].func.name, operands, scope)
            elif node.op != "NoOp":
                operation = self._operation((scope.function, name, operands), node, operands)
                scope.results[name] = operation
                scope.done.append(operation)
        return scope

    def _call(self, name: str, operands: tuple[Tensor, ...], caller: _Scope) -> tuple[Tensor, ...]:
        if name in caller.callers:
            raise ValueError(f"the function {name} calls itself")
        function = self._functions[name]
        nodes = {node.name: node for node in function.node_def}
        called = _Scope(name, nodes, {}, callers=caller.callers | {name})
        for argument, operand in zip(function.signature.input_arg, operands, strict=True):
            called.results[argument.name] = (operand,)
        # All of its nodes, since those that change or check something run even where nobody asks for them.
        self._run(called, nodes)
        caller.done += called.done
        return tuple(called.tensor(function.ret[each.name]) for each in function.signature.output_arg)

    def _operation(self, key: tuple[object, ...], node: NodeDef, operands: tuple[Tensor, ...]) -> Operation:
        if key not in self._operations:
            types = {
                name: data_type_name(value.type)
                for name, value in node.attr.items()
                if value.HasField("type")
            }
            self._operations[key] = Operation(op=node.op, types=types, operands=operands)
        return self._operations[key]


class _Scope:
    """The graph itself, or a function at one call."""

    def __init__(
        self,
        function: str,
        nodes: Mapping[str, NodeDef],
        fed: Mapping[str, Tensor],
        callers: frozenset[str] = frozenset(),
    ) -> None:
        self.function = function
        self.nodes = nodes
        self.callers = callers
        self.results: dict[str, Operation | tuple[Tensor, ...]] = {}
        self.done: list[Operation] = []
        self._fed = fed

    def tensor(self, reference: str) -> Tensor:
        """What "node", "node:1" or, in a function, "argument" or "node:product:0" means."""
        node, output = _split(reference)
        if fed := self._fed.get(f"{node}:{output}"):
            return fed
        result = self.results[node]
        if isinstance(result, Operation):
            return Tensor(result, output)
        return result[int(output.rpartition(":")[2])]


def _operands_first(nodes: Mapping[str, NodeDef], roots: Iterable[str]) -> Iterable[str]:
    """Nodes that others need, and they, in an order to compute them in."""
    needs: dict[str, list[str]] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in needs:
            sources = [_split(each.removeprefix("^"))[0] for each in nodes[name].input]
            needs[name] = [each for each in sources if each in nodes]  # others are a function's arguments
            pending += needs[name]
    return TopologicalSorter(needs).static_order()


def _split(reference: str) -> tuple[str, str]:
    node, _, output = reference.partition(":")
    return node, output or "0"
