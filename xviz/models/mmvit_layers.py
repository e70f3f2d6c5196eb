"""The layers of the multiscale multiview model: pooling attention over grids, and blocks over several views at once.

Pooling attention (Fan et al., Multiscale Vision Transformers, ICCV 2021, section 3.1): queries, keys and values are
pooled on their grid by a depthwise convolution whose channels all heads share, each followed by a normalisation; a
class token passes by unpooled. Where the query is pooled, the residual path takes the maximum over the same windows.

An absent token is zero where a convolution covers it, as what lies beyond the border is, and below everything where a
maximum is taken; a pooled token takes part where any of those that it covers does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.attention import Attend
from xviz.models.layers import drop_path

Pair = tuple[int, int]  #: along rows, along columns
View = tuple[Pair, Pair, Pair]  #: kernel, stride and padding, along rows and columns


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every number of the model."""

    part: str  #: of a sample that is read: "sound" or "picture"
    input: Pair  #: rows, columns
    channels: int
    views: tuple[View, ...]  #: how each cuts the input into patches
    stages: tuple[str, ...]  #: the blocks of each, letters of ``mmvit.KINDS``
    width: int  #: of tokens in the first stage, then doubled
    heads: int = 1  #: in the first stage, then doubled
    pool_kernel: int = 3
    kv_stride: tuple[Pair, ...]  #: of keys and values, one for each stage
    hidden_ratio: int = 4  #: hidden units over width
    drop_path: float = 0.0
    cross: str = "joint"  #: how views ask each other, one of ``mmvit.CROSS``
    expand: str = "attention"  #: where tokens get wider: "attention" or "mlp"
    classes: tuple[str, ...]


