"""A second door to the tape: the attention of any module, which stays as it is.

``hearing(module)`` sees, in this thread alone, the fused kernel, ``nn.MultiheadAttention`` and softmax(q · kᵀ) · v
written by hand. It reads the names of modules from the call stack: nothing is put on a model that others use, and
nothing has to be removed afterwards. ``calls`` turns the tape into the record of a sample, the same as for ``Attend``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from xviz.core.attention import Heard, Replace, Tape, listening, replaced, tape_of_thread
from xviz.core.errors import ModelError
from xviz.core.listen.calls import Spaces, calls, targets
from xviz.core.listen.ear import Ear
from xviz.core.listen.names import Names

__all__ = ["Spaces", "calls", "hearing", "replacing", "targets"]


class _Within(Tape):
    """A tape of one module: an ``Attend`` elsewhere, or run by a tool for its own purposes, is not on it."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def append(self, heard: Heard) -> None:
        """Put a call on the tape if it is the module's."""
        place = None if heard.name else self._names.here()
        if place is not None:
            heard.name = place.name
        if heard.name:
            super().append(heard)


@contextmanager
def hearing(module: nn.Module, *, batch: int | None = None) -> Iterator[Tape]:
    """A tape that hears every attention of a module, run in this thread, until the block ends.

    Outputs are the same to the bit, but where the tape's ``notes`` say otherwise. What could not be heard is in its
    ``missed`` when the block has ended.

    Args:
        module: Any module, or the whole model.
        batch: Number of samples, if known; it tells samples from heads where a model joins both in one axis.
    """
    names = Names(module)
    with listening(_Within(names)) as tape:
        ear = Ear(names, tape, batch)
        with ear:
            yield tape
        ear.search.finish(module, tape)


@contextmanager
def replacing(module: nn.Module, weights: Replace, *, batch: int | None = None) -> Iterator[None]:
    """Every attention of a module, run in this thread, uses other weights until the block ends; see ``replaced``.

    Raises:
        ModelError: a tape listens, whose record would not be what was used.
    """
    if tape_of_thread() is not None:
        raise ModelError("Attention with replaced weights cannot be recorded; end one of the two blocks first.")
    with replaced(weights), Ear(Names(module), None, batch, weights):
        yield
