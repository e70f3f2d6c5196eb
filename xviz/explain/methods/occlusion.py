"""Leave one token out: the referee of all other methods.

The score of a token is f(all) − f(all but it); nothing stands in its place (``probe``). With focus tokens F it is the
interaction output(x) − output(x∖F) − output(x∖j) + output(x∖F∖j), and for the only focus token its own effect.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, per_space, players, probe, repeated, shown
from xviz.explain.question import answer, check, whole


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """What the target loses without each single token; see ``method.Explain``."""
    whole(METHOD, call, head)
    target, inputs = check(loaded, run, target), run.inputs
    count = len(players(inputs))
    kept = torch.cat([torch.ones(1, count), 1 - torch.eye(count)]).bool()
    value = probe(loaded, inputs, target)

    def values(part: Tensor) -> Tensor:
        return value(repeated(inputs.tokens, len(part)), shown(inputs, part))

    evaluate = counted(values, len(kept), progress, "leaving tokens out")
    with torch.no_grad():
        every = torch.cat([evaluate(part) for part in kept.split(BATCH)])
    return answer(METHOD, run, target, per_space(inputs, every[0] - every[1:]))


METHOD = Method(
    key="occlusion",
    title="Leave one out",
    explain=explain,
    kind="perturbation",
    signed=True,
    unit="score difference",
    words="How much the output falls when one token is left out. Two tokens that carry the same evidence can replace "
    "each other, and then both get a small score.",
    source="Zeiler & Fergus, ECCV 2014, section 4.1; Li, Monroe & Jurafsky, arXiv:1612.08220",
)
