"""Gradient ⊙ attention through the layers (Chefer et al.), streamed for one query.

With Ā = mean over heads of (∇A ⊙ A)⁺ (eq. 5), relevance R begins as the identity and grows with every call. For
self-attention over a space s, joined ones too (eq. 6, 7), and for s asking q (eq. 8–11):

    self    R^{sx} += Ā R^{sx}                         for every space x
    cross   R^{sq} += (R̄^{ss})ᵀ Ā R̄^{qq}               with R̄ = rows of R − I divided by their sums, + I
            R^{sx} += Ā R^{qx}                         for every other x, s among them

A row of R − I that is zero, as before any self-attention, stays zero. Calls that share a leaf space between queries
and keys follow the self rule over the joint sequence, all others the cross rule. Calls of one step (``question.path``)
all read the R before the step. A call on which the output does not depend adds nothing.

Where queries or keys are pooled, R is not square and R̄ says nothing: such calls follow the self rule,
R^{sx} += Ā R^{qx} for every x. A pooled space p of s begins with R^{px} = P R^{sx}; P holds the equal shares of what a
token covers. Pooled keys begin so in every block, from what its tokens have become; pooled queries only once.

Only products of R with single rows and columns are formed (``streamed``): neither R nor Ā is held as a whole, the rows
of Ā are made in chunks, once for all leaf spaces, and kept while there is room (``flow.KEPT``). Memory is linear in
the number of tokens, and time has no step. Without cross-attention each Ā is used once. With it the products grow
faster than the layers, since (R̄ᵀ) Ā R̄ needs an earlier R on both sides: by about 1.4 with each layer that asks one way,
as in MIT (48 products for its 14 attentions), by about 1.8 with each of co-attention (7, 16, 37, 72, 136, 242 for one
to six). So R is held as one matrix where tokens are few (``FEW``), or where layers are so many that this is less work
and R is not too large (``HELD``); then there is one step for each layer. Many layers of co-attention over thousands
of tokens remain slow.

Scores are the row of R − I of the focus tokens (their mean), or the sum of the rows of all present tokens that ask on
the path, as for an output pooled over tokens. The identity says only that a token is itself, and is left out. The
gradients are those of the output itself, with a focus too: R is the paper's, and the focus picks its row.
"""

from __future__ import annotations

from xviz import engine
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.flow import Flow, Held, Report, Weights
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, answer, check, path, sources, tell
from xviz.explain.streamed import Streamed

CHUNK: int | None = None  #: rows of attention made at once; None for as many as fit the cache
FEW = 256  #: tokens of all spaces together up to which R is held in any case, 512 KB
HELD = 2**22  #: numbers of R up to which it may be held, 32 MB
WORTH = 2  #: multiplications for each product that is counted at most; it takes as long as 16, and most are not needed


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Rows of the relevance R − I; see ``method.Explain``.

    ``call`` applies the rules to that call alone; ``head`` takes Ā from that head alone. Runs again where the run
    carries the gradients of another output.
    """
    target = check(loaded, run, target, attention=True)
    tell(progress, 0.0, "gradients")
    run = engine.regrad(loaded, run, target.output)
    steps = path(loaded, run, target.output, call)
    rows = sources(run, target, steps, loaded.spec.reads)
    if target.space is not None:
        rows = {name: row / len(target.tokens) for name, row in rows.items()}
    flow = Flow(run, steps, Weights(head, CHUNK), pools=call is None)
    total = _rows(flow, rows, lambda number: tell(progress, (number + 1) / (len(steps) + 1), "relevance"))
    pooled = {leaf.name for step in flow.born for leaf in step}  # their relevance goes to what they were pooled from
    added = {leaf: row - rows.get(leaf, 0.0) for leaf, row in total.items() if leaf not in pooled}
    scores = {leaf: row.clamp_min(0.0) for leaf, row in added.items()}  # below zero by rounding only
    return answer(METHOD, run, target, scores, call=call, head=head)


def _rows(flow: Flow, rows: Rows, report: Report) -> Rows:
    """Σ_x rows[x] R^{xy} after all steps, y → (tokens of y,), with R held or streamed, whichever takes less."""
    calls = sum(map(len, flow.steps))
    less = flow.size <= FEW or calls * flow.size <= WORTH * flow.products()
    if less and flow.size**2 <= HELD:
        return Held(flow).rows(rows, report)
    start = {x: row.expand(len(flow.kinds), -1) for x, row in rows.items()}
    panel = Streamed(flow).row(len(flow.steps), start, flow.kinds, report)
    return {y: values[flow.kind[y]] for y, values in panel.items()}


METHOD = Method(
    key="relevance",
    title="Gradient-weighted attention",
    explain=explain,
    kind="attention",
    signed=False,
    unit="relevance",
    words="Attention weighted by its gradient and followed through the layers. It is specific to the output, keeps "
    "only evidence for it, and does not see feed-forward layers.",
    source="Chefer et al., Generic Attention-model Explainability, ICCV 2021, eq. 5–11",
)
