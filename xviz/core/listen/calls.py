"""From a tape to the record of one sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from xviz.core.attention import Attend, AttentionCall, Heard, Tape
from xviz.core.errors import ModelError
from xviz.core.listen.names import Names
from xviz.core.listen.steps import joined

#: from a call and its name to the names of the spaces of its queries and keys
Spaces = Callable[[Heard, str], tuple[str, str]]


def unnamed(heard: Heard, name: str) -> tuple[str, str]:
    """The spaces that an ``Attend`` names, else two that are called after the call."""
    if isinstance(heard.module, Attend):
        return heard.module.queries, heard.module.keys
    return f"{name} queries", f"{name} keys"


def targets(tape: Tape) -> list[GradientEdge]:
    """What to ask ``torch.autograd.grad`` for, one place for each call that has a gradient."""
    return [heard.edge for heard in tape if heard.edge is not None]


def calls(
    module: nn.Module,
    tape: Tape,
    grads: Sequence[Tensor | None] = (),
    *,
    sample: int = 0,
    spaces: Spaces = unnamed,
) -> tuple[AttentionCall, ...]:
    """The tape as records of one sample, steps of generation joined, each with a name of its own.

    Args:
        module: What was listened to.
        tape: What was heard.
        grads: Gradients of ``targets(tape)``, as ``torch.autograd.grad`` gives them; none where there is no target.
        sample: Its place in the batch.
        spaces: Names the spaces of a call.

    Raises:
        ModelError: a call has no such sample.
    """
    each_grad = iter(grads)
    steps = [(heard, _ordered(heard, next(each_grad, None) if heard.edge is not None else None)) for heard in tape]
    names, times = Names(module), {}
    records = []
    for heard, grad in joined(steps):
        name = (heard.name or names.shown(names.of(heard.module))).removesuffix(".attend")
        times[name] = times.get(name, 0) + 1
        name = name if times[name] == 1 else f"{name}#{times[name]}"
        if not 0 <= sample < len(heard.q):
            raise ModelError(f"“{name}” ran with {len(heard.q)} samples; there is no sample {sample + 1}.")
        queries, keys = spaces(heard, name)
        records.append(
            AttentionCall(
                name, queries, keys,
                *(part[sample].detach() for part in (heard.q, heard.k, heard.v)),
                scale=heard.scale,
                bias=None if heard.bias is None else _of(heard.bias, sample),
                first_key=heard.first_key,
                grad_out=None if grad is None else grad[sample],
                terms=tuple(_of(term, sample) for term in heard.terms),
                causal=heard.causal,
                note=heard.note,
            )
        )  # fmt: skip
    return tuple(records)


def _ordered(heard: Heard, grad: Tensor | None) -> Tensor | None:
    return None if grad is None else heard.order(grad)


def _of(term: Tensor, sample: int) -> Tensor:
    return term[sample if len(term) > 1 else 0].detach()
