"""How the examples of Hugging Face read what a person brings, with real tokenizers or without a network."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
import transformers as hf
from PIL import Image
from torch import Tensor, nn

from xviz import Boxes, Named, Picture, Pieces, Sample, Spec, Text
from xviz.core.sample import Regions

VOCABULARY = 60
RANDOM = "random, built from a configuration: nothing here is a result"
HOW = "sdpa"  #: flash_attention_2 cannot be heard


def made(kind: type, config: Callable[[], Any] | None, weights: str, how: str = HOW) -> Callable[[], nn.Module]:
    """What builds a model: real weights where they are named, else random ones, the same at every call."""

    def build() -> nn.Module:
        if weights:
            return kind.from_pretrained(weights, attn_implementation=how).eval()
        given = config()
        given._attn_implementation = how
        torch.manual_seed(0)
        return kind(given).eval()

    return build


def spec(title: str, weights: str, **given: Any) -> Spec:
    """A spec whose title says whether weights are random; a residual goes around every attention of these models."""
    name = f"{title} ({weights or 'random weights'})"
    return Spec(title=name, weights=weights or RANDOM, residual=True, **given)


@cache
def tokenizer(weights: str) -> Any:
    """The tokenizer of real weights."""
    return hf.AutoTokenizer.from_pretrained(weights)


def read_words(name: str, words: tuple[str, ...], weights: str, **options: Any) -> tuple[Pieces, Tensor]:
    """Words as the pieces that a model reads, and their numbers; a word is one piece where weights are random."""
    if not weights:
        numbers = [3 + zlib.crc32(word.encode()) % (VOCABULARY - 5) for word in words]
        return Pieces(name, words, np.arange(len(words)), words), torch.tensor(numbers)
    given = tokenizer(weights)(" ".join(words), **options)["input_ids"]
    pieces = tuple(tokenizer(weights).convert_ids_to_tokens(given))
    return Pieces(name, pieces, np.arange(len(pieces)), pieces), torch.tensor(given)


def last(logits: Tensor, numbers: Tensor) -> Tensor:
    """(b, words, vocabulary) and (b, words) → (b,) log-probability of the last word after those before it."""
    return logits[:, -2].log_softmax(-1).gather(1, numbers[:, -1:])[:, 0]


def there(present: Mapping[str, Tensor], name: str, count: int) -> Tensor:
    """(b, count) which tokens take part, as models of Hugging Face want it."""
    return present[name].long() if name in present else torch.ones(1, count, dtype=torch.long)


def pixels(sample: Sample, side: int) -> Tensor:
    """(3, side, side) of the sample's picture, as CLIP scales it."""
    small = Image.fromarray(sample.part("picture", Picture).pixels).resize((side, side), Image.Resampling.BICUBIC)
    mean, spread = torch.tensor([0.481, 0.458, 0.408]), torch.tensor([0.269, 0.261, 0.276])
    return ((torch.from_numpy(np.array(small)) / 255 - mean) / spread).permute(2, 0, 1)


def text_of(sample: Sample, name: str = "text") -> tuple[str, ...]:
    """The words of a part."""
    return sample.part(name, Text).words


def picture_and(text: str, **more: Any) -> Mapping[str, Sample]:
    """A picture that is made here, with a text."""
    ground = np.full((96, 96, 3), (90, 140, 90), np.uint8)
    ground[20:60, 24:64] = (200, 60, 50)
    return {text: Sample(text, {"picture": Picture(ground), "text": Text(tuple(text.split())), **more})}


REGIONS = Regions(
    np.array([[24, 20, 64, 60], [0, 0, 96, 30], [0, 60, 96, 96], [60, 20, 96, 70], [0, 20, 30, 70]], np.float32),
    np.random.default_rng(0).standard_normal((5, 32)).astype(np.float32),
)


def regions(sample: Sample) -> tuple[Boxes, Tensor]:
    """The regions of a picture, whose features somebody else made, (n, d)."""
    part = sample.part("regions", Regions)
    return Boxes("regions", part.boxes, sample.part("picture", Picture).pixels.shape[:2]), torch.tensor(part.features)


def latents(count: int) -> Named:
    """Learnt tokens that stand for nothing outside the model."""
    return Named("latents", tuple(f"latent {number + 1}" for number in range(count)))
