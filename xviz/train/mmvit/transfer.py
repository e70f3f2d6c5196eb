"""From a model of pictures to one of sounds: their weights as a start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.models.mmvit import MMViT


def transfer(
    pictures: Mapping[str, Tensor], model: MMViT, *, rule: str = "sum", grids: Sequence[tuple[int, int]] = ()
) -> tuple[str, ...]:
    """Put the weights of a model of pictures into a model of sounds; the names of those that fit.

    Patch weights of three colour channels become those of one by their sum, which is right for a grey picture
    repeated three times, or by their mean; codes of places are cut where the new grid is shorter and stretched where it
    is longer, as in AST (Gong et al., Interspeech 2021). The classes are not carried over.

    Args:
        pictures: State of the model of pictures, with the same widths, stages and patch kernels.
        model: The model of sounds; changed in place.
        rule: "sum" or "mean".
        grids: Rows and columns of the patches of each view of the model of pictures; square where not given.

    Raises:
        ModelError: another rule, or nothing fits.
    """
    if rule not in ("sum", "mean"):
        raise ModelError(f"Channels are joined by “sum” or “mean”, not “{rule}”.")
    own, carried = model.state_dict(), {}
    for name, theirs in pictures.items():
        if name not in own or name.startswith(("classify", "mean_")):
            continue
        wanted = own[name]
        if name.startswith("embed") and name.endswith("weight") and theirs.shape[1] == 3 * wanted.shape[1]:
            apart = theirs.unflatten(1, (3, -1))
            theirs = apart.sum(1) if rule == "sum" else apart.mean(1)
        if name.startswith("place.") and theirs.shape != wanted.shape:
            view = int(name.split(".")[1])
            theirs = fitted(theirs, grids[view] if grids else square(theirs.shape[1]), model.grids[view])
        if theirs.shape == wanted.shape:
            carried[name] = theirs
    if not carried:
        raise ModelError("No weight of the model of pictures fits; use one with the same widths, stages and kernels.")
    model.load_state_dict({**own, **carried})
    return tuple(carried)


def square(count: int) -> tuple[int, int]:
    """Rows and columns of a square grid of so many patches."""
    side = round(count**0.5)
    if side * side != count:
        raise ModelError(f"A model of pictures has a square grid of patches; {count} are none.")
    return side, side


def fitted(codes: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Codes of places (1, n, width) on another grid: the middle where it is smaller, stretched where it is larger."""
    grid = codes[0].T.unflatten(-1, old)
    for axis in (0, 1):
        if new[axis] < old[axis]:
            grid = grid.narrow(axis + 1, (old[axis] - new[axis]) // 2, new[axis])
    if grid.shape[1:] != torch.Size(new):
        grid = F.interpolate(grid[None], new, mode="bilinear", align_corners=False)[0]
    return grid.flatten(1).T[None]
