"""Every layer and head at a glance: a small map of the same token's attention in each, its mass and its entropy.

The maps are pooled to a few hundred cells, each the strongest of the tokens under it, so that many fit on a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.forms import Form, InCloud, OnHead, OnPicture, OnPictures
from xviz.core.run import Run
from xviz.core.tokens import Scores, leaves, place
from xviz.draw.scale import order
from xviz.draw.scalp import field, flat
from xviz.explain.question import names

CELLS = 24  #: the most that a side of a small map has
LONG = 36  #: the most that a small map of a row of tokens has


@dataclass(frozen=True, eq=False)
class Small:
    """One layer's small maps, one a head."""

    title: str
    maps: NDArray[np.float64]  #: (heads, height, width); NaN outside
    mass: NDArray[np.float64]  #: (heads,) sum of the weights that are shown
    entropy: NDArray[np.float64]  #: (heads,) bits
    most: float  #: bits of an even distribution


def entropy(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shannon entropy of (…, n) weights in bits, as shares of their sum; 0 where they are all zero."""
    total = weights.sum(-1, keepdims=True)
    shares = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return -(shares * logs).sum(-1) + 0.0


@singledispatch
def small(form: Form, scores: Scores) -> NDArray[np.float64]:
    """The scores of a space's tokens as a small map (height, width), NaN outside; a new form registers its own."""
    return _row(form.painted(scores))


def _row(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in a row, pooled to the strongest; long rows break into lines."""
    if len(values) > LONG * LONG:
        values = _strongest(values, -(-len(values) // (LONG * LONG)))
    lines = -(-len(values) // LONG)
    wide = -(-len(values) // lines) if lines else 0
    out = np.full(lines * wide, np.nan)
    out[: len(values)] = values
    return out.reshape(lines, wide)


def _strongest(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(…, n) values → one for every ``size`` of them, of greatest magnitude."""
    starts = np.arange(0, values.shape[-1], size)
    filled = np.nan_to_num(values)
    high, low = np.maximum.reduceat(filled, starts, -1), np.minimum.reduceat(filled, starts, -1)
    return np.where(high >= -low, high, low)


@small.register
def _on_picture(form: OnPicture, scores: Scores) -> NDArray[np.float64]:
    tall, wide = form.pixels.shape[:2]
    rows, columns = np.unique(form.boxes[:, 1]), np.unique(form.boxes[:, 0])
    if len(rows) * len(columns) == len(form) and max(len(rows), len(columns)) <= CELLS:
        down, across = len(rows), len(columns)  # a grid has one cell a token
    else:
        scale = CELLS / max(tall, wide)
        down, across = max(1, round(tall * scale)), max(1, round(wide * scale))
    out = np.full((down, across), np.nan)
    values = form.painted(scores)
    for index in order(values)[::-1]:  # the strongest is painted last
        if not np.isfinite(values[index]):
            continue
        x0, y0, x1, y1 = form.boxes[index] * np.tile([across / wide, down / tall], 2)
        left, top = min(round(float(x0)), across - 1), min(round(float(y0)), down - 1)
        out[max(top, 0) : max(round(float(y1)), top + 1), max(left, 0) : max(round(float(x1)), left + 1)] = values[
            index
        ]
    return out


@small.register
def _on_pictures(form: OnPictures, scores: Scores) -> NDArray[np.float64]:
    each = form.split(form.painted(scores)).reshape(len(form.images), *form.grid)
    size = max(1, -(-max(form.grid) // CELLS))
    if size > 1:
        each = _strongest(_strongest(each, size).swapaxes(1, 2), size).swapaxes(1, 2)
    if (zoom := CELLS // (2 * max(each.shape[1:]))) > 1:  # so that the gap between pictures is thin
        each = each.repeat(zoom, 1).repeat(zoom, 2)
    across = int(np.ceil(np.sqrt(len(each))))
    gap = np.full((each.shape[1] + 1, each.shape[2] + 1), np.nan)
    tiles = [np.pad(tile, ((0, 1), (0, 1)), constant_values=np.nan) for tile in each]
    tiles += [gap] * (-len(tiles) % across)
    return np.block([tiles[i : i + across] for i in range(0, len(tiles), across)])[:-1, :-1]


@small.register
def _on_head(form: OnHead, scores: Scores) -> NDArray[np.float64]:
    places, values = flat(form.positions), form.painted(scores)
    known = np.isfinite(places).all(1) & np.isfinite(values)
    if known.sum() >= 4:
        surface = field(places, values, cells=CELLS, reach=1.3)
        return np.clip(surface, values[known].min(), values[known].max())  # between electrodes nothing is added
    return _row(values)


@small.register
def _in_cloud(form: InCloud, scores: Scores) -> NDArray[np.float64]:
    """From above: each cell has the strongest of the points over it."""
    values, points = form.painted(scores), form.xyz[:, :2] - form.xyz[:, :2].min(0)
    extent = float(points.max(initial=0.0)) or 1.0
    down, across = (max(1, int(np.ceil(CELLS * float(points[:, side].max()) / extent))) for side in (1, 0))
    column = np.minimum((points[:, 0] / extent * CELLS).astype(int), across - 1)
    row = np.minimum((points[:, 1] / extent * CELLS).astype(int), down - 1)
    covered = form.of_point >= 0
    each = np.where(covered, values[np.maximum(form.of_point, 0)], np.nan)
    out = np.full((down, across), np.nan)
    for index in order(each)[::-1]:
        if np.isfinite(each[index]):
            out[down - 1 - row[index], column[index]] = each[index]
    return out


@dataclass(frozen=True, eq=False)
class Glance:
    """The attention of some tokens in every layer in which they take part."""

    calls: tuple[AttentionCall, ...]
    layers: tuple[Small, ...]
    asking: bool  #: whether the tokens are queries, whose rows are shown; else keys, whose columns are


def glance(
    run: Run, forms: Mapping[str, Form], space: str, tokens: Sequence[int], titles: Mapping[str, str] | None = None
) -> Glance:
    """The mean row of some tokens in every layer and head; where they are no queries, the sum of their columns.

    Args:
        run: Of any model.
        forms: Leaf space → how its tokens are shown.
        space: Leaf space of the tokens.
        tokens: At least one.
        titles: Call → what people call it; made of its name and its spaces where None.
    """
    asking = [call for call in run.calls if space in names(run.spaces[call.queries])]
    calls = asking or [call for call in run.calls if space in names(run.spaces[call.keys])]
    layers = [_layer(run, forms, call, values(run, call, space, tokens, bool(asking)), bool(asking)) for call in calls]
    if titles is not None:
        layers = [replace(layer, title=titles[call.name]) for layer, call in zip(layers, calls, strict=True)]
    return Glance(tuple(calls), tuple(layers), bool(asking))


def values(run: Run, call: AttentionCall, space: str, tokens: Sequence[int], asking: bool) -> NDArray[np.float64]:
    """(heads, n) the mean row of some tokens as queries, or the sum of their columns as keys."""
    index = place(run.spaces[call.queries if asking else call.keys], space, tokens)
    if asking:
        return call.rows(index).detach().double().mean(1).numpy()
    return call.columns(index).detach().double().sum(-1).numpy()


def title(run: Run, call: AttentionCall) -> str:
    """A call for people: its name, and from which tokens to which."""
    sides = " to ".join(" and ".join(names(run.spaces[side])) for side in (call.queries, call.keys))
    return f"{call.name}: {sides}"


def _layer(
    run: Run, forms: Mapping[str, Form], call: AttentionCall, weights: NDArray[np.float64], asking: bool
) -> Small:
    """The small maps of one layer, those of joined spaces side by side."""
    maps, start = [], 0
    for leaf in leaves(run.spaces[call.keys if asking else call.queries]):
        part = weights[:, start : start + len(leaf)]
        maps.append([small(forms[leaf.name], head) for head in part])
        start += len(leaf)
    bits = float(np.log2(max(1, weights.shape[1])))
    tiles = np.stack([_beside(side) for side in zip(*maps, strict=True)])
    return Small(title(run, call), tiles, weights.sum(-1), entropy(weights), bits)


def _beside(maps: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Small maps side by side, a gap between them."""
    tall = max(tile.shape[0] for tile in maps)
    parts: list[NDArray[np.float64]] = []
    for tile in maps:
        large = np.repeat(tile, max(1, tall // tile.shape[0]), 0)
        filled = np.full((tall, tile.shape[1]), np.nan)
        filled[: len(large)] = large
        parts += [filled, np.full((tall, 1), np.nan)]
    return np.concatenate(parts[:-1], 1)
