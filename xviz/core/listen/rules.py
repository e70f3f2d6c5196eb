"""What each step of a model's arithmetic makes of a trace, by the name of the function; other steps end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from xviz.core.listen.products import Feature
from xviz.core.listen.trace import Trace, given

Traces = MutableMapping[Tensor, "Trace | Feature"]
Args = tuple[Any, ...]
Rule = Callable[[Traces, Args, Mapping[str, Any], Tensor], "Trace | Feature | None"]

LOW = -1e4  #: scores at or under this are excluded: people write −1e4, −1e9, the least number, or −∞


def _argument(args: Args, kwargs: Mapping[str, Any], index: int, *names: str, default: Any = None) -> Any:
    if index < len(args):
        return args[index]
    return next((kwargs[name] for name in names if name in kwargs), default)


def _first(args: Args, kwargs: Mapping[str, Any]) -> Any:
    return _argument(args, kwargs, 0, "input", "self")


def _trace(traces: Traces, tensor: Any) -> Trace | Feature | None:
    return traces.get(tensor) if isinstance(tensor, Tensor) else None


def _same(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """The same numbers, perhaps in another precision."""
    return _trace(traces, _first(args, kwargs))


def _dropout(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """Nothing in evaluation mode; the weights before dropping stay on record while training."""
    trace = _trace(traces, _first(args, kwargs))
    works = _argument(args, kwargs, 2, "training", "train", default=True) and _argument(
        args, kwargs, 1, "p", default=0.5
    )
    if isinstance(trace, Trace) and works:
        return replace(trace, note=DROPPED) if trace.stage == "weights" else None
    return trace


DROPPED = "Dropout was on: these are the weights before it."


def _like(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """Another shape of the same order."""
    source = _first(args, kwargs)
    trace = _trace(traces, source)
    if isinstance(trace, Feature):
        last = trace.axis == source.ndim - 1 and out.ndim and out.shape[-1] == source.shape[-1] > 1
        return Feature(out.ndim - 1) if last else trace if out.shape == source.shape else None
    return trace and trace.reshaped(tuple(out.shape))


def _expand(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | None:
    trace = _trace(traces, _first(args, kwargs))
    return trace.grown(tuple(out.shape)) if isinstance(trace, Trace) else None


def _permute(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor, name: str) -> Trace | Feature | None:
    """The same numbers with their axes in another order."""
    source = _first(args, kwargs)
    trace = _trace(traces, source)
    if trace is None:
        return None
    order = list(range(source.ndim))
    if name in ("mT", "mH", "adjoint"):
        order[-2:] = order[:-3:-1]
    elif name in ("T", "t", "H"):
        order = order[::-1]
    elif name == "permute":
        dims = args[1:] or (_argument(args, kwargs, 1, "dims"),)
        order = list(dims[0] if isinstance(dims[0], (tuple, list)) else dims)
    else:
        i = _argument(args, kwargs, 1, "dim0", "axis0") % source.ndim
        j = _argument(args, kwargs, 2, "dim1", "axis1") % source.ndim
        order[i], order[j] = order[j], order[i]
    order = [axis % source.ndim for axis in order]
    return Feature(order.index(trace.axis)) if isinstance(trace, Feature) else trace.permuted(tuple(order))


def _slice(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | None:
    trace = _trace(traces, args[0])
    return trace.part(args[1], tuple(out.shape)) if isinstance(trace, Trace) else None


def _add(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor, sign: int = 1) -> Trace | Feature | None:
    """A mask, a bias of places, or a number was added."""
    left, right = _first(args, kwargs), _argument(args, kwargs, 1, "other")
    factor = sign * kwargs.get("alpha", 1)
    trace, other = _trace(traces, left), right
    if trace is None and factor == 1:
        trace, other = _trace(traces, right), left
    if isinstance(trace, Trace) and trace.stage == "logits":
        return trace.plus(other if factor == 1 else other * factor, tuple(out.shape))
    return trace if isinstance(trace, Feature) else None


def _subtract(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    return _add(traces, args, kwargs, out, sign=-1)


def _multiply(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """A factor, such as 1/√d or a learned temperature."""
    left, right = _first(args, kwargs), _argument(args, kwargs, 1, "other")
    trace, other = _trace(traces, left), right
    if trace is None:
        trace, other = _trace(traces, right), left
    if isinstance(trace, Trace) and trace.stage == "logits":
        return trace.times(other, tuple(out.shape))
    return trace if isinstance(trace, Feature) else None


def _divide(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """A factor, or a softmax written by hand: exp over its sum."""
    left, right = _first(args, kwargs), _argument(args, kwargs, 1, "other")
    trace, below = _trace(traces, left), _trace(traces, right)
    if isinstance(trace, Feature) or trace is None or kwargs.get("rounding_mode"):
        return trace if isinstance(trace, Feature) else None
    if trace.stage == "logits":
        return trace.times(1 / right, tuple(out.shape))
    ended = isinstance(below, Trace) and (trace.stage, below.stage) == ("exp", "sum") and trace.q is below.q
    return weights(trace, trace.column, out) if ended else None


def _mask(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """Keys were excluded by a low number in the place of their scores."""
    trace = _trace(traces, _first(args, kwargs))
    gone, value = _argument(args, kwargs, 1, "mask"), _argument(args, kwargs, 2, "value")
    return _without(trace, gone, value, out)


def _where(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    if len(args) < 3:
        return None
    mask, left, right = args[:3]
    if isinstance(left, Tensor) and traces.get(mask) is None and (trace := _trace(traces, left)) is not None:
        return _without(trace, ~mask, right, out)
    if left is not None and isinstance(mask, Tensor) and (trace := _trace(traces, mask)) is not None:
        return _without(trace, ~left, right, out)  # tensor.where(condition, other)
    return _without(_trace(traces, right), mask, left, out)


def _put(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """Scores were set by a mask of their own shape."""
    scores, gone, value = args
    fits = isinstance(gone, Tensor) and gone.dtype == torch.bool and gone.shape == scores.shape
    return _without(_trace(traces, scores), gone, value, out) if fits else None


def _without(trace: Trace | Feature | None, gone: Any, value: Any, out: Tensor) -> Trace | Feature | None:
    if not isinstance(trace, Trace):
        return trace
    if isinstance(value, Tensor):
        value = value.item() if value.numel() == 1 else 0.0
    if trace.stage == "weights":  # what had no weight anyway
        return trace if value == 0 and bool((out == out.masked_fill(gone, 0)).all()) and trace.note == "" else None
    return trace.masked(gone, tuple(out.shape)) if value <= LOW and trace.stage == "logits" else None


def _bounded(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    """Limits that nothing reached."""
    source = _first(args, kwargs)
    trace = _trace(traces, source)
    return trace if isinstance(trace, Feature) or (trace and torch.equal(source, out)) else None


def _exp(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | Feature | None:
    trace = _trace(traces, _first(args, kwargs))
    if isinstance(trace, Trace):
        return replace(trace, stage="exp") if trace.stage == "logits" else None
    return trace


def _sum(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | None:
    source = _first(args, kwargs)
    trace, axis = _trace(traces, source), _argument(args, kwargs, 1, "dim", "axis")
    axis = axis[0] if isinstance(axis, (tuple, list)) and len(axis) == 1 else axis
    if not isinstance(trace, Trace) or trace.stage != "exp" or not isinstance(axis, int) or out.ndim != source.ndim:
        return None
    return replace(trace, stage="sum") if axis % source.ndim == trace.column else None


def softmax(traces: Traces, args: Args, kwargs: Mapping[str, Any], out: Tensor) -> Trace | None:
    """Weights, if what the softmax is taken of may be scores of queries and keys."""
    source, axis = _first(args, kwargs), _argument(args, kwargs, 1, "dim", "axis")
    if not isinstance(axis, int) or not source.ndim:
        return None
    axis %= source.ndim
    trace = _trace(traces, source)
    if isinstance(trace, Feature):
        return None if trace.axis == axis else _unknown(source, axis)
    if trace is not None and trace.stage != "logits":
        return None
    if trace is not None and axis == trace.row:
        trace = trace.swapped()
    known = weights(trace, axis, out) if trace is not None else None
    return known or _unknown(source, axis)


def _unknown(logits: Tensor, axis: int) -> Trace | None:
    return replace(given(logits, axis), stage="weights") if logits.ndim >= 2 else None


def weights(trace: Trace, axis: int, out: Tensor) -> Trace | None:
    """The trace of weights, held against what the model computed."""
    return replace(trace, stage="weights") if trace.column == axis and trace.explains(out) else None


def _permutation(name: str) -> Rule:
    return lambda traces, args, kwargs, out: _permute(traces, args, kwargs, out, name)


#: by name; the variant in place, with an underscore, does the same
RULES: dict[str, Rule] = {
    **dict.fromkeys(("contiguous", "clone", "to", "type", "type_as", "float", "half", "double", "bfloat16"), _same),
    **dict.fromkeys(("detach", "alias", "nan_to_num", "requires_grad_"), _same),
    **dict.fromkeys(
        ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as"), _like
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
    **{
        name: _permutation(name) for name in ("transpose", "swapaxes", "swapdims", "permute", "t", "T", "mT", "mH", "H")
    },
    **dict.fromkeys(("add", "__add__", "__radd__"), _add),
    **dict.fromkeys(("sub", "subtract", "__sub__"), _subtract),
    **dict.fromkeys(("mul", "multiply", "__mul__", "__rmul__"), _multiply),
    **dict.fromkeys(("div", "divide", "true_divide", "__truediv__"), _divide),
    **dict.fromkeys(("clamp", "clip", "clamp_min", "clamp_max", "minimum", "maximum"), _bounded),
    "__getitem__": _slice,
    "__setitem__": _put,
    "masked_fill": _mask,
    "where": _where,
    "dropout": _dropout,
    "exp": _exp,
    "sum": _sum,
    "softmax": softmax,
}
RULES |= {f"{name}_": rule for name, rule in RULES.items() if not name.endswith("_")}
