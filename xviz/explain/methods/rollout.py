"""Attention rollout, streamed for one query.

In every attention half of a token is what it was (the residual connection) and half what it attended to; following
that backwards through the calls tells how a token at the end is mixed from the tokens at the start. Only the row of the
one query is carried, one vector per leaf space, so that memory is linear in the number of tokens.

The query is the mean of the focus tokens or, without a focus, of all present tokens of the spaces that ask on the path
to the output (``question.path``). Calls of one step read the same tokens: a space that asks in m of them keeps one half
of itself and gets 1/2m from each. A call in which one space asks another moves mass from the one to the other; spaces
that do not ask stay as they are. Whatever the model, the mass stays one.

Pooled tokens are mixed from those that they cover, in equal shares. Keys are pooled anew in every block, so that their
mass goes to these once the block is followed back; pooled queries are carried on, and their mass goes there with the
block that pooled them. A single call keeps its mass where it was asked.

Differs from widespread code in: rows are normalised exactly (no missing ``keepdim``), and nothing is discarded.
"""

from __future__ import annotations

from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, add, answer, born, check, gather, ground, names, of_heads, path, sources, tell

RESIDUAL = 0.5  #: share of a token that is left as it is, Abnar & Zuidema section 3


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """The share of each token in the query at the end of the path; see ``method.Explain``.

    ``call`` follows that call alone; ``head`` follows that head in every call.
    """
    target = check(loaded, run, target, attention=True)
    steps = path(loaded, run, target.output, call)
    rows, fresh = sources(run, target, steps, loaded.spec.reads), born(run, steps)
    mass = sum(row.sum() for row in rows.values())
    rows = {name: row / mass for name, row in rows.items()}
    for number, step in enumerate(reversed(steps)):
        tell(progress, number / len(steps), step[0].name)
        rows = _back(run, step, rows, head)
        if call is None:
            rows = ground(run, rows, fresh[len(steps) - 1 - number])
    return answer(METHOD, run, target, rows, call=call, head=head, residual=RESIDUAL)


def _back(run: Run, step: tuple[AttentionCall, ...], rows: Rows, head: int | None) -> Rows:
    """The rows in terms of the tokens before the step."""
    asks = [name for call in step for name in names(run.spaces[call.queries])]
    before = {name: row * RESIDUAL if name in asks else row.clone() for name, row in rows.items()}
    for call in step:
        share = {name: rows[name] * (1 - RESIDUAL) / asks.count(name) for name in names(run.spaces[call.queries])}
        mass = gather(share, run.spaces[call.queries])
        add(before, run.spaces[call.keys], of_heads(call, call.pull(mass.to(call.q.dtype)), head))
    return before


METHOD = Method(
    key="rollout",
    title="Attention rollout",
    explain=explain,
    kind="attention",
    signed=False,
    unit="share of the mixture",
    words="How the last tokens are mixed from the first if attention and residual weigh the same and nothing else "
    "matters. Values, feed-forward layers and the sign of a contribution are not seen.",
    source="Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020, section 3",
)
