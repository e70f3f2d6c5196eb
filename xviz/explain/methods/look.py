"""The attention of some tokens, exactly as the model used it.

Several focus tokens: the mean of their rows. No head: the mean over heads. No call: the mean over all calls of the run
in which the focus may ask; where a space answers in some of these calls only, its weight in the others is zero, so
that the scores of all spaces together sum to one. Weights of pooled keys are then shared out equally among the tokens
that they cover; with a call, they stay at the keys.
"""

from __future__ import annotations

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import place
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, add, answer, calls, check, grounded, of_heads, tell


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """The mean attention row of the focus tokens; see ``method.Explain``.

    Raises:
        ModelError: no token is picked, or the question does not fit the model.
    """
    target = check(loaded, run, target, attention=True)
    if target.space is None:
        raise ModelError(f"{METHOD.title} is the view of a token. Pick a token, or choose another method.")
    attentions = calls(run, target, call)
    rows: Rows = {}
    for number, attention in enumerate(attentions):
        tell(progress, number / len(attentions), attention.name)
        index = place(run.spaces[attention.queries], target.space, target.tokens)
        row = of_heads(attention, attention.rows(index), head).mean(0)
        add(rows, run.spaces[attention.keys], row / len(attentions))
    if call is None:  # every call has pooled keys of its own
        rows = grounded(run, rows)
    return answer(METHOD, run, target, rows, call=call, head=head)


METHOD = Method(
    key="look",
    title="Attention of the picked token",
    explain=explain,
    kind="attention",
    signed=False,
    unit="attention weight",
    words="The attention weights of the picked token as a query, exactly as the model used them. A high weight does "
    "not mean that the output depends on that key.",
    source="Vaswani et al., Attention Is All You Need, NeurIPS 2017, eq. 1",
    needs_focus=True,
)
