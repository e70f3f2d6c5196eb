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

#: red, green and blue → brightness, red against green, both against blue
AXES = ((1 / 3, 1 / 3, 1 / 3), (1, -1, 0), (0.5, 0.5, -1))
CLOSE = (300.0, 1500.0, 1500.0)  #: at first, how much the squared distance along each takes from a product


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

    def __init__(self, queries: str, keys: str, *, width: int, heads: int, classes: int, colours: bool = False) -> None:
        super().__init__()
        self.heads, self.classes, self.scale = heads, classes, (width // heads) ** -0.5
        if colours:
            self.closeness = nn.Parameter(torch.tensor(CLOSE).log().repeat(heads, 1))
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.attend = Attend(queries, keys)

    def forward(
        self, asking: Tensor, answering: Tensor, bias: Tensor | None, colours: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """(b, q, width) asking, (b, k, width) answering → the answer (b, q, width), affinity of classes (b, c, c).

        ``colours`` are those of both, class tokens left out: (b, q − c, 3) and (b, k − c, 3).
        """
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(asking), self.key(answering), self.value(answering))
        )
        if colours is not None:
            q, k = (torch.cat(parts, -1) for parts in zip((q, k), self.of_colours(*colours), strict=True))
        answer = self.attend(q, k, v, scale=self.scale, bias=bias, first_key=self.classes)
        return self.out(answer.transpose(1, 2).flatten(2)), affinity(q, k, self.classes, self.scale)

    def of_colours(self, asking: Tensor, answering: Tensor) -> tuple[Tensor, Tensor]:
        """What queries and keys hold of colours, (b, h, q, 9) and (b, h, k, 9); zero for class tokens.

        Scaled, their product is minus the squared distance of both colours, each axis times the head's ``closeness``.
        """
        a, b = (
            nn.functional.pad((colours @ colours.new_tensor(AXES).mT)[:, None], (0, 0, self.classes, 0))
            for colours in (asking, answering)
        )
        token = nn.functional.pad(torch.ones_like(a[:, :, self.classes :]), (0, 0, self.classes, 0))
        close = self.closeness.exp()[:, None] / self.scale
        keys = torch.cat([b, b**2, torch.ones_like(b)], -1).expand(-1, self.heads, -1, -1)
        return torch.cat([2 * close * a, -close * token, -close * a**2], -1), keys


def affinity(q: Tensor, k: Tensor, classes: int, scale: float) -> Tensor:
    """(…, h, q, d), (…, h, k, d) → (…, c, c): scaled products of class tokens, mean over heads, before any softmax."""
    return scale * (q[..., :classes, :] @ k[..., :classes, :].mT).mean(-3)


class DecoderLayer(nn.Module):
    """One modality asks itself, then the other, then passes a feed-forward network; the other stays as it is."""

    def __init__(self, asking: str, answering: str, settings: Settings) -> None:
        super().__init__()
        width, heads, classes = settings.width, settings.heads, len(settings.classes)
        self.skipped = settings.drop_path
        self.norm = nn.LayerNorm(width)
        self.add_module("self", SelfAttention(asking, width=width, heads=heads))  # an attention's name is its path
        self.norm_asking, self.norm_answering = nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross = CrossAttention(
            asking, answering, width=width, heads=heads, classes=classes, colours=settings.colours
        )
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = mlp(width, int(width * settings.decoder_ratio), 0.0)

    def forward(
        self,
        asking: Tensor,
        answering: Tensor,
        own: Tensor | None,
        other: Tensor | None,
        colours: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Both sequences and what keeps their absent keys out → the asking one, and the affinity of classes."""
        x = asking + drop_path(self.get_submodule("self")(self.norm(asking), own), self.skipped, self.training)
        answer, classes = self.cross(self.norm_asking(x), self.norm_answering(answering), other, colours)
        x = x + drop_path(answer, self.skipped, self.training)
        return x + drop_path(self.mlp(self.norm_mlp(x)), self.skipped, self.training), classes


@dataclass(frozen=True, eq=False)
class Sequences:
    """The class tokens and tokens of both modalities."""

    points: Tensor  #: (b, c + supervoxels, width)
    views: Tensor  #: (b, c + patches or views, width)
    points_bias: Tensor | None = None  #: what keeps absent tokens out; None where all are there
    views_bias: Tensor | None = None
    points_colours: Tensor | None = None  #: (b, supervoxels, 3); None where tokens say no colour
    views_colours: Tensor | None = None  #: (b, patches or views, 3)

    def colours(self, asker: str) -> tuple[Tensor, Tensor] | None:
        """Those of who asks ("points" or "views"), and of who answers."""
        if self.points_colours is None or self.views_colours is None:
            return None
        both = self.points_colours, self.views_colours
        return both if asker == "points" else both[::-1]


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
        settings: width, heads, decoder (layers), decoder_ratio, drop_path, classes, fusion, first, colours.
    """

    def __init__(self, spaces: Mapping[str, str], settings: Settings) -> None:
        other = {"points": "views", "views": "points"}
        super().__init__(DecoderLayer(spaces[asker], spaces[other[asker]], settings) for asker in askers(settings))
        self.askers = tuple(askers(settings))

    def forward(self, both: Sequences) -> tuple[Sequences, Tensor]:
        """Both sequences after all layers, and the affinity of classes in each, (layers, b, c, c)."""
        points, views, maps = both.points, both.views, []
        for asker, layer in zip(self.askers, self, strict=True):
            if asker == "points":
                points, classes = layer(points, views, both.points_bias, both.views_bias, both.colours(asker))
            else:
                views, classes = layer(views, points, both.views_bias, both.points_bias, both.colours(asker))
            maps.append(classes)
        return replace(both, points=points, views=views), torch.stack(maps)


def contrastive(affinities: Tensor) -> Tensor:
    """The loss that ties class c of one modality to class c of the other, mean over layers and scenes.

    Args:
        affinities: (…, c, c) of ``Decoder``.
    """
    scores = affinities.flatten(0, -3)
    same = torch.arange(scores.shape[-1], device=scores.device).expand(len(scores), -1)
    there, back = (nn.functional.cross_entropy(s, same) for s in (scores, scores.mT))  # over dim 1
    return (there + back) / 2
