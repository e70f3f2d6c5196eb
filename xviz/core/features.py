"""Features of tokens that a module makes inside: taken from it, and put into it, without touching the module.

A twin shares every weight with the module and has hooks of its own, which do nothing but in the thread that asks. So
gradients and perturbations reach tokens of a model whose forward takes pictures or numbers of words.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, is_dataclass, replace
from itertools import chain
from typing import Any

from torch import Tensor, nn

from xviz.core.errors import ModelError


@dataclass
class _Asked:
    """What one thread puts into a twin and takes from it during one forward pass."""

    given: Mapping[str, Tensor]  #: space → (b, n, d) features that replace the module's own
    taken: dict[str, Tensor] = field(default_factory=dict)  #: space → (b, n, d) as they were used
    times: dict[str, int] = field(default_factory=dict)  #: dotted module → calls so far


_asked: ContextVar[_Asked | None] = ContextVar("xviz_features", default=None)


def twin_of(module: nn.Module) -> nn.Module:
    """The same module with the same weights, not copied, on which hooks can be put without others hearing."""
    weights = chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(tensor): tensor for tensor in weights})


def open_features(module: nn.Module, places: Mapping[str, str]) -> nn.Module:
    """A twin whose features can be taken and given (``features``).

    Args:
        module: Any module.
        places: Space → dotted module whose output are its features; ``#2`` after it means its second call.

    Raises:
        ModelError: there is no such module.
    """
    twin = twin_of(module)
    for path in dict.fromkeys(name.partition("#")[0] for name in places.values()):
        try:
            part = twin.get_submodule(path)
        except AttributeError as error:
            known = [name for name, _ in twin.named_modules() if name][:12]
            raise ModelError(
                f"There is no module “{path}” to take features from. Its modules begin with {', '.join(known)}."
            ) from error
        part.register_forward_hook(_hook(path, {spot: space for space, spot in places.items()}))
    return twin


@contextmanager
def features(replaced: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Twins that run in this thread use these features, (b, n, d) by space, until the block ends.

    Yields:
        The features that were used, filled while the twin runs: those given, the module's own for all other spaces.
    """
    request = _Asked(replaced)
    token = _asked.set(request)
    try:
        yield request.taken
    finally:
        _asked.reset(token)


def _hook(path: str, spaces: Mapping[str, str]) -> Any:
    def hook(_: nn.Module, __: Any, output: Any) -> Any:
        if (request := _asked.get()) is None:
            return None
        request.times[path] = time = request.times.get(path, 0) + 1
        space = spaces.get(path if time == 1 else f"{path}#{time}") or spaces.get(f"{path}#{time}")
        if space is None:
            return None
        own, several = _first(output, path)
        stand_in = request.given.get(space)
        request.taken[space] = used = _tokens(own, path) if stand_in is None else stand_in
        return None if stand_in is None else _put(_shaped(used, own, space, path), output, several)

    return hook


def _first(output: Any, path: str) -> tuple[Tensor, bool]:
    """The tensor among what a module gives, and whether there is more.

    Raises:
        ModelError: it gives none.
    """
    if isinstance(output, Tensor):
        return output, False
    values = list(output.values()) if isinstance(output, Mapping) else list(output)
    if values and isinstance(values[0], Tensor):
        return values[0], True
    raise ModelError(f"“{path}” gives {type(output).__name__}, no tensor of features. Name a module that gives one.")


def _tokens(own: Tensor, path: str) -> Tensor:
    """Features as (b, n, d), of maps (b, d, height, width) row by row.

    Raises:
        ModelError: the tensor has neither three nor four axes.
    """
    if own.ndim == 4:
        return own.flatten(2).mT
    if own.ndim == 3:
        return own
    raise ModelError(
        f"“{path}” gives a tensor of shape {tuple(own.shape)}; features are (batch, tokens, width) or (batch, width, "
        "rows, columns). Name another module."
    )


def _shaped(used: Tensor, own: Tensor, space: str, path: str) -> Tensor:
    """Given features in the module's own layout.

    Raises:
        ModelError: they do not fit.
    """
    fits = _tokens(own, path).shape[1:]
    if used.shape[1:] != fits:
        raise ModelError(
            f"“{space}” has features {tuple(used.shape[1:])}, “{path}” gives {tuple(fits)} (tokens, width)."
        )
    if own.ndim == 4:
        return used.mT.unflatten(2, own.shape[2:]).to(own.dtype)
    return used.to(own.dtype)


def _put(used: Tensor, output: Any, several: bool) -> Any:
    """The module's output with other features in it."""
    if not several:
        return used
    if isinstance(output, Mapping):
        name = next(iter(output))
        return replace(output, **{name: used}) if is_dataclass(output) else {**output, name: used}
    return (
        type(output)((used, *output[1:]))
        if not hasattr(output, "_fields")
        else output._replace(**{output._fields[0]: used})
    )
