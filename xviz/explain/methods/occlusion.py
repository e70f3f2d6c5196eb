"""Leave one token out: the referee of all other methods.

The score of a token is f(all) − f(all but it); nothing stands in its place (``probe``). With focus tokens F it is the
interaction output(x) − output(x∖F) − output(x∖j) + output(x∖F∖j), and for the only focus token its own effect.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xviz.core.attention import weights_replaced
from xviz.core.explanation import Explanation
from xviz.core.run import Inputs, Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, per_space, players, probe, repeated, shown
from xviz.explain.question import answer, check, tell, whole

PAIRS = 512  #: tokens up to which outputs without two of them are kept; whoever asks about either needs them
WORDS = "leaving tokens out"
State = tuple[str, tuple[int, ...]]  #: an output, and the state of the weights

#: inputs → module → outputs without the token of a row and that of a column, (1 + tokens, 1 + tokens), where place 0 is
#: no token; NaN is not known yet; above PAIRS there is row 0 alone
_KNOWN: WeakKeyDictionary[Inputs, WeakKeyDictionary[nn.Module, dict[State, Tensor]]] = WeakKeyDictionary()


def _state(module: nn.Module) -> tuple[int, ...]:
    """Changes with the weights of a module: where they lie, and how often they were written to."""
    tensors = (*module.parameters(), *module.buffers())
    return tuple(number for tensor in tensors for number in (tensor.data_ptr(), tensor._version))


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
    everyone, key = players(inputs), (target.output, _state(loaded.module))
    count, value = 1 + len(everyone), probe(loaded, inputs, Target(target.output))
    each = torch.cat([torch.ones(1, count - 1), 1 - torch.eye(count - 1)]).bool()  # nobody is left out, then one
    focus = [1 + everyone.index((target.space, token)) for token in target.tokens] if target.space else []
    player = focus[0] if len(focus) == 1 and count <= PAIRS else None  # of whom pairs are kept
    kept_here = loaded.ours and not weights_replaced()
    known = _KNOWN.setdefault(inputs, WeakKeyDictionary()).setdefault(loaded.module, {}) if kept_here else {}
    pairs = known.get(key)
    fresh = pairs is None
    if pairs is None:
        pairs = torch.full((count if count <= PAIRS else 1, count), torch.nan, dtype=torch.float64)
    unknown = torch.ones(count, dtype=torch.bool) if player is None else pairs[player].isnan()
    if player is not None:
        unknown[[0, player]] = False  # known as soon as row 0 is

    def outputs(coalitions: Tensor) -> Tensor:
        return value(repeated(inputs.tokens, len(coalitions)), shown(inputs, coalitions)).double()

    tell(progress, 0.0, WORDS)  # also where all is known
    evaluate = counted(outputs, count * fresh + int(unknown.sum()) * bool(focus), progress, WORDS)
    with torch.no_grad():
        if fresh:
            pairs[0] = every = torch.cat([evaluate(part) for part in each.split(BATCH)])
            if len(pairs) > 1:
                pairs[:, 0] = every
                pairs.diagonal().copy_(every)
            known[key] = pairs
        effects = pairs[0]
        if focus:
            row = pairs[0].clone() if player is None else pairs[player].clone()
            if unknown.any():
                parts = (each[unknown] & each[focus].all(0)).split(BATCH)
                row[unknown] = torch.cat([evaluate(part) for part in parts])
            effects = effects - row
            if player is not None:
                pairs[player] = pairs[:, player] = row
    return answer(METHOD, run, target, per_space(inputs, effects[0] - effects[1:]))


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
