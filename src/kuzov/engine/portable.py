"""Whether OpenVINO computes a SavedModel as TensorFlow does, proved from its graph."""

from __future__ import annotations

from dataclasses import dataclass

from kuzov.bundle.trace import INIT_SIGNATURE, Operation, Trace, Tracer
from kuzov.records import DEFAULT_SIGNATURE
from kuzov.wire.messages import MetaGraphDef


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTWISE = _names(
    "Abs Add AddN AddV2 BiasAdd Cast Ceil ClipByValue Elu Equal Erf Erfc Exp Floor FloorDiv FloorMod Greater "
    "GreaterEqual LeakyRelu Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Mul Neg "
    "NotEqual Pow RealDiv Relu Relu6 Round Rsqrt Select SelectV2 Selu Sigmoid Softplus Softsign Sqrt Square "
    "SquaredDifference Sub Tanh"
)
# They take tensors of one rank only, such as 4 for Conv2D and 2 for MatMul.
RANK_BOUND = _names(
    "AvgPool Conv2D Conv2DBackpropInput DepthToSpace DepthwiseConv2dNative FusedBatchNorm FusedBatchNormV2 "
    "FusedBatchNormV3 LRN MatMul MaxPool ResizeBilinear ResizeNearestNeighbor SpaceToDepth"
)
# Their results tell the rank of what they take.
RANK_TELLING = ELEMENTWISE | _names(
    "ConcatV2 ExpandDims MirrorPad Pad PadV2 ReverseV2 StridedSlice Transpose"
)
_SHAPES = _names("Rank Shape Size")  # they do not look at the numbers

TRUSTED = RANK_BOUND | RANK_TELLING | _SHAPES
TRUSTED |= _names(
    "ArgMax ArgMin BatchMatMulV2 BatchToSpaceND BroadcastTo Const Einsum Fill GatherV2 LogSoftmax Max Mean "
    "Min Pack Prod Range ReadVariableOp Reshape Slice Softmax SpaceToBatchND Split SplitV Squeeze Sum Tile "
    "Unpack VarHandleOp VariableV2"
)
"""Operations whose answers from OpenVINO are TensorFlow's: the tests compute each of them with both."""

