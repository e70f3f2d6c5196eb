"""The tape: what was heard, call by call, in one thread.

The tape lives in a ``ContextVar``: a thread begins without one, so that visitors who share a model cannot hear each
other, and there is nothing to remove afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge


def _same(tensor: Tensor) -> Tensor:
    return tensor


class _Shared:
    """Keys or values; a step of a generation reads them from the latest step, which repeats them."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, heard: Heard | None, owner: type | None = None) -> Tensor:
        if heard is None:
            raise AttributeError(self.name)  # the field has no default
        shared, count = vars(heard)[self.name]
        return shared[0] if count is None else shared[0][..., :count, :]

    def __set__(self, heard: Heard, tensor: Tensor) -> None:
        vars(heard)[self.name] = [tensor], None


@dataclass(eq=False)
class Heard:
    """One call as the tape heard it, with its batch axis; the same for ``Attend`` and for modules that are not ours."""

    module: nn.Module  #: the ``Attend``, or the innermost module in which attention was computed
    q: Tensor  #: (b, h, q, d)
    k: _Shared = _Shared()  #: (b, h|g, k, d); with g groups of heads that share keys, g divides h
    v: _Shared = _Shared()  #: (b, h|g, k, d)
    out: Tensor | None  # type: ignore[misc]  #: as the model has it, see ``order``; None where it has no gradient
    scale: float  # type: ignore[misc]  # the descriptors above are no defaults
    bias: Tensor | None = None  #: (b|1, h|1, q|1, k|1), added to the scaled products
    first_key: int = 0
    terms: tuple[Tensor, ...] = ()  #: as bias; True keys alone take part in a bool one, others are added
    causal: int | None = None  #: query i asks no key after i + causal
    name: str = ""  #: dotted name where the tape knows it
    note: str = ""  #: what a reader must know about the record
    order: Callable[[Tensor], Tensor] = _same  #: from the layout of ``out`` to (b, h, q, d)
    edge: GradientEdge | None = field(init=False, default=None)  #: where gradients of ``out`` are asked for

    def __post_init__(self) -> None:
        """Note the place of the output in the graph, which later changes in place would move."""
        if self.out is not None and self.out.requires_grad:
            self.edge = get_gradient_edge(self.out)

    def goes_on_from(self, before: Heard) -> None:
        """Let an earlier call, whose keys and values these repeat, read them here, so that memory grows linearly."""
        for name in ("k", "v"):
            count = getattr(before, name).shape[-2]
            shared, _ = vars(before)[name]
            shared[0] = getattr(self, name)
            vars(before)[name], vars(self)[name] = (shared, count), (shared, None)

    def copy(self, name: str) -> None:
        """Copy a part that is about to change; calls that share it share the copy."""
        if name in ("k", "v"):
            shared, _ = vars(self)[name]
            shared[0] = shared[0].detach().clone()
        else:
            setattr(self, name, getattr(self, name).detach().clone())


@dataclass(frozen=True)
class Missed:
    """Attention, or what looks like it, that could not be heard."""

    name: str  #: dotted module name
    why: str  #: a sentence for people
    advice: str  #: what to change


class Tape(list[Heard]):
    """The calls that were heard, in their order, and what was missed."""

    def __init__(self) -> None:
        super().__init__()
        self.missed: list[Missed] = []
        self.notes: list[str] = []  #: what listening changed, in sentences for people


_tape: ContextVar[Tape | None] = ContextVar("xviz_tape", default=None)


def tape_of_thread() -> Tape | None:
    """The tape that listens here and now."""
    return _tape.get()


@contextmanager
def listening(tape: Tape | None = None) -> Iterator[Tape]:
    """A tape that hears every ``Attend`` of this thread until the block ends; a new one where none is given."""
    tape = Tape() if tape is None else tape
    token = _tape.set(tape)
    try:
        yield tape
    finally:
        _tape.reset(token)


@contextmanager
def unheard() -> Iterator[None]:
    """What runs in this block is on no tape: forward passes that a method makes for its own purposes."""
    token = _tape.set(None)
    try:
        yield
    finally:
        _tape.reset(token)
