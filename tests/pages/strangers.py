"""Models that nobody here wrote, of every kind of tokens, and some that are wrong; each with the spec of its owner."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from xviz import (
    Boxes,
    Cells,
    Electrodes,
    Inputs,
    Joined,
    Named,
    PatchGrid,
    Picture,
    Pieces,
    PointCloud,
    Sample,
    Segments,
    Series,
    Spec,
    Steps,
    Text,
)  # fmt: skip

WIDTH = 16
RANDOM = "random: nothing here is a result"


def picture(seed: int, tall: int = 48, wide: int = 64) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 255, (tall, wide, 3)).astype(np.uint8))


def drawn(module: type[nn.Module], seed: int = 0):
    def build() -> nn.Module:
        torch.manual_seed(seed)
        return module().eval()

    return build


class Crossing(nn.Module):
    """Two layers with different numbers of heads, sequence first: asking tokens look at the others."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.MultiheadAttention(WIDTH, 2)
        self.second = nn.MultiheadAttention(WIDTH, 4)
        self.out = nn.Linear(WIDTH, 2)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        asking, answering = asking.transpose(0, 1), answering.transpose(0, 1)
        asking = asking + self.first(asking, answering, answering, need_weights=False)[0]
        asking = asking + self.second(asking, answering, answering, need_weights=False)[0]
        return self.out(asking.mean(0))


def features(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(seed))


def two(name: str, asking, answering, parts, **more) -> Spec:
    """Two spaces whose features are inputs."""

    def read(sample: Sample) -> Inputs:
        tokens = {space.name: features(len(space), i) for i, space in enumerate((asking, answering))}
        return Inputs.of(asking, answering, tokens=tokens)

    def call(model, tokens, present, given):
        logits = model(tokens[asking.name], tokens[answering.name])
        return {"yes": logits[:, 0], "no": logits[:, 1]}

    return Spec(
        title=name, outputs={"yes": "log-odds of yes", "no": "log-odds of no"}, build=drawn(Crossing), read=read,
        call=call, residual=True, weights=RANDOM, samples=lambda: {"first": Sample("first", parts)}, **more,
    )  # fmt: skip


WORDS = Pieces("words", ("a", "do", "##g", "barks"), np.array([0, 1, 1, 2]), ("a", "dog", "barks"))
CLOUD = np.random.default_rng(0).random((300, 3)).astype(np.float32)
PHOTOS = two(
    "Words and photos", WORDS, PatchGrid("patches", ("left", "right", "back"), (3, 4)),
    {"left": picture(0), "right": picture(1), "back": picture(2), "text": Text(("a", "dog", "barks"))},
)  # fmt: skip
SERIES = two(
    "Series and words", Steps("sound", 12, rate=4.0, channels=("loudness", "pitch")), WORDS,
    {"sound": Series(np.random.default_rng(0).normal(size=(2, 48)).astype(np.float32), ("loudness", "pitch"), 16.0)},
)  # fmt: skip
HEAD = two(
    "Brain and scan", Electrodes("eeg", ("Fz", "Cz", "Pz", "C3", "C4"), np.float32(
        [[0, 0.07, 0.05], [0, 0, 0.09], [0, -0.07, 0.05], [-0.07, 0, 0.05], [0.07, 0, 0.05]])),
    Segments("supervoxels", np.repeat(np.arange(30), 10), CLOUD[:30]), {"scan": PointCloud(CLOUD)},
)  # fmt: skip
BOXES = two(
    "Names and regions", Named("Classes / kinds", ("cat", "<b>none</b>")),
    Boxes("regions", np.float32([[0, 0, 20, 20], [10, 10, 60, 40], [30, 5, 64, 48]]), (48, 64)), {"image": picture(3)},
)  # fmt: skip
SOUND = two(
    "Cells and names", Named("classes", ("yes", "no")),
    Cells.spectrogram("cells", (4, 6), seconds=(0, 1.5), hertz=(0, 500, 1000, 2000, 4000), size=(16, 24)),
    {"text": Text(("unused",))},
)  # fmt: skip


