"""Multi-Modality Cross Attention for image–sentence matching (Wei et al., CVPR 2020, pages 10941–10950).

Image regions and word pieces are compared twice: each modality by itself (self-attention branch, i0 · c0), and after
one Transformer over the joint sequence of both (cross-attention branch, i1 · c1); the score is i0 · c0 + α i1 · c1.
In the joint attention matrix, regions and pieces compete for the same probability mass: its four quadrants are the
region–region, region–word, word–region and word–word terms of section 3.3.

No code of the authors is public. What their text leaves open is a setting of the card: branches in parallel or
stacked, widths, heads, layers, α. Differs from the paper in: an optional code of the box's place (``places``), which
sentences with relations need; standardised region features; words that class names put to regions (``classes``), which
enter the tokens by the words' own layer, and i0 and c0; the shipped size is smaller throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.errors import ModelError
from xviz.core.run import Inputs
from xviz.core.sample import Sample, Text
from xviz.core.tokens import Boxes, Joined, Pieces
from xviz.models import language, regions, words
from xviz.models.card import CallTitle, ModelCard
from xviz.models.class_names import ClassNames
from xviz.models.layers import Unit, mean_present, once

PAPER = "Wei et al., Multi-Modality Cross Attention Network for Image and Sentence Matching, CVPR 2020"


class Phrases(nn.Module):
    """The sentence vector: 1-D convolutions over windows of pieces, the maximum over places, one linear layer."""

    def __init__(self, width: int, *, windows: tuple[int, ...], filters: int, out: int) -> None:
        super().__init__()
        self.windows = windows
        self.convolutions = nn.ModuleList(nn.Conv1d(width, filters, window) for window in windows)
        self.join = nn.Linear(filters * len(windows), out)

    def forward(self, pieces: Tensor, present: Tensor) -> Tensor:
        """(b, p, width) pieces, (b, p) bool present → (b, out)."""
        masked = (pieces * present[..., None].to(pieces.dtype)).transpose(1, 2)  # b, width, p
        best = []
        for convolution, window in zip(self.convolutions, self.windows, strict=True):
            heard = F.relu(convolution(F.pad(masked, ((window - 1) // 2, window // 2))))  # b, filters, p
            best.append(heard.masked_fill(~present[:, None], 0.0).amax(-1))
        return self.join(torch.cat(best, -1))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every number of the model; the defaults are the shipped one's."""

    regions: int = 36  #: in a picture, where they are found here
    region_width: int = 1280  #: features of a region
    word_width: int = 384  #: features of a word piece
    limit: int = 128  #: word pieces that are read; sentences of the training are shorter, captions of people may not be
    width: int = 128  #: of tokens
    heads: int = 8
    hidden: int = 256  #: units of a feed-forward layer
    layers: int = 1  #: of each branch
    windows: tuple[int, ...] = (1, 2, 3)  #: word pieces under the convolutions over a sentence
    filters: int = 128  #: of each of them
    places: bool = True  #: whether regions know where they are
    classes: int = 1000  #: of the picture network, whose names put words to regions; 0 for none
    softness: float = 1.5  #: temperature of the softmax over these classes
    doubt: float = 0.25  #: of the network, at which these words make half of i0 · c0
    branches: str = "parallel"  #: or "stacked": the joint attention reads what self-attention made of the regions
    dropout: float = 0.0
    alpha: float = 0.3  #: weight of the cross-attention branch in the score
    baseline: str | None = "the"  #: the word of ``MMCA.baseline``; None for the mean word piece of the training set


SHIPPED = Settings()
PAPERS = replace(
    SHIPPED, alpha=1.0, baseline=None, region_width=2048, word_width=768, limit=32, width=256, heads=16, hidden=2048,
    filters=512, places=False, classes=0, dropout=0.1,
)  # fmt: skip