KEEP: Pair = (1, 1)  #: the stride that leaves a grid as it is


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of one view: first its class token if it has one, then its grid, row by row."""

    x: Tensor  #: (b, lead + rows · columns, width)
    grid: Pair
    lead: int  #: 1 where the class token stands first, else 0
    here: Tensor | None = None  #: (b, rows · columns) bool, which take part; None where all do

    def present(self) -> Tensor:
        """(b, lead + n) bool; a class token always takes part."""
        if self.here is None:
            return torch.ones(self.x.shape[:2], dtype=torch.bool)
        return torch.cat([torch.ones(len(self.x), self.lead, dtype=torch.bool), self.here], 1)


def pooled_here(tokens: Tokens, kernel: int, stride: Pair) -> Tensor | None:
    """(b, pooled) bool: whether any token of each window takes part."""
    if tokens.here is None or (kernel == 1 and stride == KEEP):
        return tokens.here
    mask = tokens.here.float().unflatten(1, tokens.grid)[:, None]
    return F.max_pool2d(mask, kernel, stride, kernel // 2)[:, 0].flatten(1) > 0


class Pool(nn.Module):
    """Depthwise convolution of the heads' features over a grid, then a normalisation.

    Args:
        depth: Features of one head; the heads share the convolution.
        kernel: Its side.
        stride: Along rows and columns.
    """

    def __init__(self, depth: int, kernel: int, stride: Pair) -> None:
        super().__init__()
        self.conv = nn.Conv2d(depth, depth, kernel, stride, kernel // 2, groups=depth, bias=False)
        self.norm = nn.LayerNorm(depth)

    def forward(self, x: Tensor, tokens: Tokens) -> Tensor:
        """(b, h, lead + n, d) → (b, h, lead + pooled, d)."""
        batch, heads = x.shape[:2]
        first, cells = x.split([tokens.lead, x.shape[2] - tokens.lead], 2)
        if tokens.here is not None:
            cells = cells * tokens.here[:, None, :, None].to(cells.dtype)
        grid = cells.flatten(0, 1).mT.unflatten(-1, tokens.grid)  # b·h, d, rows, columns
        cells = self.conv(grid).flatten(2).mT.unflatten(0, (batch, heads))
        return self.norm(torch.cat([first, cells], 2))


def pool_skip(tokens: Tokens, stride: Pair) -> Tokens:
    """The residual path: the maximum over windows of 3 × 3, the class token as it is."""
    if stride == KEEP:
        return tokens
    first, cells = tokens.x.split([tokens.lead, tokens.x.shape[1] - tokens.lead], 1)
    if tokens.here is not None:
        cells = cells.masked_fill(~tokens.here[..., None], -torch.inf)
    grid = F.max_pool2d(cells.mT.unflatten(-1, tokens.grid), 3, stride, 1)
    mask, size = pooled_here(tokens, 3, stride), grid.shape[-2:]
    cells = grid.flatten(2).mT
    if mask is not None:
        cells = cells.masked_fill(~mask[..., None], 0.0)
    return Tokens(torch.cat([first, cells], 1), (size[0], size[1]), tokens.lead, mask)


@dataclass(frozen=True, eq=False)
class Asked:
    """What one view brings to an attention."""

    q: Tensor  #: (b, h, q, d)
    k: Tensor  #: (b, h, k, d)
    v: Tensor  #: (b, h, k, d)
    here: Tensor | None  #: (b, k) bool; None where all keys take part


@dataclass(frozen=True)
class Shape:
    """The numbers of one block, the same for all views."""

    before: int  #: width of the tokens that come
    width: int  #: of the attention
    after: int  #: of the tokens that leave
    heads: int
    kernel: int  #: of the pooling convolutions
    q_stride: Pair
    kv_stride: Pair


class ViewLayer(nn.Module):
    """What a block does for one view: queries, keys and values, then the residual paths and the feed-forward network.

    Where the width grows in the attention, as in MViT v2, the residual path gets a projection of the normalised
    tokens; where it grows in the feed-forward network, as in v1, that one does.
    """

    def __init__(self, shape: Shape, hidden: int, drop_path: float) -> None:
        super().__init__()
        self.shape, self.drop_path = shape, drop_path
        depth = shape.width // shape.heads
        self.norm = nn.LayerNorm(shape.before)
        self.qkv = nn.Linear(shape.before, 3 * shape.width)
        self.pool_q = None if shape.q_stride == KEEP else Pool(depth, shape.kernel, shape.q_stride)
        self.pool_k = Pool(depth, shape.kernel, shape.kv_stride)
        self.pool_v = Pool(depth, shape.kernel, shape.kv_stride)
        self.out = nn.Linear(shape.width, shape.width)
        self.widen = nn.Linear(shape.before, shape.width) if shape.before != shape.width else None
        self.norm_mlp = nn.LayerNorm(shape.width)
        self.mlp = nn.Sequential(nn.Linear(shape.width, hidden), nn.GELU(), nn.Linear(hidden, shape.after))
        self.widen_mlp = nn.Linear(shape.width, shape.after) if shape.after != shape.width else None

    def ask(self, tokens: Tokens) -> Asked:
        """Pooled queries, keys and values of a view."""
        q, k, v = self.qkv(self.norm(tokens.x)).unflatten(-1, (3, self.shape.heads, -1)).permute(2, 0, 3, 1, 4)
        q = q if self.pool_q is None else self.pool_q(q, tokens)
        present = None
        if tokens.here is not None:
            pooled = pooled_here(tokens, self.shape.kernel, self.shape.kv_stride)
            present = replace(tokens, here=pooled).present()
        return Asked(q, self.pool_k(k, tokens), self.pool_v(v, tokens), present)

    def close(self, tokens: Tokens, mixed: Tensor | None, gate: Tensor | None) -> Tokens:
        """The view after the attention's answer (b, h, q, d) and the feed-forward network.

        Args:
            tokens: As they came.
            mixed: What the attention gave; None where this view asked nothing.
            gate: (b,) factor on the answer; None is one.
        """
        skipped = tokens if self.widen is None else replace(tokens, x=self.widen(self.norm(tokens.x)))
        skipped = pool_skip(skipped, self.shape.q_stride)
        x = skipped.x
        if mixed is not None:
            answer = self.out(mixed.transpose(1, 2).flatten(2))
            answer = answer if gate is None else answer * gate[:, None, None]
            x = x + drop_path(answer, self.drop_path, self.training)
        inner = self.norm_mlp(x)
        x = x if self.widen_mlp is None else self.widen_mlp(inner)
        x = x + drop_path(self.mlp(inner), self.drop_path, self.training)
        return replace(skipped, x=x)


class Call(nn.Module):
    """One attention between named spaces; its name in the block is the call's name."""

    def __init__(self, queries: str, keys: str) -> None:
        super().__init__()
        self.attend = Attend(queries, keys)

    def forward(self, q: Tensor, answering: Sequence[Asked]) -> Tensor:
        """(b, h, q, d) queries to the keys of one or more views."""
        k, v = (torch.cat([getattr(view, part) for view in answering], 2) for part in ("k", "v"))
        bias = None
        if answering[0].here is not None:
            present = torch.cat([view.here for view in answering if view.here is not None], 1)
            bias = torch.zeros(present.shape, dtype=q.dtype).masked_fill(~present, -torch.inf)[:, None, None, :]
        return self.attend(q, k, v, bias=bias)


