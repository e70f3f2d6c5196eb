"""Which module is running, read from the call stack, so that no hook is ever put on a model that others use."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

from torch import Tensor, nn

Given = tuple[tuple[Any, ...], dict[str, Any]]

_CALL = nn.Module._wrapped_call_impl.__code__
#: packages whose own forward passes are no part of what is listened to
TOOLS = ("captum",)


@dataclass(frozen=True, eq=False)
class Place:
    """Where code is running."""

    module: nn.Module  #: the innermost running module
    name: str  #: dotted name of the innermost one that is registered
    running: tuple[nn.Module, ...]  #: all running modules, from the outermost in
    samples: int | None  #: length of the first tensor that the outermost was called with


class Names:
    """Dotted names of the parts of a module, and where the running code is among them."""

    def __init__(self, module: nn.Module) -> None:
        self._names: dict[int, list[str]] = {}
        for name, part in module.named_modules(remove_duplicate=False):
            self._names.setdefault(id(part), []).append(name)
        self._root = type(getattr(module, "_orig_mod", module)).__name__
        self._module = module  # keeps the identities valid

    def of(self, part: nn.Module, within: str = "") -> str:
        """Dotted name of a part; of several, the one inside ``within``. The whole has the name of its class."""
        names = self._names[id(part)]
        return next((name for name in names if within and name.startswith(f"{within}.")), names[0])

    def shown(self, name: str) -> str:
        """A name for people: the whole module is called by its class, and what compiling puts between is left out."""
        return ".".join(part for part in name.split(".") if part != "_orig_mod") or self._root

    def here(self) -> Place | None:
        """The innermost running module; None outside the whole, or where a tool runs it for itself.

        A running module that is registered nowhere goes by the name of the one that runs it.
        """
        known, outer, running = None, None, _running()
        for part, arguments in running:
            if id(part) in self._names:
                known, outer = self.of(part, known or ""), outer or arguments
        if known is None:
            return None
        return Place(running[-1][0], self.shown(known), tuple(part for part, _ in running), _samples(outer))

    def running(self) -> list[nn.Module]:
        """The parts that run now, from the outermost in."""
        return [part for part, _ in _running() if id(part) in self._names]


def _samples(arguments: Given) -> int | None:
    """Number of samples, as the first tensor that a module was called with has them."""
    args, kwargs = arguments
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor) and value.ndim > 1]
    return len(tensors[0]) if tensors else None


def _running() -> list[tuple[nn.Module, Given]]:
    """The modules whose calls are on the stack and their arguments, outermost first; none where a tool calls them."""
    calls: list[tuple[nn.Module, Given]] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _CALL:
            local = frame.f_locals
            calls.append((local["self"], (local["args"], local["kwargs"])))
        elif frame.f_globals.get("__name__", "").partition(".")[0] in TOOLS:
            return []
        frame = frame.f_back
    return calls[::-1]
