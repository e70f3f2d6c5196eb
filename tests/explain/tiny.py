"""Models small enough to be checked by hand, and runs of them; no encoders, no weights from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from xviz import engine
from xviz.core.run import Inputs, Run
from xviz.core.sample import Sample, Sound, Text
from xviz.core.tokens import Joined, Named
from xviz.engine import Loaded
from xviz.models import mmvit_cards
from xviz.models.card import ModelCard
from xviz.models.layers import Attention, Unit, mean_present
from xviz.models.mmca import CONVOLUTIONS, MMCA
from xviz.models.mmca import Settings as MmcaSettings
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import SOUND, SoundSettings

SAMPLE = Sample("tiny", {"text": Text(("a", "b"))})
WIDTH = 12  # of the planted model
LAYERS, HEADS = 2, 4  # not the same number, so that nobody can mistake the one for the other


def named(name: str, count: int) -> Named:
    return Named(name, tuple(f"{name} {i}" for i in range(count)))


def never(*_: object) -> Inputs:
    raise AssertionError("the tests bring their own inputs")


def card(key: str, build: Callable, outputs: tuple[str, ...], settings: object, **more) -> ModelCard:
    return ModelCard(
        key=key, title=key, short=key, icon="", story="", paper="none", wants={},
        outputs={name: name for name in outputs}, settings=settings,
        build=build, prepare=never, checkpoint=None, **more,
    )  # fmt: skip


def build_mmca(settings: MmcaSettings) -> MMCA:
    """A real one, whose baseline and classes are not zero."""
    module = MMCA(settings)
    assert module.names is not None
    for buffer in module.names.buffers():
        buffer.copy_(0.3 * torch.randn(buffer.shape))
    module.region_mean.copy_(0.3 * torch.randn(settings.region_width))
    module.piece_mean.copy_(0.3 * torch.randn(settings.word_width))
    return module


def mmca(branches: str) -> ModelCard:
    own = tuple(f"regions.{i}.attention" for i in range(LAYERS))
    both = tuple(f"joint.{i}.attention" for i in range(LAYERS))
    joint = (*own, *both) if branches == "stacked" else both
    settings = MmcaSettings(
        region_width=6, word_width=5, width=8, heads=HEADS, hidden=12, layers=LAYERS, filters=7, branches=branches,
        classes=9, dropout=0.1, alpha=0.7, baseline=None,
    )  # fmt: skip
    paths = {"alone": own, "joint": joint, "score": joint}
    return card(
        f"mmca-{branches}", build_mmca, ("score", "alone", "joint"), settings, convolutions=CONVOLUTIONS, paths=paths
    )


class TwoSpaces(nn.Module):
    """Self-attention in both spaces, then each asks the other; side by side or one after the other."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__()
        width, self.together = settings["width"], settings["together"]
        unit = {"width": width, "heads": HEADS, "hidden": 10}
        self.left = nn.ModuleList(Unit("left", **unit) for _ in range(LAYERS))
        self.right = nn.ModuleList(Unit("right", **unit) for _ in range(LAYERS))
        ask = {"width": width, "heads": HEADS}
        self.left_to_right = nn.ModuleList(Attention("left", "right", **ask) for _ in range(LAYERS))
        self.right_to_left = nn.ModuleList(Attention("right", "left", **ask) for _ in range(LAYERS))
        self.register_buffer("plain", 0.2 * torch.randn(2, width))

    def forward(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]):
        left, right, here, there = tokens["left"], tokens["right"], present["left"], present["right"]
        for i in range(LAYERS):
            left, right = self.left[i](left, here), self.right[i](right, there)
            asked = left + self.left_to_right[i](left, right, there)
            right = right + self.right_to_left[i](right, left if self.together else asked, here)
            left = asked
        left_mean, other = mean_present(left, here), mean_present(right, there)
        return {"match": context["gain"] * (left_mean * other).sum(-1), "left": left_mean[:, 0]}

    def baseline(self) -> dict[str, Tensor]:
        return {"left": self.plain[0], "right": self.plain[1]}


def two_spaces(together: bool) -> ModelCard:
    steps = []
    for i in range(LAYERS):
        cross = (f"left_to_right.{i}", f"right_to_left.{i}")
        steps += [f"left.{i}.attention", f"right.{i}.attention", *([" + ".join(cross)] if together else cross)]
    key = "two-together" if together else "two-in-turn"
    return card(
        key, TwoSpaces, ("match", "left"), {"width": 8, "together": together}, paths={"match": tuple(steps)}
    )  # "left" has no list on purpose


