"""The layers of the interlaced Transformer: pre-norm encoders, and a decoder in which two modalities take turns asking.

Every sequence begins with its class tokens. In the decoder they ask like all others, but as keys they are skipped; the
products of class tokens with class tokens, before any softmax, are the affinity that the contrastive loss reads.

Source: Yang et al., ICCV 2023. Projections for queries, keys and values have no bias, residuals are plain sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from xviz.core.attention import Attend
from xviz.models.layers import drop_path, exclude
from xviz.models.mit_settings import Settings


def mlp(width: int, hidden: int, dropout: float) -> nn.Sequential:
    """Two linear layers with a GELU between them."""
    return nn.Sequential(
        nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width), nn.Dropout(dropout)
    )


def bias_of(present: Tensor, dtype: torch.dtype) -> Tensor | None:
    """(b, k) bool → what keeps absent keys out; None where all are there, which is faster."""
    return None if bool(present.all()) else exclude(present).to(dtype)


class SelfAttention(nn.Module):
    """Multi-head attention of a space to itself."""

    def __init__(self, space: str, *, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
        self.attend = Attend(space, space, dropout=dropout)

    def own(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """(b, n, width) → (b, n, width)."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out(self.attend(q, k, v, bias=bias).transpose(1, 2).flatten(2))

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """(b, n, width) → (b, n, width)."""
        return self.own(x, bias)


class EncoderLayer(SelfAttention):
    """Self-attention and a feed-forward network over one modality, each on normalised tokens and added."""

    def __init__(
        self, space: str, *, width: int, heads: int, ratio: float, dropout: float = 0.0, skipped: float = 0.0
    ) -> None:
        super().__init__(space, width=width, heads=heads, dropout=dropout)
        self.skipped = skipped
        self.norm, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = mlp(width, int(width * ratio), dropout)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """(b, n, width) → (b, n, width)."""
        x = x + drop_path(self.own(self.norm(x), bias), self.skipped, self.training)
        return x + drop_path(self.mlp(self.norm_mlp(x)), self.skipped, self.training)


class CrossAttention(nn.Module):
    """Multi-head attention of one modality to the other, whose class tokens are skipped."""

    def __init__(self, queries: str, keys: str, *, width: int, heads: int, classes: int) -> None:
        super().__init__()
        self.heads, self.classes = heads, classes
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.attend = Attend(queries, keys)

    def forward(self, asking: Tensor, answering: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """(b, q, width) asking, (b, k, width) answering → the answer (b, q, width), affinity of classes (b, c, c)."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(asking), self.key(answering), self.value(answering))
        )
        answer = self.attend(q, k, v, bias=bias, first_key=self.classes)
        return self.out(answer.transpose(1, 2).flatten(2)), affinity(q, k, self.classes)


def affinity(q: Tensor, k: Tensor, classes: int) -> Tensor:
    """(…, h, q, d), (…, h, k, d) → (…, c, c): scaled products of class tokens, mean over heads, before any softmax."""
    return q.shape[-1] ** -0.5 * (q[..., :classes, :] @ k[..., :classes, :].mT).mean(-3)


class DecoderLayer(nn.Module):
    """One modality asks itself, then the other, then passes a feed-forward network; the other stays as it is."""

    def __init__(
        self, asking: str, answering: str, *, width: int, heads: int, ratio: float, classes: int, skipped: float = 0.0
    ) -> None:
        super().__init__()
        self.skipped = skipped
        self.norm = nn.LayerNorm(width)
        self.add_module("self", SelfAttention(asking, width=width, heads=heads))  # an attention's name is its path
        self.norm_asking, self.norm_answering = nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross = CrossAttention(asking, answering, width=width, heads=heads, classes=classes)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = mlp(width, int(width * ratio), 0.0)

    def forward(
        self, asking: Tensor, answering: Tensor, own: Tensor | None, other: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Both sequences, and what is added to products with their keys → the asking one, the affinity of classes."""
        x = asking + drop_path(self.get_submodule("self")(self.norm(asking), own), self.skipped, self.training)
        answer, classes = self.cross(self.norm_asking(x), self.norm_answering(answering), other)
        x = x + drop_path(answer, self.skipped, self.training)
        return x + drop_path(self.mlp(self.norm_mlp(x)), self.skipped, self.training), classes


@dataclass(frozen=True, eq=False)
class Sequences:
    """The class tokens and tokens of both modalities."""

    points: Tensor  #: (b, c + supervoxels, width)
    views: Tensor  #: (b, c + patches or views, width)
    points_bias: Tensor | None = None  #: what keeps absent tokens out; None where all are there
    views_bias: Tensor | None = None
    agreed: Tensor | None = None  #: (b, patches, supervoxels) added to products of both; None adds nothing

    def bias(self, asker: str) -> Tensor | None:
        """What is added where "points" or "views" ask the other: (b, 1, 1, k), or (b, 1, q, k) with what is agreed."""
        absent = self.views_bias if asker == "points" else self.points_bias
        if self.agreed is None:
            return absent
        classes = self.points.shape[1] - self.agreed.shape[2]
        agreed = self.agreed.mT if asker == "points" else self.agreed
        whole = nn.functional.pad(agreed, (classes, 0, classes, 0))[:, None]
        return whole if absent is None else whole + absent


def askers(settings: Settings) -> Iterator[str]:
    """Who asks in each layer of the decoder: "points" or "views".

    In turns for ``fusion`` "interlaced", beginning with ``first``; always the points for "one-way".
    """
    turns = ("points", "views") if settings.first == "points" else ("views", "points")
    for layer in range(settings.decoder):
        yield "points" if settings.fusion == "one-way" else turns[layer % 2]


class Decoder(nn.ModuleList):
    """The layers of the decoder.

    Args:
        spaces: Names of the sequences "points" and "views".
        settings: width, heads, decoder (layers), decoder_ratio, drop_path, classes, fusion, first.
    """

    def __init__(self, spaces: Mapping[str, str], settings: Settings) -> None:
        other = {"points": "views", "views": "points"}
        super().__init__(
            DecoderLayer(
                spaces[asker],
                spaces[other[asker]],
                width=settings.width,
                heads=settings.heads,
                ratio=settings.decoder_ratio,
                classes=len(settings.classes),
                skipped=settings.drop_path,
            )
            for asker in askers(settings)
        )
        self.askers = tuple(askers(settings))

    def forward(self, both: Sequences) -> tuple[Sequences, Tensor]:
        """Both sequences after all layers, and the affinity of classes in each, (layers, b, c, c)."""
        points, views, maps = both.points, both.views, []
        for asker, layer in zip(self.askers, self, strict=True):
            if asker == "points":
                points, classes = layer(points, views, both.points_bias, both.bias(asker))
            else:
                views, classes = layer(views, points, both.views_bias, both.bias(asker))
            maps.append(classes)
        return replace(both, points=points, views=views), torch.stack(maps)


def contrastive(affinities: Tensor) -> Tensor:
    """The loss that ties class c of one modality to class c of the other, mean over layers and scenes.

    Args:
        affinities: (…, c, c) of ``Decoder``.
    """
    scores = affinities.flatten(0, -3)
    same = torch.arange(scores.shape[-1], device=scores.device).expand(len(scores), -1)
    forth, back = (nn.functional.cross_entropy(s, same) for s in (scores, scores.mT))  # over dim 1
    return (forth + back) / 2