# Whatever the types of a graph, OpenVINO computes in float32 and int32, and cuts numbers off where TensorFlow
# lets them wrap round. So all that is made of the inputs' numbers has to be float32, but for what starts as
# an integer, or ends as one.
_TYPED = ("T", "Tparams", "dtype")
_COMPUTED_TYPES = frozenset({"DT_FLOAT"})
_SHAPE_TYPES = frozenset({"DT_BOOL", "DT_FLOAT", "DT_INT32", "DT_INT64"})
_INPUT_TYPES = frozenset({"DT_FLOAT", "DT_INT32", "DT_INT8", "DT_UINT8"})
_CAST_FROM = _INPUT_TYPES | _SHAPE_TYPES
_CAST_TO = frozenset({"DT_FLOAT", "DT_INT32"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of a model.

    Attributes:
        signatures: Those that OpenVINO computes as TensorFlow does: `serving_default`, and others that
            compute the very same, such as Keras's `serve`. Empty where there is an obstacle.
        obstacle: Why it can't be trusted with the model, as part of a sentence; empty where it can.
    """

    signatures: tuple[str, ...] = ()
    obstacle: str = ""


def prove(graph: MetaGraphDef) -> Proof:
    """Whether OpenVINO computes all the signatures of a model as TensorFlow does.

    OpenVINO refuses a request whose rank is not the declared one, so TensorFlow has to refuse it too: each
    input must reach an operation that takes one rank only.

    Three gaps are left, since without them no image classifier would pass. TensorFlow computes images of
    another size than the declared one where the network happens to allow it; OpenVINO refuses them. So it
    does with an image that lacks its batch dimension, which TensorFlow broadcasts where the network starts
    with constants of the full rank, as Keras's Normalization does. And an input that is not a number, or
    infinite, spreads further through TensorFlow's activations than through OpenVINO's.
    """
    if DEFAULT_SIGNATURE not in graph.signature_def:
        return Proof(obstacle=f"it has no signature {DEFAULT_SIGNATURE}")
    tracer = Tracer(graph)
    try:
        trace = tracer.signature(DEFAULT_SIGNATURE)
        obstacle = _of_inputs(trace) or _of_operations(trace) or _of_outputs(trace)
        obstacle = obstacle or _of_start(tracer.initialisation())
        if obstacle:
            return Proof(obstacle=obstacle)
        others = sorted(graph.signature_def.keys() - {DEFAULT_SIGNATURE, INIT_SIGNATURE})
        for name in others:
            other = tracer.signature(name)
            if not _same(other, trace):
                return Proof(
                    obstacle=f"its signature {name} computes something else than {DEFAULT_SIGNATURE}"
                )
    except (LookupError, ValueError) as error:
        return Proof(obstacle=f"its graph can't be followed: {error}")
    return Proof(signatures=(DEFAULT_SIGNATURE, *others))


def _same(one: Trace, other: Trace) -> bool:
    tensors = (one.inputs, one.outputs) == (other.inputs, other.outputs)
    return tensors and set(one.operations) == set(other.operations)


def _of_inputs(trace: Trace) -> str:
    if len(set(trace.inputs.values())) < len(trace.inputs):
        return "two of its inputs are one tensor"
    for name, tensor in trace.inputs.items():
        operation = tensor.operation
        if operation.op != "Placeholder":
            return f"its input {name} stands for the result of an operation {operation.op}"
        if operation.types["dtype"] not in _INPUT_TYPES:
            return f"its input {name} is of type {operation.types['dtype']}"
    return ""


def _of_operations(trace: Trace) -> str:
    for operation in trace.operations:
        if operation.op not in TRUSTED:
            return f"OpenVINO is not known to compute its operation {operation.op} as TensorFlow does"
    computed = _computed(trace)
    for operation in trace.operations:
        made_of_inputs = [tensor.operation in computed for tensor in operation.operands]
        if operation.op == "GatherV2" and made_of_inputs[1]:
            return "its inputs say what is looked up in it, which OpenVINO does not check"
        if dtype := _bad_type(operation, any(made_of_inputs)):
            return f"its operation {operation.op} is of type {dtype}"
    return ""


def _bad_type(operation: Operation, made_of_inputs: bool) -> str:
    types = operation.types
    if operation.op in _SHAPES:
        return ""
    if operation.op == "Cast" and made_of_inputs:
        fitting = {"SrcT": _CAST_FROM, "DstT": _CAST_TO}
    else:
        fitting = dict.fromkeys(_TYPED, _COMPUTED_TYPES if made_of_inputs else _SHAPE_TYPES)
    return next((types[name] for name in fitting if name in types and types[name] not in fitting[name]), "")


def _of_outputs(trace: Trace) -> str:
    computed = _computed(trace)
    for name, tensor in trace.outputs.items():
        if tensor in trace.inputs.values():
            return f"its output {name} is one of its inputs"
        if tensor.operation not in computed:
            return f"its output {name} does not depend on the numbers that it is given"
        if name in trace.inputs:
            return f"an input and an output are both called {name}"
    if len(set(trace.outputs.values())) < len(trace.outputs):
        return "two of its outputs are one tensor"
    bound = _rank_bound(trace)
    for name, tensor in trace.inputs.items():
        if tensor.operation not in bound:
            return f"its input {name} may be of another rank than the declared one"
    return ""


def _of_start(operations: tuple[Operation, ...]) -> str:
    return f"it starts with an operation {operations[0].op}" if operations else ""


def _computed(trace: Trace) -> set[Operation]:
    """The operations whose results depend on the inputs' numbers, not only on their shapes."""
    computed = {tensor.operation for tensor in trace.inputs.values()}
    for operation in trace.operations:
        if operation.op not in _SHAPES and any(each.operation in computed for each in operation.operands):
            computed.add(operation)
    return computed


def _rank_bound(trace: Trace) -> set[Operation]:
    """The inputs that reach an operation which takes one rank only."""
    inputs = {tensor.operation for tensor in trace.inputs.values()}
    told = {each: {each} for each in inputs}
    bound: set[Operation] = set()
    for operation in trace.operations:
        sources = set().union(*(told.get(each.operation, ()) for each in operation.operands))
        if operation.op in RANK_BOUND:
            bound |= sources
        elif operation.op in RANK_TELLING:
            told[operation] = sources
    return bound
