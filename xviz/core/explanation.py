"""One type for every answer: a clicked row of attention and a full attribution method alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.provenance import Plain, Provenance


@dataclass(frozen=True)
class Facts:
    """What is to be known about some scores as a whole; it stands under every map, in captions and in bundles."""

    numbers: Mapping[str, Plain] = field(default_factory=dict)  #: such as how far a sum misses, by name
    notes: tuple[str, ...] = ()  #: the same in sentences, for people
    warnings: tuple[str, ...] = ()  #: sentences that say what is wrong
    ranked: bool = True  #: False where chance orders the scores, so that nothing may rank them

    def __post_init__(self) -> None:
        """Make the numbers read-only."""
        object.__setattr__(self, "numbers", MappingProxyType(dict(self.numbers)))

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said for people, warnings first."""
        return self.warnings + self.notes

    def record(self) -> dict[str, object]:
        """A plain dict for JSON."""
        return {
            "numbers": dict(sorted(self.numbers.items())),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "ranked": self.ranked,
        }


NO_FACTS = Facts()


OWED = " owed to "  #: between an output and the tokens that it is owed to, in ``Target.text``


@dataclass(frozen=True, eq=False)
class Explanation:
    """One number for every token of some spaces."""

    scores: Mapping[str, NDArray[np.float64]]  #: leaf space name → (n,) scores
    method: str  #: key of the method
    target: str  #: what is explained, in words
    unit: str  #: what a score measures: "attention weight", "score difference", …
    signed: bool  #: True where scores below zero mean something
    provenance: Provenance
    focus: tuple[str, tuple[int, ...]] | None = None  #: space and tokens whose view this is
    facts: Facts = NO_FACTS  #: about the scores as a whole

    def __post_init__(self) -> None:
        """Make the scores read-only float64.

        Raises:
            ModelError: a score is not a number, or an unsigned one is below zero.
        """
        frozen = {}
        for name, scores in self.scores.items():
            frozen[name] = np.array(scores, dtype=np.float64)
            frozen[name].setflags(write=False)
            if not np.isfinite(frozen[name]).all():
                raise ModelError(f"{self.method} gave scores for {name} that are not finite numbers.")
            if not self.signed and frozen[name].min(initial=0.0) < 0:
                raise ModelError(f"{self.method} is unsigned but gave scores below zero for {name}.")
        object.__setattr__(self, "scores", MappingProxyType(frozen))

    @property
    def output(self) -> str:
        """The output that is explained, without what it is owed to."""
        return self.target.partition(OWED)[0]

    @property
    def owed(self) -> bool:
        """Whether the number that is explained is what the model owes to the focus, not the whole output."""
        return OWED in self.target
