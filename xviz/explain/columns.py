"""Who asks the picked token: the weight that each token gives to it, a column of the attention where a row is `look`.

Columns do not sum to one. Several focus tokens: the sum of their columns. No call: the mean over the calls in which the
focus may answer. It is no entry of ``METHODS``, since it only turns the direction of one.
"""

from __future__ import annotations

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import place
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, add, answer, check, names, of_heads, tell


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """The weights that the focus tokens get; see ``method.Explain``.

    Raises:
        ModelError: no token is picked, or it answers in none of the calls.
    """
    target = check(loaded, run, target, attention=True)
    if target.space is None:
        raise ModelError(f"{METHOD.title} is about a token. Pick a token, or choose another method.")
    named = run.calls if call is None else (run.call(call),)
    answering = [attention for attention in named if target.space in names(run.spaces[attention.keys])]
    if not answering:
        raise ModelError(f"Tokens of “{target.space}” answer nobody there. Pick a token of another space, or a layer.")
    rows: Rows = {}
    for number, attention in enumerate(answering):
        tell(progress, number / len(answering), attention.name)
        index = place(run.spaces[attention.keys], target.space, target.tokens)
        column = of_heads(attention, attention.columns(index), head).sum(-1)
        add(rows, run.spaces[attention.queries], column / len(answering))
    return answer(METHOD, run, target, rows, call=call, head=head)


METHOD = Method(
    key="asked",
    title="Attention to the picked token",
    explain=explain,
    kind="attention",
    signed=False,
    unit="attention weight",
    words="The weight of the picked token as a key, for every query, exactly as the model used it. These weights do "
    "not sum to one, and a high one does not mean that the output depends on it.",
    source="Vaswani et al., Attention Is All You Need, NeurIPS 2017, eq. 1",
    needs_focus=True,
)
