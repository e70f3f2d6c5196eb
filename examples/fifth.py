"""A fifth model of xviz's own kind: words ask the patches of a picture, patches the words, in one module file.

To add it to xviz:

1. this file as ``xviz/models/fifth.py``;
2. ``fifth_page.py`` as ``pages/fifth.py``, three lines;
3. in ``xviz/house.py`` the line
   ``"fifth": Entry("xviz.models.fifth", "Words and patches", ":material/looks_5:"),``

Menu, start page, links, methods, checks, figures and bundles follow. Weights, where there are any, are two files more
in ``checkpoints/``: NAME.safetensors, and NAME.toml with its entry as in ``manifest.toml``.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from xviz.core.attention import Attend
from xviz.core.run import Inputs
from xviz.core.sample import Picture, Sample, Text
from xviz.core.tokens import Named, PatchGrid
from xviz.models.card import CallTitle, ModelCard


@dataclass(frozen=True)
class Settings:
    """Every number of the architecture."""

    width: int = 32
    heads: int = 4
    side: int = 48  #: pixels of a side of the picture
    patch: int = 12  #: pixels of a side of a patch
    letters: int = 64  #: features of a word: how often each pair of letters stands in it, by the remainder of its sum


class Across(nn.Module):
    """Tokens of one space read those of another; a residual connection goes around it."""

    def __init__(self, queries: str, keys: str, settings: Settings) -> None:
        super().__init__()
        self.heads = settings.heads
        self.parts = nn.ModuleList(nn.Linear(settings.width, settings.width) for _ in range(4))
        self.attend = Attend(queries, keys)

    def forward(self, asks: Tensor, answers: Tensor, present: Tensor) -> Tensor:
        """(b, n, width), (b, m, width) and (b, m) bool → (b, n, width)."""
        q, k, v = (
            part(given).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part, given in zip(self.parts[:3], (asks, answers, answers), strict=True)
        )
        bias = torch.zeros(present.shape, dtype=q.dtype).masked_fill(~present, -torch.inf)[:, None, None]
        return asks + self.parts[3](self.attend(q, k, v, bias=bias).transpose(1, 2).flatten(2))


class Fifth(nn.Module):
    """Two cross-attentions side by side, and the product of both means."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.words = nn.Linear(settings.letters, settings.width)
        self.patches = nn.Linear(3 * settings.patch**2, settings.width)
        self.reads, self.seen = Across("words", "patches", settings), Across("patches", "words", settings)
        self.settings = settings

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Features of words and patches → (b,) how well they match."""
        words, patches = self.words(tokens["words"]), self.patches(tokens["patches"])
        read = self.reads(words, patches, present["patches"])
        seen = self.seen(patches, words, present["words"])
        both = (mean(read, present["words"]), mean(seen, present["patches"]))
        return {"match": (both[0] * both[1]).sum(-1)}

    def baseline(self) -> dict[str, Tensor]:
        """A grey patch, and a word without letters."""
        return {
            "words": torch.zeros(1, self.settings.letters),
            "patches": torch.full((1, 3 * self.settings.patch**2), 0.5),
        }


def mean(values: Tensor, present: Tensor) -> Tensor:
    """(b, n, width) → (b, width) over the tokens that are present."""
    here = present[..., None].to(values.dtype)
    return (values * here).sum(1) / here.sum(1)


def prepare(sample: Sample, settings: Settings) -> Inputs:
    """A picture and a sentence as tokens.

    Raises:
        SampleError: a part is missing.
    """
    picture = Image.fromarray(sample.part("picture", Picture).pixels).resize((settings.side, settings.side))
    pixels = torch.from_numpy(np.array(picture)).float() / 255
    size, count = settings.patch, settings.side // settings.patch
    patches = pixels.unflatten(0, (count, size)).unflatten(2, (count, size)).transpose(1, 2).flatten(2).flatten(0, 1)
    words = sample.part("text", Text).words
    letters = torch.stack([pairs(word, settings.letters) for word in words])
    spaces = PatchGrid("patches", ("picture",), (count, count)), Named("words", words)
    return Inputs.of(*spaces, tokens={"patches": patches, "words": letters})


def pairs(word: str, count: int) -> Tensor:
    """How often each pair of letters stands in a word."""
    features = torch.zeros(count)
    for first, second in zip(f" {word}".lower(), f"{word} ".lower(), strict=True):
        features[zlib.crc32((first + second).encode()) % count] += 1
    return features


def samples() -> dict[str, Sample]:
    """A picture that is made here, with a sentence."""
    pixels = np.full((96, 96, 3), (90, 140, 90), np.uint8)
    pixels[20:60, 24:64] = (200, 60, 50)
    text = Text(("a", "red", "square", "on", "green", "ground"))
    return {"A red square": Sample("square", {"picture": Picture(pixels), "text": text})}


FIFTH_CARD = ModelCard(
    key="fifth",
    title="Words and patches (fifth)",
    short="Words and patches",
    icon=":material/looks_5:",
    story="Words of a sentence and patches of a picture read each other. An example of how xviz grows by a model.",
    paper="No paper: an example",
    outputs={"match": "how well sentence and picture match, no unit"},
    wants={"picture": "a picture", "text": "a sentence"},
    settings=Settings(),
    build=Fifth,
    prepare=prepare,
    checkpoint=None,
    weights="random: nothing here is a result",
    samples=samples,
    paths={"match": ("reads + seen",)},
    calls={
        "reads": CallTitle("Attention from words to patches", "layer 1", "mutual", "words to patches"),
        "seen": CallTitle("Attention from patches to words", "layer 1", "mutual", "patches to words"),
    },
)
CARDS = (FIFTH_CARD,)
