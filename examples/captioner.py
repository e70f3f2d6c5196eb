"""A model that nobody here wrote: a Transformer decoder over patches of a picture, as anybody would write it.

    xviz check examples/captioner.py:SPEC

The weights are random: the attention is exact, what it shows is not learnt.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

WORDS = ("a", "red", "square", "on", "a", "grey", "ground")


class Captioner(nn.Module):
    """Predicts the next word of a caption from the words so far and 8 × 8 patches of a picture."""

    def __init__(self, vocabulary: int = 50, width: int = 32) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        self.embed = nn.Embedding(vocabulary, width)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(width, 4, 64, batch_first=True), 2)
        self.next = nn.Linear(width, vocabulary)

    def forward(self, picture: Tensor, words: Tensor) -> Tensor:
        """(b, 3, height, width) and (b, words) → (b, words, vocabulary)."""
        patches = self.patch(picture).flatten(2).mT
        mask = nn.Transformer.generate_square_subsequent_mask(words.shape[1])
        return self.next(self.decoder(self.embed(words), patches, tgt_mask=mask))


def build() -> Captioner:
    """The model with random weights, the same at every call."""
    torch.manual_seed(0)
    return Captioner().eval()


# what its owner writes for xviz
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from xviz import Inputs, Named, PatchGrid, Picture, Sample, Spec  # noqa: E402


def read(sample: Sample) -> Inputs:
    """A picture of any size, as 64 × 64 pixels, and a caption of seven words."""
    pixels = Image.fromarray(sample.part("picture", Picture).pixels).resize((64, 64))
    picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1) / 255
    spaces = PatchGrid("patches", ("picture",), (8, 8)), Named("words", WORDS)
    return Inputs.of(*spaces, picture=picture, words=torch.arange(len(WORDS)))


SQUARE = np.pad(np.full((24, 24, 3), (200, 40, 40), np.uint8), ((20, 20), (20, 20), (0, 0)), constant_values=90)
SPEC = Spec(
    title="Captioner",
    outputs={"next word": "logit of word number 7 after the caption"},
    build=build,
    read=read,
    call=lambda model, tokens, present, given: {"next word": model(given["picture"], given["words"])[:, -1, 7]},
    features={"patches": "patch", "words": "embed"},
    weights="random: nothing here is a result",
    samples=lambda: {"A red square": Sample("square", {"picture": Picture(SQUARE)})},
)
