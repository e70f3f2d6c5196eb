"""The record of one forward pass: what came out, and every attention on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor

from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.explanation import OWED
from xviz.core.provenance import Provenance
from xviz.core.tokens import TokenSpace, leaves

S = TypeVar("S", bound=TokenSpace)


@dataclass(frozen=True)
class Caution:
    """What of a sample, or of what preparing did to it, may make the answer wrong."""

    fact: str  #: in words that a caption can say, too
    advice: str = ""  #: what to do about it
    seen: str = ""  #: how the page, but no figure, shows it

    def __str__(self) -> str:
        """All of it, for people in front of the screen."""
        fact = f"{self.fact.removesuffix('.')}, {self.seen}." if self.seen else self.fact
        return f"{fact} {self.advice}".strip()


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a model is fed: the tokens that can be explained, and what else it needs."""

    tokens: Mapping[str, Tensor]  #: space name → (n, d) features of its tokens
    present: Mapping[str, Tensor]  #: space name → (n,) bool; an absent token takes no part in the run
    spaces: Mapping[str, TokenSpace]  #: every space that attention may name, joined ones too
    context: Mapping[str, Tensor]  #: what is not explained, without batch axis: box places, …
    notes: tuple[str, ...] = ()  #: what preparing changed, in words for people
    cautions: tuple[Caution, ...] = ()  #: shown above the result; captions say their facts
    gone: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  #: what ``without`` left out

    def __post_init__(self) -> None:
        """Freeze the mappings and check that tokens and spaces fit.

        Raises:
            ModelError: a space and its tokens differ in number.
        """
        for name in ("tokens", "present", "spaces", "context", "gone"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for name, tokens in self.tokens.items():
            if len(tokens) != len(self.spaces[name]) or self.present[name].shape != (len(tokens),):
                raise ModelError(f"The space “{name}” has {len(self.spaces[name])} tokens but {len(tokens)} features.")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may make the answer wrong, in words for people."""
        return tuple(map(str, self.cautions))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of what can be set to another number, such as ``alpha``."""
        return tuple(name for name, value in self.context.items() if value.ndim == 0)

    @classmethod
    def of(cls, *spaces: TokenSpace, tokens: Mapping[str, Tensor] | None = None, **context: Tensor) -> Inputs:
        """What a model that is not ours is fed.

        Args:
            spaces: Its tokens; the leaves of a joined space need not be given beside it.
            tokens: Space name → (n, d) features, where these are inputs of the model.
            context: All other tensors, by name, without batch axis.

        Raises:
            ModelError: a space and its features differ in number.
        """
        present = {name: torch.ones(len(features), dtype=torch.bool) for name, features in (tokens or {}).items()}
        parts = {leaf.name: leaf for space in spaces for leaf in leaves(space)}
        return cls(tokens or {}, present, {**parts, **{space.name: space for space in spaces}}, context)

    def without(self, gone: Mapping[str, tuple[int, ...]]) -> Inputs:
        """The same inputs with some tokens absent.

        Raises:
            ModelError: no token of a space would be left, or there is no such token.
        """
        present = dict(self.present)
        for name, tokens in gone.items():
            if name not in present or any(not 0 <= t < len(present[name]) for t in tokens):
                raise ModelError(f"Cannot leave out tokens {tokens} of “{name}”: there are no such tokens.")
            present[name] = present[name].clone()
            present[name][list(tokens)] = False
            if not present[name].any():
                raise ModelError(f"All of “{name}” would be left out; keep at least one token.")
        left = {name: tuple(sorted({*self.gone.get(name, ()), *gone.get(name, ())})) for name in {**self.gone, **gone}}
        return replace(self, present=present, gone={name: tokens for name, tokens in left.items() if tokens})


@dataclass(frozen=True)
class Target:
    """The number that is explained: one output, or what some tokens contribute to it.

    With a focus the number is output(all) − output(without the focus tokens): what the model owes to them.
    """

    output: str  #: name of a scalar output of the model
    space: str | None = None  #: leaf space of the focus; None explains the output itself
    tokens: tuple[int, ...] = ()  #: the focus tokens

    def text(self) -> str:
        """The target in a few characters, for provenance and captions."""
        return self.output if self.space is None else f"{self.output}{OWED}{self.space} {list(self.tokens)}"


@dataclass(frozen=True, eq=False)
class Run:
    """One sample through one model."""

    outputs: Mapping[str, float]  #: scalar outputs by name
    target: str | None  #: the output whose gradients the calls carry
    calls: tuple[AttentionCall, ...]  #: in the order in which they happened
    inputs: Inputs
    provenance: Provenance

    def __post_init__(self) -> None:
        """Refuse calls that name unknown spaces, or whose sizes are not those of their spaces.

        Raises:
            ModelError: a call and its spaces do not fit.
        """
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))
        for call in self.calls:
            for role, name, count in (("queries", call.queries, call.q.shape[1]), ("keys", call.keys, call.k.shape[1])):
                if name not in self.spaces:
                    raise ModelError(f"“{call.name}” has {role} of an unknown space “{name}”; add it to the inputs.")
                if len(self.spaces[name]) != count:
                    raise ModelError(
                        f"“{call.name}” has {count} {role}, but “{name}” has {len(self.spaces[name])} tokens."
                    )

    @property
    def spaces(self) -> Mapping[str, TokenSpace]:
        """The token spaces by name."""
        return self.inputs.spaces

    @property
    def leaves(self) -> dict[str, TokenSpace]:
        """Every space that joins no others, by name."""
        return {leaf.name: leaf for space in self.spaces.values() for leaf in leaves(space)}

    def space(self, name: str, kind: type[S]) -> S:
        """The token space of that name, which must be of that kind.

        Raises:
            ModelError: the run has no such space, or one of another kind.
        """
        if name not in self.spaces:
            raise ModelError(f"There is no token space “{name}” in this run; there are {', '.join(self.spaces)}.")
        space = self.spaces[name]
        if not isinstance(space, kind):
            raise ModelError(f"The token space “{name}” is {type(space).__name__}; {kind.__name__} is needed here.")
        return space

    def call(self, name: str) -> AttentionCall:
        """The call of that name.

        Raises:
            ModelError: there is no such call.
        """
        for call in self.calls:
            if call.name == name:
                return call
        raise ModelError(f"There is no attention “{name}” in this run; there are {[c.name for c in self.calls]}.")
