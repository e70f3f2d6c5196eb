"""Rollout and relevance of every model, once more: float64 matrices of all tokens, followed through the modules.

Each model is followed as its ``forward`` goes: which tokens a block has, what its own convolutions and maxima pool, and
who asks whom. Row i of a matrix says how a token at the end is mixed from those that the model is fed (rollout), or
how relevant these are to it (Chefer's R). Of the library only the weights and gradients are taken, ``plain.gradients``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.run import Inputs

Array = NDArray[np.float64]
Maps = Mapping[str, Array]  #: name of an attention → (q, k): its weights, or gradient ⊙ weights above zero
Mix = Callable[[Array, Sequence[Array]], Array]  #: a token's own rows, and what its attentions found → rows after


def mixed(own: Array, parts: Sequence[Array]) -> Array:
    """Half of itself, half of what it attended to, Abnar & Zuidema; the mean where it asked more than once."""
    return 0.5 * own + 0.5 * sum(parts) / len(parts) if parts else own


def grown(own: Array, parts: Sequence[Array]) -> Array:
    """The rule of self-attention, Chefer et al. eq. 6."""
    return own + sum(parts) if parts else own


@dataclass
class View:
    """The tokens of one view on their grid, in terms of all tokens that the model is fed."""

    first: Array  #: (0 or 1, N) the class token
    rest: Array  #: (rows · columns, N)
    grid: tuple[int, int]
    here: NDArray[np.bool_]  #: (rows, columns) which take part

    def pooled(self, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> View:
        """Tokens pooled over windows: each in equal shares from those of its window that take part."""
        tall, wide = ((n + 2 * p - k) // s + 1 for n, k, s, p in zip(self.grid, kernel, stride, padding, strict=True))
        rest, here = np.zeros((tall * wide, self.rest.shape[1])), np.zeros((tall, wide), bool)
        old = self.rest.reshape(*self.grid, -1)
        for row in range(tall):
            for column in range(wide):
                covered = [
                    old[y, x]
                    for y in range(row * stride[0] - padding[0], row * stride[0] - padding[0] + kernel[0])
                    for x in range(column * stride[1] - padding[1], column * stride[1] - padding[1] + kernel[1])
                    if 0 <= y < self.grid[0] and 0 <= x < self.grid[1] and self.here[y, x]
                ]
                if covered:
                    here[row, column], rest[row * wide + column] = True, np.mean(covered, 0)
        return View(self.first, rest, (tall, wide), here)

    def by(self, pool: object) -> View:
        """Tokens pooled by a module of the model that holds a convolution."""
        conv = pool.conv
        return self.pooled(conv.kernel_size, conv.stride, conv.padding)

    def all(self) -> Array:
        """(tokens, N), the class token first."""
        return np.concatenate([self.first, self.rest])

    def but(self, rows: Array) -> View:
        """The same tokens with other rows."""
        return View(rows[: len(self.first)], rows[len(self.first) :], self.grid, self.here)


def views(module: object, inputs: Inputs, maps: Maps, mix: Mix) -> dict[str, Array]:
    """MMViT: the rows of "class", and of "view1", "view2", … at the end; columns are class, view1, view2, …."""
    counts = [len(inputs.tokens[f"view{number + 1}"]) for number in range(len(module.grids))]
    identity, start, state = np.eye(1 + sum(counts)), 1, []
    for number, (grid, count) in enumerate(zip(module.grids, counts, strict=True)):
        first = identity[:1] if number == 0 else identity[:0]
        here = inputs.present[f"view{number + 1}"].numpy().reshape(grid)
        state.append(View(first, identity[start : start + count], grid, here))
        start += count
    for stage, blocks in module.named_children():
        for name, block in blocks.items() if stage.startswith("stage") else ():
            keys = [view.by(layer.pool_k) for view, layer in zip(state, block.views, strict=True)]
            asking = []
            for view, layer in zip(state, block.views, strict=True):
                stride = layer.shape.q_stride  # the residual takes the maximum over 3 × 3
                asking.append(view if layer.pool_q is None else view.pooled((3, 3), stride, (1, 1)))
                assert layer.pool_q is None or layer.pool_q.conv.kernel_size == (3, 3)
            parts_of: list[list[Array]] = [[] for _ in asking]
            for call, (ask, answer) in block.who.items():
                heard = maps[f"{stage}.{name}.{call}"] @ np.concatenate([keys[i].all() for i in answer])
                ends = np.cumsum([len(asking[i].all()) for i in ask])
                for i, part in zip(ask, np.split(heard, ends[:-1]), strict=True):
                    parts_of[i].append(part)
            state = [view.but(mix(view.all(), parts)) for view, parts in zip(asking, parts_of, strict=True)]
    return {"class": state[0].first, **{f"view{number + 1}": view.rest for number, view in enumerate(state)}}


def even(relevance: Array) -> Array:
    """R̄ of one space, eq. 8 and 9: R − I with rows that sum to one, or to zero, plus I."""
    added = relevance - np.eye(len(relevance))
    sums = added.sum(1, keepdims=True)
    return np.divide(added, sums, out=np.zeros_like(added), where=sums > 0) + np.eye(len(added))


@dataclass
class Two:
    """Two sequences that ask themselves and each other; rows and columns of both, the first before the second."""

    rows: Array
    split: int
    rollout: bool

    def part(self, side: int) -> slice:
        """The tokens of a side."""
        return slice(0, self.split) if side == 0 else slice(self.split, len(self.rows))

    def own(self, weights: Array, side: int) -> Array:
        """All rows after one side asked itself."""
        after, part = self.rows.copy(), self.part(side)
        after[part] = (mixed if self.rollout else grown)(self.rows[part], [weights @ self.rows[part]])
        return after

    def cross(self, weights: Array, side: int) -> Array:
        """All rows after one side asked the other; eq. 10 and 11."""
        after, s, q = self.rows.copy(), self.part(side), self.part(1 - side)
        if self.rollout:
            after[s] = mixed(self.rows[s], [weights @ self.rows[q]])
            return after
        after[s, q] += even(self.rows[s, s]).T @ weights @ even(self.rows[q, q])
        after[s, s] += weights @ self.rows[q, s]
        return after


def rooms(module: object, maps: Maps, counts: tuple[int, int], *, rollout: bool) -> Array:
    """MIT: rows and columns are class tokens and supervoxels, then class tokens and patches."""
    both = Two(np.eye(sum(counts)), counts[0], rollout)
    for layer in range(len(module.points_encoder)):
        both.rows = both.own(maps[f"points_encoder.{layer}"], 0)
        both.rows = both.own(maps[f"views_encoder.{layer}"], 1)
    for layer, asker in enumerate(module.decoder.askers):
        side = 0 if asker == "points" else 1
        both.rows = both.own(maps[f"decoder.{layer}.self"], side)
        both.rows = both.cross(maps[f"decoder.{layer}.cross"], side)
    return both.rows


def matching(module: object, maps: Maps, count: int, *, rollout: bool) -> Array:
    """MMCA's joint branch: rows and columns are regions, then pieces, one sequence."""
    rows = np.eye(count)
    for layer in range(len(module.joint)):
        heard = maps[f"joint.{layer}.attention"] @ rows
        rows = (mixed if rollout else grown)(rows, [heard])
    return rows


def electrodes(maps: Maps, counts: tuple[int, int], *, rollout: bool) -> Array:
    """MCA: rows and columns are DE, then PSD; both ask the other at once."""
    both = Two(np.eye(sum(counts)), counts[0], rollout)
    rows_of_de, other = both.cross(maps["de_to_psd"], 0), both.cross(maps["psd_to_de"], 1)
    return np.concatenate([rows_of_de[both.part(0)], other[both.part(1)]])