class Classes(nn.Module):
    """Class tokens of the model's own ask with the left tokens, and the right ones are asked by both."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__()
        width = settings["width"]
        self.tokens = nn.Parameter(torch.randn(2, width))
        self.decode = Unit("joint", width=width, heads=HEADS, hidden=10)
        self.ask = Attention("joint", "right", width=width, heads=HEADS)
        self.again = Unit("joint", width=width, heads=HEADS, hidden=10)
        self.register_buffer("plain", 0.2 * torch.randn(2, width))

    def forward(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]):
        left, here = tokens["left"], present["left"]
        joint = torch.cat([self.tokens.expand(len(left), -1, -1), left], 1)
        there = torch.cat([torch.ones(len(left), 2, dtype=torch.bool), here], 1)
        joint = self.decode(joint, there)
        joint = joint + self.ask(joint, tokens["right"], present["right"])
        joint = self.again(joint, there)
        return {"first": joint[:, 0, 0], "second": joint[:, 1, 0]}

    def baseline(self) -> dict[str, Tensor]:
        return {"left": self.plain[0], "right": self.plain[1]}


CLASSES = card("classes", Classes, ("first", "second"), {"width": 8})  # no paths: all calls, one after another


TONES = replace(
    SOUND, input=(16, 24), points=256, bands=16, frames=24, hop=0.0125,
    views=(((4, 3), (4, 3), (0, 0)), ((8, 6), (8, 6), (0, 0))), stages=("AC", "SC"), width=16, heads=4,
    kv_stride=((2, 2), (1, 1)), classes=("one", "two"),
)  # fmt: skip


def build_mmvit(settings: SoundSettings) -> MMViT:
    """A real one, whose baseline is not zero and whose attention is not flat."""
    module = MMViT(settings)
    for name, parameter in module.named_parameters():
        nn.init.normal_(parameter, 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0, 0.3)
    module.mean_view1.normal_(std=0.3)
    module.mean_view2.normal_(std=0.3)
    return module


def mmvit(cross: str) -> ModelCard:
    words = {"title": "tiny", "short": "tiny", "icon": "", "story": "", "wants": {}}
    outputs = {name: name for name in TONES.classes}
    tiny_card = mmvit_cards.card(
        f"mmvit-{cross}", settings=replace(TONES, cross=cross), checkpoint=None, outputs=outputs, **words
    )
    return replace(tiny_card, build=build_mmvit)


def tone(seed: int = 0) -> Sample:
    """A few notes in noise, 0.3 s."""
    rng = np.random.default_rng(seed)
    time = np.arange(2400) / 8000
    signal = 0.05 * rng.normal(size=2400) + sum(0.2 * np.sin(2 * np.pi * f * time) for f in rng.uniform(200, 3000, 3))
    return Sample("tone", {"sound": Sound(signal.astype(np.float32), 8000.0)})


def mmvit_inputs(seed: int = 0, gone: Mapping[str, tuple[int, ...]] = ()) -> Inputs:
    inputs = mmvit_cards.prepare(tone(seed), TONES)
    tokens = {name: t.double() for name, t in inputs.tokens.items()}
    context = {name: c.double() for name, c in inputs.context.items()}
    return Inputs(tokens, inputs.present, inputs.spaces, context).without(dict(gone))


class Planted(nn.Module):
    """Answers with what one word finds in one region and one region in one word; nothing else can count.

    With ``planted``, all weights are set by hand to one direction, the code: a word asks the region of the code, a
    region asks the word, and what is heard counts only for tokens of that code. Without, all weights are random.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__()
        ask = {"width": WIDTH, "heads": 1}
        self.words_to_regions, self.regions_to_words = (
            Attention("words", "regions", **ask),
            Attention("regions", "words", **ask),
        )
        self.gate, self.admit, self.heard = nn.Conv1d(WIDTH, 1, 1), nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)
        if settings["planted"]:
            code = torch.eye(WIDTH)[0]
            for part in (self.words_to_regions, self.regions_to_words):
                for layer, gain in ((part.query, 6.0), (part.key, 6.0), (part.value, 1.0), (part.out, 1.0)):
                    layer.weight.data = gain * torch.outer(code, code)
                    layer.bias.data.zero_()
            self.gate.weight.data = code[None, :, None].clone()
            for layer in (self.admit, self.heard):
                layer.weight.data = code[None].clone()
            for layer in (self.gate, self.admit, self.heard):
                layer.bias.data.zero_()

    def forward(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]):
        regions, words, seen, read = tokens["regions"], tokens["words"], present["regions"], present["words"]
        attended = self.heard(self.words_to_regions(words, regions, seen))[..., 0]
        named = self.heard(self.regions_to_words(regions, words, read))[..., 0]
        words_gate, shown = self.gate(words.mT)[:, 0] * read, self.admit(regions)[..., 0] * seen
        return {"score": (words_gate * attended).sum(1) + (shown * named).sum(1)}

    def baseline(self) -> dict[str, Tensor]:
        return {"regions": torch.zeros(WIDTH), "words": torch.zeros(WIDTH)}