class Encoder(nn.Module):
    """Self-attention alone."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, WIDTH)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, 2, 32, batch_first=True), 2)
        self.out = nn.Linear(WIDTH, 1)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.encoder(self.embed(words)).mean(1))[:, 0]


def _sentence(sample: Sample) -> Inputs:
    words = sample.part("text", Text).words
    return Inputs.of(Named("words", words), words=torch.tensor([len(word) % 20 for word in words]))


ALONE = Spec(
    title="Self-attention alone", outputs={"score": "how good it is"}, build=drawn(Encoder), read=_sentence,
    call=lambda model, tokens, present, given: {"score": model(given["words"])}, weights="trained on nothing at all",
    samples=lambda: {"one": Sample("one", {"text": Text(("some", "words", "in", "a", "row"))})},
    wants={"text": "a sentence of at least two words"},
)  # fmt: skip
UNFED = Spec(
    title="No sample", outputs={"score": "s"}, build=drawn(Encoder), read=_sentence, call=ALONE.call,
    wants={"text": "a sentence"},
)  # fmt: skip


class Streams(nn.Module):
    """Three spaces: sound and face are asked by words; then all of them as one sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.face = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.joint = nn.MultiheadAttention(WIDTH, 2, batch_first=True)

    def forward(self, words: Tensor, sound: Tensor, face: Tensor) -> Tensor:
        words = words + self.sound(words, sound, sound)[0] + self.face(words, face, face)[0]
        whole = torch.cat([words, sound, face], 1)
        return self.joint(whole, whole, whole)[0].mean((1, 2))


_STREAMS = Named("words", ("one", "two", "three")), Steps("sound", 7), Steps("face", 5)
THREE = Spec(
    title="Three streams", outputs={"mood": "how it sounds"}, build=drawn(Streams),
    read=lambda sample: Inputs.of(
        *_STREAMS, Joined("all", _STREAMS), tokens={s.name: features(len(s), i) for i, s in enumerate(_STREAMS)}
    ),
    call=lambda model, tokens, present, given: {"mood": model(tokens["words"], tokens["sound"], tokens["face"])},
    samples=lambda: {"first": Sample("first", {"text": Text(("one", "two", "three"))})},
)  # fmt: skip


# Wrong ones


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.MultiheadAttention(WIDTH, 2)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        raise RuntimeError("the plug was pulled")


class Silent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, 2)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        return self.layer(asking.mean(1))


class Mutating(Crossing):
    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        asking.add_(1.0)
        return super().forward(asking, answering)


class Gazing(nn.Module):
    """One self-attention over so many tokens that nobody can see all of it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asks, self.answers = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def heads(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys of two heads, (…, 2, tokens, 8)."""
        q, k = (layer(tokens).unflatten(-1, (2, -1)).transpose(-2, -3) for layer in (self.asks, self.answers))
        return 4 * q, k

    def forward(self, tokens: Tensor) -> Tensor:
        q, k = self.heads(tokens)
        return nn.functional.scaled_dot_product_attention(q, k, k).mean((1, 2, 3))


def _pixels(sample: Sample) -> Inputs:
    return Inputs.of(PatchGrid("patches", ("field",), (64, 64)), field=features(4096))


GAZE = Spec(
    title="Field", outputs={"mean": "mean of all values"}, build=drawn(Gazing), read=_pixels, weights=RANDOM,
    call=lambda model, tokens, present, given: {"mean": model(given["field"])},
    samples=lambda: {"field": Sample("field", {"field": picture(4, 128, 128)})},
)  # fmt: skip


AMBIGUOUS = two("Ambiguous", Named("a", ("x", "y")), Named("b", ("u", "v")), {"text": Text(("unused",))})


def but(**more) -> Spec:
    from dataclasses import replace

    return replace(BOXES, key="", **more)


def _training() -> nn.Module:
    return Crossing().train()


def _half() -> nn.Module:
    torch.manual_seed(0)
    return Crossing().eval().to(torch.bfloat16)


def _wrong_samples() -> dict[str, Sample]:
    raise OSError("the disk is gone")


def _halved(model, tokens, present, given):
    logits = model(*(tokens[name].to(torch.bfloat16) for name in ("Classes / kinds", "regions")))
    return {"yes": logits[:, 0], "no": logits[:, 1]}


#: title → what its page says
WRONG = {
    "Forward fails": (but(title="Forward fails", build=drawn(Failing)), "the plug was pulled"),
    "No attention": (but(title="No attention", build=drawn(Silent)), "No attention was heard"),
    "In training": (but(title="In training", build=_training), "Call module.eval() first"),
    "Ambiguous": (AMBIGUOUS, "Say which are meant"),
    "Unknown module": (but(title="Unknown module", features={"regions": "backbone"}), "There is no module “backbone”"),
    "Wrong sizes": (
        but(title="Wrong sizes", attention={"first": ("regions", "regions")}), "is said to be between “regions” tokens"
    ),
    "Samples fail": (but(title="Samples fail", samples=_wrong_samples), "the disk is gone"),
    "No build": (but(title="No build", build=None), "Give build="),
}  # fmt: skip
RIGHT = {
    spec.title: spec
    for spec in (
        PHOTOS, SERIES, HEAD, BOXES, SOUND, ALONE, THREE,
        but(title="Mutating", build=drawn(Mutating)), but(title="Half", build=_half, call=_halved),
    )
}  # fmt: skip
