"""What one thread hears of a module: a mode of torch that sees each function while its own code stays as it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from xviz.core.attention import Attend, Heard, Replace, Tape, logits, tape_of_thread
from xviz.core.listen import products
from xviz.core.listen.held import Held
from xviz.core.listen.missed import Search
from xviz.core.listen.names import Names, Place
from xviz.core.listen.products import Answer, Feature
from xviz.core.listen.rules import DROPPED, RULES
from xviz.core.listen.shapes import four, packs, repeated, split, spread, unpacked
from xviz.core.listen.steps import share
from xviz.core.listen.trace import Trace

#: linear maps: what they make is a feature, and they tell which modules ran; with the axis of features
LINEAR = {"linear": -1, "bilinear": -1, "conv1d": 1, "conv2d": 1, "conv3d": 1}
#: functions that ask a tensor about itself
ASKING = {
    "dim",
    "size",
    "stride",
    "numel",
    "is_contiguous",
    "is_floating_point",
    "__len__",
    "data_ptr",
    "item",
    "tolist",
}
CHANGED = "The model changed the weights after their softmax; these are the weights before."


def _unguarded(function: FunctionType) -> Callable[..., Any]:
    """The same code, which does not ask whether somebody overrides it, so that its steps can be heard."""
    space = {**function.__globals__, "has_torch_function": lambda _: False}
    twin = FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


_multi_head = _unguarded(F.multi_head_attention_forward)


class Ear(TorchFunctionMode):
    """Hears the attention of one module in this thread, or puts other weights in its place.

    Args:
        names: The module and its parts.
        tape: Where calls are noted.
        batch: Number of samples where it is known; all other leading axes are then heads.
        change: Other weights instead of listening.
    """

    def __init__(
        self, names: Names, tape: Tape | None, batch: int | None = None, change: Replace | None = None
    ) -> None:
        super().__init__()
        self.names, self.tape, self.batch, self.change = names, tape, batch, change
        self.traces: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self.packed: WeakTensorKeyDictionary = WeakTensorKeyDictionary()  #: heads that were laid out as queries
        self.held, self.search = Held(), Search(names)
        self.last: dict[str, Heard] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """One function of torch; see the module."""
        kwargs = kwargs or {}
        if torch.compiler.is_compiling():  # a compiler follows this code; its graph shall be the model's alone
            return func(*args, **kwargs)
        name = _name(func)
        if name == "dim":
            self.search.flex()
        if name in ASKING or (self.change is None and tape_of_thread() is not self.tape):
            return func(*args, **kwargs)
        if torch._C._current_graph_task_id() != -1:  # a backward pass computes again what was heard
            return func(*args, **kwargs)
        if name == "scaled_dot_product_attention":
            return self._fused(func, *args, **kwargs)
        if name == "multi_head_attention_forward":
            with self:
                return _multi_head(*args, **kwargs)
        if name in products.PLACES:
            return self._product(name, func, args, kwargs)
        if name.endswith("_") or "out" in kwargs or name == "__setitem__":
            self.held.protect(kwargs["out"] if "out" in kwargs else args[0] if args else None)
        out = func(*args, **kwargs)
        changed = args[0] if name == "__setitem__" else out
        if isinstance(changed, Tensor):
            self._follow(name, args, kwargs, changed)
        self.search.look(name, args)
        return out

    def _follow(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Tensor) -> None:
        """What is known of a result from what is known of its inputs."""
        if name in LINEAR:
            self.traces[out] = Feature(LINEAR[name] % out.ndim)
            self.search.visit()
            return
        if name in ("reshape", "view") and args and packs(args[0], out):
            self.packed[out] = args[0].shape
        rule = RULES.get(name)
        with torch.no_grad():
            trace = rule(self.traces, args, kwargs, out) if rule and args else None
        if trace is None and len(self.traces):
            trace = self._rest(args, out)
        if trace is not None:
            self.traces[out] = trace
        elif out in self.traces:
            del self.traces[out]

    def _rest(self, args: tuple[Any, ...], out: Tensor) -> Trace | Feature | None:
        """A step without a rule: features stay features, and changed weights are said to be changed."""
        for source in args:
            trace = self.traces.get(source) if isinstance(source, Tensor) else None
            if isinstance(trace, Feature) and source.ndim == out.ndim:
                return trace
            if isinstance(trace, Trace) and trace.stage == "weights" and out.shape == source.shape:
                return trace.remarked(CHANGED) if not torch.equal(out, source) else trace
        return None

    def _fused(
        self,
        func: Callable[..., Tensor],
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **options: Any,
    ) -> Tensor:
        """The fused kernel."""
        scale = options.get("scale")
        scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
        where = self.names.here()
        if query.is_nested or key.is_nested or isinstance(where and where.module, Attend):
            return func(query, key, value, attn_mask, dropout_p, is_causal, **options)
        heads = split(tuple(query.shape[:-2]), self.batch, where)
        q, k, v = four(query, *heads), four(key, *heads), four(value, *heads)
        leads = tuple(query.shape[:-2])
        given_mask = attn_mask
        if (own := self.packed.get(query)) is not None and key.shape[1] == query.shape[1] and heads[0] == len(query):
            q, attn_mask = query.reshape(own), unpacked(attn_mask, query)
            heads, leads = (own[0], own[1]), tuple(own[:2])
        terms = () if attn_mask is None else (spread(attn_mask.detach(), leads, *heads),)
        record = {"scale": float(scale), "terms": terms, "causal": 0 if is_causal else None}
        if where and self.change:
            weights = self.change(where.module, logits(q, k, **record)).to(value.dtype)
            return (weights @ repeated(v, heads[1])).reshape(*query.shape[:-1], value.shape[-1])
        out = func(query, key, value, given_mask, dropout_p, is_causal, **options)
        if where:
            shape = (*q.shape[:-1], v.shape[-1])
            note = DROPPED if dropout_p else ""
            self._note(where, (q, k, v), out, note, lambda tensor: tensor.reshape(shape), **record)
        return out

    def _product(self, name: str, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A product: attention where one factor is weights, else perhaps the beginning of scores."""
        both = products.operands(name, args, kwargs)
        sides = both and products.letters(name, args, *both)
        if not sides:
            return func(*args, **kwargs)
        for this, other in ((0, 1), (1, 0)):
            trace = self.traces.get(both[this])
            if isinstance(trace, Trace) and trace.stage == "weights":
                ended = products.answer(sides, trace, sides[this], sides[other], both[other])
                return self._attention(ended, func, args, kwargs, both[this])
        out = func(*args, **kwargs)
        trace = products.scores(sides, *both)
        if isinstance(trace, Trace) and products.PLACES[name] and name != products.EINSUM:
            trace = products.added(name, args, kwargs, trace, out.shape)
        if trace is not None:
            self.traces[out] = trace
        if isinstance(trace, Feature):
            self.search.visit()
        return out

    def _attention(
        self, ended: Answer | None, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], weights: Tensor
    ) -> Tensor:
        """Weights times values."""
        where = self.names.here()
        if ended is None or where is None or isinstance(where.module, Attend):
            return func(*args, **kwargs)
        trace, leads = ended.weights, ended.weights.leads
        heads = split(leads, self.batch, where)
        q, k, v = (part.reshape(*heads, *part.shape[-2:]) for part in (trace.q, trace.k, ended.values))
        terms = tuple(spread(term, leads, *heads) for term in trace.terms)
        record = {"scale": trace.scale, "terms": terms, "causal": None}
        if self.change:
            changed = self.change(where.module, logits(q, k, **record)).to(weights.dtype)
            laid = trace.laid_out(changed.reshape(*leads, *changed.shape[-2:]))
            return func(*(laid if arg is weights else arg for arg in args), **kwargs)
        out = func(*args, **kwargs)
        shape = (*q.shape[:-1], v.shape[-1])
        self._note(where, (q, k, v), out, trace.note, lambda tensor: ended.order(tensor).reshape(shape), **record)
        return out

    def _note(
        self,
        where: Place,
        qkv: tuple[Tensor, Tensor, Tensor],
        out: Tensor,
        note: str,
        order: Callable[[Tensor], Tensor],
        *,
        scale: float,
        terms: tuple[Tensor, ...],
        causal: int | None,
    ) -> None:
        """Put a call on the tape."""
        first = next((term for term in terms if term.dtype != torch.bool), None)
        others = tuple(term for term in terms if term is not first)
        heard = Heard(
            where.module, *qkv, out if out.requires_grad else None, scale, first,
            terms=others, causal=causal, name=where.name, note=note, order=order,
        )  # fmt: skip
        self.search.heard()
        if (before := self.last.get(where.name)) is not None:
            share(before, heard)
        self.last[where.name] = heard
        self.tape.append(heard)
        self.held.add(heard)


def _name(func: Any) -> str:
    """The name of a function of torch; of an attribute that is read, that of the attribute."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        name = getattr(func.__self__, "__name__", "")
        return name if name in ("T", "mT", "H", "mH") else "size"
    return name.partition(".")[0]