def planted(trained: bool) -> ModelCard:
    paths = {"score": ("words_to_regions + regions_to_words",)}
    return card("planted", Planted, ("score",), {"planted": trained}, convolutions={"gate": "words"}, paths=paths)


def planted_inputs(seed: int, region: int, word: int, regions: int = 8, words: int = 6) -> Inputs:
    """All tokens of length one; only the two that count have the code, the others none of it."""
    rng = np.random.default_rng(seed)
    tokens = {}
    for name, count, true in (("regions", regions, region), ("words", words, word)):
        values = rng.normal(size=(count, WIDTH)) * np.minimum(np.arange(WIDTH), 1)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        values[true] = np.eye(WIDTH)[0]
        tokens[name] = torch.from_numpy(values)
    spaces = {name: named(name, len(values)) for name, values in tokens.items()}
    return Inputs(tokens, {name: torch.ones(len(v), dtype=torch.bool) for name, v in tokens.items()}, spaces, {})


def mmca_inputs(seed: int = 0, regions: int = 5, pieces: int = 4, gone: Mapping[str, tuple[int, ...]] = ()) -> Inputs:
    rng = torch.Generator().manual_seed(seed)
    spaces = named("regions", regions), named("pieces", pieces)
    inputs = Inputs(
        tokens={
            "regions": torch.randn(regions, 6, generator=rng, dtype=torch.float64),
            "pieces": torch.randn(pieces, 5, generator=rng, dtype=torch.float64),
        },
        present={"regions": torch.ones(regions, dtype=torch.bool), "pieces": torch.ones(pieces, dtype=torch.bool)},
        spaces={space.name: space for space in (*spaces, Joined("joint", spaces))},
        context={
            "places": torch.rand(regions, 5, generator=rng, dtype=torch.float64),
            "alpha": torch.tensor(0.7, dtype=torch.float64),
        },
    )
    return inputs.without(dict(gone))


def pair_inputs(seed: int = 0, left: int = 5, right: int = 7, classes: bool = False, gone=()) -> Inputs:
    rng = torch.Generator().manual_seed(seed)
    spaces = [named("left", left), named("right", right)]
    if classes:
        spaces += [named("classes", 2), Joined("joint", (named("classes", 2), spaces[0]))]
    counts = {"left": left, "right": right}
    inputs = Inputs(
        tokens={name: torch.randn(n, 8, generator=rng, dtype=torch.float64) for name, n in counts.items()},
        present={name: torch.ones(n, dtype=torch.bool) for name, n in counts.items()},
        spaces={space.name: space for space in spaces},
        context={"gain": torch.tensor(1.5, dtype=torch.float64)},
    )
    return inputs.without(dict(gone))


CARDS = {
    each.key: each for each in (mmca("parallel"), mmca("stacked"), two_spaces(True), two_spaces(False), CLASSES)
}  #: the models on which every method is tried


def inputs_of(key: str, seed: int = 0, absent: bool = False) -> Inputs:
    """Inputs for one of CARDS, with two tokens left out if asked for."""
    if key.startswith("mmca"):
        return mmca_inputs(seed, gone={"regions": (1,), "pieces": (3,)} if absent else {})
    if key.startswith("mmvit"):
        return mmvit_inputs(seed, gone={"view1": (1, 7), "view2": (3,)} if absent else {})
    return pair_inputs(seed, classes=key == "classes", gone={"left": (1,), "right": (3,)} if absent else {})


def model(card: ModelCard, seed: int = 0) -> Loaded:
    """Random weights in float64."""
    loaded = engine.untrained(card, seed)
    return replace(loaded, module=loaded.module.double())


def ran(loaded: Loaded, inputs: Inputs, target: str | None = None) -> Run:
    return engine.run_inputs(loaded, inputs, SAMPLE, target)


def run_of(key: str, seed: int = 0, target: str | None = None, absent: bool = False) -> tuple[Loaded, Run]:
    """A model of CARDS and a run of it."""
    loaded = model(CARDS[key], seed)
    return loaded, ran(loaded, inputs_of(key, seed, absent), target)