class MMCA(nn.Module):
    """Image–sentence matching with a self-attention and a cross-attention branch.

    Raises:
        ModelError: ``branches`` is neither of the two.
    """

    region_mean: Tensor
    region_scale: Tensor
    piece_mean: Tensor

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        if settings.branches not in ("parallel", "stacked"):
            raise ModelError(f"branches must be “parallel” or “stacked”, not “{settings.branches}”.")
        self.stacked, self.word = settings.branches == "stacked", settings.baseline
        width, words = settings.width, settings.word_width
        unit = partial(Unit, width=width, heads=settings.heads, hidden=settings.hidden, dropout=settings.dropout)
        phrases = partial(Phrases, windows=settings.windows, filters=settings.filters, out=width)

        self.register_buffer("region_mean", torch.zeros(settings.region_width))
        self.register_buffer("region_scale", torch.ones(settings.region_width))
        self.register_buffer("piece_mean", torch.zeros(words))
        self.region = nn.Linear(settings.region_width, width)
        self.place = nn.Linear(5, width, bias=False) if settings.places else None
        self.piece = nn.Linear(words, width)
        names = partial(ClassNames, features=settings.region_width, words=words, width=width)
        names = partial(names, softness=settings.softness, doubt=settings.doubt)
        self.names = names(settings.classes) if settings.classes else None
        self.regions = nn.ModuleList(unit("regions") for _ in range(settings.layers))
        self.joint = nn.ModuleList(unit("joint") for _ in range(settings.layers))
        self.phrases_alone = phrases(words)
        self.phrases_joint = phrases(width)

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Scores of b pictures with b sentences.

        Args:
            tokens: regions (b, n, region_width), pieces (b, p, word_width).
            present: regions (b, n), pieces (b, p), bool.
            context: places (b, n, 5) box codes, alpha (b,) weight of the cross-attention branch.

        Returns:
            score, alone (i0 · c0) and joint (i1 · c1), each (b,).
        """
        regions, own, i0 = self.see(tokens["regions"], present["regions"], context["places"])
        pieces, c0 = self.read(tokens["pieces"], present["pieces"])
        i1, c1 = self.meet(own if self.stacked else regions, pieces, present["regions"], present["pieces"])
        alone, joint = (i0 * c0).sum(-1), (i1 * c1).sum(-1)
        return {"score": alone + context["alpha"] * joint, "alone": alone, "joint": joint}

    def see(
        self, features: Tensor, present: Tensor, places: Tensor, blind: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Regions as embedded (b, n, width), the same after self-attention, and the picture vector i0 (b, …).

        In training, ``blind`` (b, n) names regions that only the class names speak for.
        """
        standard = (once(features) - self.region_mean) / self.region_scale
        regions = self.region(standard if blind is None else standard.masked_fill(blind[..., None], 0.0))
        if self.place is not None:
            regions = regions + self.place(once(places))
        if self.names is not None:
            chances = self.names(once(features))
            regions = regions + F.linear(self.names.words(chances), self.piece.weight)  # as words are embedded
        own = regions = regions.expand(len(features), -1, -1)
        for unit in self.regions:
            own = unit(own, present)
        i0 = F.normalize(mean_present(own, present), dim=-1)
        return regions, own, i0 if self.names is None else self.names.seen(i0, chances, own, present)

    def read(self, features: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Pieces as embedded (b, p, width) and the sentence vector c0 (b, …)."""
        c0 = F.normalize(self.phrases_alone(features, present), dim=-1)
        if self.names is not None:
            c0 = self.names.read(c0, features, self.piece_mean, present)
        return self.piece(once(features)).expand(len(features), -1, -1), c0

    def meet(self, regions: Tensor, pieces: Tensor, seen: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and sentence vectors i1, c1 (b, width) after attention over both at once."""
        present, both = torch.cat([seen, read], 1), (once(regions), once(pieces))
        joint = torch.cat(both if len(both[0]) == len(both[1]) else (regions, pieces), 1).expand(len(regions), -1, -1)
        for unit in self.joint:
            joint = unit(joint, present)
        mixed, phrases = joint.split([regions.shape[1], pieces.shape[1]], 1)
        return F.normalize(mean_present(mixed, seen), dim=-1), F.normalize(self.phrases_joint(phrases, read), dim=-1)

    def baseline(self) -> dict[str, Tensor]:
        """The uninformative token of each space, (features,): the mean region of the training set, and the card's word.

        The mean piece of the training set stands where the card names no word. With both means the pair would score
        as a good match (0.44 to 0.59 on the shipped samples, whose own sentences score 0.46 on the median); with
        a word that names nothing it scores as pairs that do not match.

        Raises:
            ModelError: the card's word has several pieces, or another width than the model's words.
        """
        piece = self.piece_mean if self.word is None else words.neutral_piece(self.word).to(self.piece_mean)
        if piece.shape != self.piece_mean.shape:
            raise ModelError(
                f"The baseline word “{self.word}” has {len(piece)} features, the model's words have "
                f"{len(self.piece_mean)}. Set the card's baseline to None, or choose tokens of that width."
            )
        return {"regions": self.region_mean, "pieces": piece}


def prepare(sample: Sample, settings: Settings) -> Inputs:
    """A picture, or regions with features, and a sentence, as tokens.

    Raises:
        SampleError: a part is missing or does not fit the model.
    """
    text = sample.part("text", Text)
    pieces = words.encode(text.words, limit=settings.limit)
    boxes, size, features, notes = regions.of_sample(sample, width=settings.region_width, count=settings.regions)
    if pieces.cut:
        notes += (f"The model reads {settings.limit} word pieces; the last {pieces.cut} words are not read.",)
    spaces = (
        Boxes("regions", boxes, size),
        Pieces("pieces", pieces.pieces, np.array(pieces.of_word, np.int64), text.words),
    )
    tokens = {"regions": features, "pieces": pieces.features}
    return Inputs(
        tokens=tokens,
        present={name: torch.ones(len(these), dtype=torch.bool) for name, these in tokens.items()},
        spaces={space.name: space for space in (*spaces, Joined("joint", spaces))},
        context={
            "places": torch.from_numpy(regions.box_code(boxes, size[1], size[0])),
            "alpha": torch.tensor(float(settings.alpha)),
        },
        notes=notes,
        cautions=language.cautions(text.words, pieces.pieces, pieces.of_word),
    )


STORY = (
    "Does this sentence describe this picture? The model compares regions with words twice: each modality by itself, "
    "and both at once through attention. Pick a word to see its attention to regions, or a region to see it on words."
)
WANTS = {"picture": "a picture (PNG, JPEG, HEIC, TIFF, …)", "text": "a sentence"}
OUTPUTS = {
    "score": "matching score, i0 · c0 + α i1 · c1",
    "alone": "self-attention part, i0 · c0",
    "joint": "cross-attention part, i1 · c1",
}
CONVOLUTIONS = {
    f"phrases_{branch}.convolutions.{index}": "pieces" for branch in ("alone", "joint") for index in range(3)
}


def _calls(layers: int) -> dict[str, CallTitle]:
    """Every attention of the model, the regions' own and the joint ones, for people."""
    kinds = {"regions": "Self-attention of regions", "joint": "Joint attention"}
    return {
        f"{part}.{layer}.attention": CallTitle(f"{words}, layer {layer + 1}", f"layer {layer + 1}", part, "")
        for part, words in kinds.items()
        for layer in range(layers)
    }


def _card(key: str, title: str, settings: Settings, checkpoint: str | None) -> ModelCard[Settings]:
    own = tuple(f"regions.{layer}.attention" for layer in range(settings.layers))
    both = tuple(f"joint.{layer}.attention" for layer in range(settings.layers))
    joint = (*own, *both) if settings.branches == "stacked" else both
    return ModelCard(
        key=key, title=title, short="Image–sentence matching", icon=":material/image_search:", story=STORY, paper=PAPER,
        wants=WANTS, outputs=OUTPUTS, settings=settings, build=MMCA, prepare=prepare, checkpoint=checkpoint,
        convolutions=CONVOLUTIONS, paths={"alone": own, "joint": joint, "score": joint}, calls=_calls(settings.layers),
    )  # fmt: skip


MMCA_CARD = _card("mmca", "Image–sentence matching (MMCA)", SHIPPED, "mmca")
MMCA_PAPER_CARD = _card("mmca-paper", "Image–sentence matching (MMCA, the paper's size)", PAPERS, None)
CARDS = (MMCA_CARD, MMCA_PAPER_CARD)
