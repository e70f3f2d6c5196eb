"""The layers that the models share; all of them attend through ``core.Attend``. Axis letters as in core.attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xviz.core.attention import Attend


def exclude(present: Tensor) -> Tensor:
    """Present keys (b, k) bool → bias (b, 1, 1, k): 0 where present, −inf where absent."""
    return torch.zeros(present.shape).masked_fill(~present, -torch.inf)[:, None, None, :]


def once(batch: Tensor) -> Tensor:
    """One sample of a batch that holds the same one many times without copies, else the batch.

    What a layer makes of every token alone is the same for all these samples, so it is made once and spread again
    (``expand``). Probes ask about one sample with ever other tokens present.
    """
    return batch[:1] if len(batch) > 1 and batch.stride(0) == 0 and not batch.requires_grad else batch


class Attention(nn.Module):
    """Multi-head attention of one space to another, with its four projections.

    Args:
        queries: Name of the asking space.
        keys: Name of the answering space.
        width: Features of a token.
        heads: Number of heads; must divide ``width``.
        dropout: Share of attention weights dropped while training.
    """

    def __init__(self, queries: str, keys: str, *, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.attend = Attend(queries, keys, dropout=dropout)

    def forward(self, asking: Tensor, answering: Tensor, present: Tensor) -> Tensor:
        """(b, q, width) asking, (b, k, width) answering, (b, k) bool present → (b, q, width)."""
        q, k, v = self._heads(self.query, asking), self._heads(self.key, answering), self._heads(self.value, answering)
        out = self.attend(q, k, v, bias=exclude(present).to(q.dtype))
        return self.out(out.transpose(1, 2).flatten(2))

    def _heads(self, projection: nn.Linear, tokens: Tensor) -> Tensor:
        """(b, n, width) → (b, h, n, d)."""
        projected = projection(once(tokens)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return projected.expand(len(tokens), -1, -1, -1)


class Unit(nn.Module):
    """One Transformer unit over one space: self-attention, then a feed-forward network, each added and normalised.

    Source: Vaswani et al. 2017, section 3.1 (normalisation after the addition, as in BERT).
    """

    def __init__(self, space: str, *, width: int, heads: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = Attention(space, space, width=width, heads=heads, dropout=dropout)
        self.norm_attention, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """(b, n, width) tokens, (b, n) bool present → (b, n, width)."""
        tokens = self.norm_attention(tokens + self.drop(self.attention(tokens, tokens, present)))
        return self.norm_mlp(tokens + self.drop(self.mlp(tokens)))


def mean_present(tokens: Tensor, present: Tensor) -> Tensor:
    """(b, n, d) tokens → (b, d): the mean of those that are present."""
    mask = present[..., None].to(tokens.dtype)
    return (tokens * mask).sum(1) / mask.sum(1)


def drop_path(answer: Tensor, share: float, training: bool) -> Tensor:
    """The answer (b, n, d), in training dropped for a share of the samples and raised for the others.

    Source: Huang et al., Deep Networks with Stochastic Depth, ECCV 2016.
    """
    if not training or not share:
        return answer
    return answer * (torch.rand(len(answer), 1, 1, device=answer.device) >= share) / (1 - share)
