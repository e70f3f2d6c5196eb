"""Regions in the space of words, by the names of classes that a picture network knows (``ClassNames``).

A network trained on photographs says how probable each of its classes is in a region. The word vectors of the classes'
names, weighted by these probabilities, stand where words for the region would stand, also for things that no training
of ours showed. Source: Norouzi et al., Zero-Shot Learning by Convex Combination of Semantic Embeddings (ConSE), ICLR
2014, equation 2. Differs from it: all classes are summed, with softened probabilities; vectors are centred, and not
brought to one length, so that a region of which the network is unsure says little.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.models.layers import mean_present


class ClassNames(nn.Module):
    """The last layer of the picture network and the word vectors of its classes, all frozen, and two gates.

    Args:
        classes: Classes of the picture network.
        features: Numbers of a region.
        words: Numbers of a word piece.
        width: Of the matching model's tokens.
        softness: Temperature of the softmax over classes.
        doubt: Length of a picture's mean probabilities at which names weigh as much as its own vector.
    """

    weight: Tensor
    bias: Tensor
    vectors: Tensor

    def __init__(self, classes: int, *, features: int, words: int, width: int, softness: float, doubt: float) -> None:
        super().__init__()
        self.softness, self.doubt = softness, doubt
        self.register_buffer("weight", torch.zeros(classes, features))
        self.register_buffer("bias", torch.zeros(classes))
        self.register_buffer("vectors", torch.zeros(classes, words))  #: centred
        self.thing = nn.Linear(width, 1)  #: how far the network is to be believed of a region
        self.noun = nn.Linear(words, 1)  #: how far a piece names one
        for gate in (self.thing, self.noun):
            nn.init.zeros_(gate.weight)

    def forward(self, features: Tensor) -> Tensor:
        """(b, n, features) of regions as the encoder gave them → (b, n, classes) probabilities."""
        return (F.linear(features, self.weight, self.bias) / self.softness).softmax(-1)

    def words(self, chances: Tensor) -> Tensor:
        """(…, classes) probabilities → (…, words), what the names say."""
        return chances @ self.vectors

    def seen(self, own: Tensor, chances: Tensor, regions: Tensor, present: Tensor) -> Tensor:
        """A picture's vector beside what the names say of the picture, weighed by how sure the network is of one class.

        Args:
            own: (b, d) of length one.
            chances: (b, n, classes) probabilities, or (1, n, classes) where all samples have the same.
            regions: (b, n, width) after self-attention.
            present: (b, n) bool.

        Returns:
            (b, d + words), the two parts of lengths that sum to one.
        """
        mask = present.to(chances.dtype)
        weights = 2 * self.thing(regions).sigmoid()[..., 0] * mask / mask.sum(1, keepdim=True)
        heard = weights @ chances[0] if len(chances) == 1 else (weights[:, None] @ chances)[:, 0]
        meaning = F.normalize(self.words(heard), dim=-1)
        sure = heard.norm(dim=-1, keepdim=True)  # 1 where all regions are of one class and weigh one
        share = sure / (sure + self.doubt)
        return torch.cat([(1 - share) * own, share * meaning], -1)

    def read(self, own: Tensor, pieces: Tensor, mean: Tensor, present: Tensor) -> Tensor:
        """A sentence's vector (b, d) beside its pieces' mean (b, words), which is of length one where it says much.

        At the mean of all pieces it is nothing, and its length has no jump there: gradients stay what they tell.

        Args:
            own: (b, d) of length one.
            pieces: (b, p, words).
            mean: (words,) of the pieces of a training set.
            present: (b, p) bool.
        """
        named = mean_present(self.noun(pieces).sigmoid() * (pieces - mean), present)
        return torch.cat([own, named / (1 + named.square().sum(-1, keepdim=True)).sqrt()], -1)
