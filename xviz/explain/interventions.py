"""Whether the attention matters at all: other weights in its place, and what then becomes of the outputs.

If uniform or shuffled weights leave an output where it was, pictures of these weights explain nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xviz import engine
from xviz.core.attention import Replace
from xviz.core.errors import ModelError
from xviz.core.provenance import Provenance
from xviz.core.run import Run
from xviz.engine import Loaded
from xviz.explain.method import Progress
from xviz.explain.question import tell

Kind = Literal["uniform", "permuted"]


@dataclass(frozen=True, eq=False)
class Intervention:
    """What other attention weights do to the outputs."""

    kind: Kind
    call: str | None  #: the call whose weights were replaced; None for all
    before: Mapping[str, float]  #: outputs of the run
    after: Mapping[str, NDArray[np.float64]]  #: output → (seeds,) values with other weights; one where uniform
    provenance: Provenance

    def change(self, output: str) -> NDArray[np.float64]:
        """(seeds,) after − before."""
        return self.after[output] - self.before[output]


def intervene(
    loaded: Loaded,
    run: Run,
    kind: Kind,
    *,
    call: str | None = None,
    seeds: int = 20,
    progress: Progress | None = None,
) -> Intervention:
    """The outputs of a run with other attention weights.

    Keys that take no part keep weight zero. "uniform" gives all others the same weight; "permuted" shuffles the
    weights of every row by itself, which keeps how peaked they are and loses where.

    Args:
        loaded: The model.
        run: A run of it.
        kind: "uniform" or "permuted".
        call: Name of the one call that is changed; None for all.
        seeds: Number of permutations; uniform weights need one.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: there is no such call or kind.

    Source: Jain & Wallace, Attention is not Explanation, NAACL 2019, section 4.2.1; Wiegreffe & Pinter, EMNLP 2019.
    """
    if kind not in ("uniform", "permuted") or seeds < 1:
        raise ModelError(f"Choose uniform or permuted weights and at least one seed; got “{kind}” and {seeds}.")
    index = None if call is None else run.calls.index(run.call(call))
    outputs: dict[str, list[float]] = {name: [] for name in run.outputs}
    for seed in range(seeds if kind == "permuted" else 1):
        tell(progress, seed / seeds, f"{kind} attention")
        change = _uniform if kind == "uniform" else _permuted(torch.Generator().manual_seed(seed))
        with torch.no_grad(), engine.changed(loaded, _only(index, change)):
            for name, value in engine.outputs(loaded, run.inputs).items():
                outputs[name].append(value)
    after = MappingProxyType({name: np.array(values) for name, values in outputs.items()})
    options = {"intervention": kind, "call": call, "seeds": len(next(iter(after.values())))}
    return Intervention(kind, call, run.outputs, after, run.provenance.but(**options))


def _only(index: int | None, change: Callable[[Tensor], Tensor]) -> Replace:
    """The change for the call of that index, counted as the run counts them, and the softmax for the others."""
    heard = 0

    def weights(_: nn.Module, logits: Tensor) -> Tensor:
        nonlocal heard
        mine = index is None or heard == index
        heard += 1
        return change(logits) if mine else logits.softmax(-1)

    return weights


def _uniform(logits: Tensor) -> Tensor:
    """(b, h, q, k) logits → the same weight for all keys that take part."""
    return torch.where(logits.isneginf(), logits, 0.0).softmax(-1)


def _permuted(generator: torch.Generator) -> Callable[[Tensor], Tensor]:
    """A function of (b, h, q, k) logits → their softmax, shuffled in each row among the keys that take part."""

    def weights(logits: Tensor) -> Tensor:
        gone = logits.isneginf()
        chance = torch.rand(logits.shape, generator=generator).masked_fill(gone, 2.0)
        shuffled = logits.softmax(-1).gather(-1, chance.argsort(-1))  # those that take part first, in random order
        places = gone.to(torch.uint8).argsort(dim=-1, stable=True)  # those that take part first, in their own order
        return torch.zeros_like(shuffled).scatter(-1, places, shuffled)

    return weights