class Block(nn.Module):
    """One block over all views: every view asks itself, or the views ask each other.

    Args:
        kind: "own" (each view by itself), "joint" (one softmax over all views), "pairwise" (every view asks every
            other, one softmax each, the answers' mean) or "sequential" (every view asks the next coarser one, as in
            MTV; the last asks nobody). A single view asks itself in any case.
        asking: Space of each view's queries, class token included.
        answering: Space of each view's keys.
        shape: The block's numbers.
        settings: Of the model.
    """

    def __init__(
        self, kind: str, asking: Sequence[str], answering: Sequence[str], shape: Shape, settings: Settings
    ) -> None:
        super().__init__()
        count = len(asking)
        hidden = settings.hidden_ratio * shape.width
        self.views = nn.ModuleList(ViewLayer(shape, hidden, settings.drop_path) for _ in range(count))
        self.who = whom(kind, count)
        for name, (asking_views, others) in self.who.items():
            self.add_module(
                name, Call("+".join(asking[i] for i in asking_views), "+".join(answering[i] for i in others))
            )

    def forward(self, views: Sequence[Tokens], gate: Tensor | None) -> list[Tokens]:
        """The views after this block; ``gate`` (b,) scales what attention adds."""
        layers: list[Any] = list(self.views)
        sides = [layer.ask(tokens) for layer, tokens in zip(layers, views, strict=True)]
        answers: list[list[Tensor]] = [[] for _ in views]
        for name, (asking_views, others) in self.who.items():
            mixed = self.get_submodule(name)(
                torch.cat([sides[i].q for i in asking_views], 2), [sides[i] for i in others]
            )
            for index, part in zip(
                asking_views, mixed.split([sides[i].q.shape[2] for i in asking_views], 2), strict=True
            ):
                answers[index].append(part)
        mixed = [torch.stack(mixtures).mean(0) if mixtures else None for mixtures in answers]
        return [layer.close(tokens, answer, gate) for layer, tokens, answer in zip(layers, views, mixed, strict=True)]


def whom(kind: str, count: int) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """The calls of a block: name → the views that ask together, the views that answer together."""
    every = tuple(range(count))
    if kind == "own" or (count == 1 and kind != "joint"):
        return {f"view{i + 1}": ((i,), (i,)) for i in every}
    if kind == "joint":
        return {"joint": (every, every)}
    pairs = [(i, j) for i in every for j in every if (j == i + 1 if kind == "sequential" else j != i)]
    return {f"view{i + 1}_asks_view{j + 1}": ((i,), (j,)) for i, j in pairs}
