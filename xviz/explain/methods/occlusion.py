"""Leave one token out: the referee of all other methods.

The score of a token is f(all) − f(all but it); nothing stands in its place (``probe``). With focus tokens F it is the
interaction output(x) − output(x∖F) − output(x∖j) + output(x∖F∖j), and for the only focus token its own effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xviz.core.attention import weights_replaced
from xviz.core.explanation import Explanation
from xviz.core.run import Inputs, Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, per_space, players, probe, repeated, shown
from xviz.explain.question import answer, check, whole

#: inputs → module → output and state of its weights → the output with all tokens and without each, which every focus
#: needs anew
_KNOWN: WeakKeyDictionary[Inputs, WeakKeyDictionary[nn.Module, dict[tuple[str, tuple[int, ...]], Tensor]]]
_KNOWN = WeakKeyDictionary()


def _state(module: nn.Module) -> tuple[int, ...]:
    """Changes with the weights of a module: where they lie, and how often they were written to."""
    held = (*module.parameters(), *module.buffers())
    return tuple(number for tensor in held for number in (tensor.data_ptr(), tensor._version))


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
    plain, place = Target(target.output), (target.output, _state(loaded.module))
    kept_here = loaded.ours and not weights_replaced()
    known = _KNOWN.setdefault(inputs, WeakKeyDictionary()).setdefault(loaded.module, {}) if kept_here else {}
    value = probe(loaded, inputs, plain)

    def values(part: Tensor, gone: Sequence[int] = ()) -> Tensor:
        present = shown(inputs, part)
        if gone:
            present[str(target.space)][:, list(gone)] = False
        return value(repeated(inputs.tokens, len(part)), present)

    total = len(kept) * ((place not in known) + (target.space is not None))
    evaluate = counted(values, total, progress, "leaving tokens out")
    with torch.no_grad():
        if place not in known:
            known[place] = torch.cat([evaluate(part) for part in kept.split(BATCH)])
        every = known[place]
        if target.space is not None:
            every = every - torch.cat([evaluate(part, target.tokens) for part in kept.split(BATCH)])
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
