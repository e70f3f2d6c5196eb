"""How much attention every token receives, on the mean over those that ask.

Without a focus all present queries of a call count the same; with one, those of the focus' leaf space, whichever of
its tokens are picked. No call: the mean over calls, pooled keys shared out as in ``look``.
"""

from __future__ import annotations

import torch

from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import leaves
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, add, answer, calls, check, grounded, of_heads, present, tell


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """The mean attention that each key receives; see ``method.Explain``."""
    target = check(loaded, run, target, attention=True)
    attentions = calls(run, target, call)
    rows: Rows = {}
    for number, attention in enumerate(attentions):
        tell(progress, number / len(attentions), attention.name)
        received = attention.pull(_shares(run, attention, target.space).to(attention.q.dtype))
        add(rows, run.spaces[attention.keys], of_heads(attention, received, head) / len(attentions))
    if call is None:  # every call has pooled keys of its own
        rows = grounded(run, rows)
    return answer(METHOD, run, target, rows, call=call, head=head)


def _shares(run: Run, call: AttentionCall, leaf: str | None) -> torch.Tensor:
    """(q,) weights of the queries, equal for all present ones of the leaf or of all leaves, in sum one."""
    counts = [
        present(run.inputs, part).double() * float(leaf is None or part.name == leaf)
        for part in leaves(run.spaces[call.queries])
    ]
    shares = torch.cat(counts)
    return shares / shares.sum()


METHOD = Method(
    key="received",
    title="Attention received",
    explain=explain,
    kind="attention",
    signed=False,
    unit="mean attention weight",
    words="How much attention each token receives as a key, mean over all queries. It shows where attention gathers, "
    "not whether the output depends on it, and is the same for every output.",
    source="Vaswani et al., Attention Is All You Need, NeurIPS 2017, eq. 1; mean over queries",
)
