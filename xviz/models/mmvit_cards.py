"""What the multiscale multiview model is fed, and its cards: digits, instruments, pictures, the paper's scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xviz.core.cells import Axis, Cells, Name
from xviz.core.run import Caution, Inputs
from xviz.core.sample import Picture, Sample, Sound
from xviz.core.tokens import Joined, Named, TokenSpace
from xviz.models.card import CallTitle, ModelCard
from xviz.models.mel import Mel, clip, faint, spectrogram
from xviz.models.mmvit import MMViT, patches, plans
from xviz.models.mmvit_layers import Settings, whom

PAPER = "Liu et al., MMViT: Multiscale Multiview Vision Transformers, arXiv:2305.00104"


@dataclass(frozen=True, kw_only=True)
class SoundSettings(Settings, Mel):
    """Of a model that reads the spectrogram of a sound."""


def spaces(settings: Settings, say_rows: Name, say_columns: Name, *, upright: bool) -> dict[str, TokenSpace]:
    """Every space that attention names: class token, patches, pooled tokens and keys, and what is asked at once."""
    size = settings.input
    axes = [Axis.plain(length) for length in size]
    named: dict[str, TokenSpace] = {"class": Named("class", ("class token",))}
    cells: dict[str, Cells] = {}

    def add(name: str, rows: Axis, columns: Axis, source: Cells | None) -> None:
        named[name] = cells[name] = Cells(name, rows, columns, size, say_rows, say_columns, source, upright)

    def pool(name: str, source: str, kernel: int, stride: tuple[int, int]) -> None:
        base = cells[source]
        rows, columns = (
            axis.pooled(kernel, s, kernel // 2) for axis, s in zip((base.rows, base.columns), stride, strict=True)
        )
        add(name, rows, columns, base)

    for view, (kernel, stride, padding) in enumerate(settings.views):
        rows, columns = (axis.pooled(*numbers) for axis, *numbers in zip(axes, kernel, stride, padding, strict=True))
        add(f"view{view + 1}", rows, columns, None)
    for plan in plans(settings):
        for before, after, keys in zip(plan.before, plan.after, plan.keys, strict=True):
            if after not in named:
                pool(after, before, 3, plan.shape.q_stride)
            if keys not in named:
                pool(keys, before, plan.shape.kernel, plan.shape.kv_stride)
        for names in (plan.asking, plan.answering):
            for joined in (*names, "+".join(names)):
                if "+" in joined:
                    named[joined] = Joined(joined, tuple(named[name] for name in joined.split("+")))
    return named


def prepare(sample: Sample, settings: Settings) -> Inputs:
    """A sound or a picture as the patches of every view.

    Raises:
        SampleError: the part is missing or cannot be used.
    """
    if isinstance(settings, SoundSettings):
        definition = Mel.of(settings)
        plane, notes, cautions = heard(sample, definition)
        say: tuple[Name, Name] = (
            definition.say_bands,
            partial(definition.say_frames, start=sample.part("sound", Sound).start),
        )
    else:
        plane, notes = seen(sample, settings)
        cautions = ()
        tall, wide = (side / 100 for side in settings.input)
        say = (
            lambda a, b: f"{a / tall:.0f}–{b / tall:.0f} % from the top",
            lambda a, b: f"{a / wide:.0f}–{b / wide:.0f} % from the left",
        )
    tokens = {name: view[0] for name, view in patches(plane[None], settings).items()}
    return Inputs(
        tokens=tokens,
        present={name: torch.ones(len(view), dtype=torch.bool) for name, view in tokens.items()},
        spaces=spaces(settings, *say, upright=not isinstance(settings, SoundSettings)),
        context={f"cross_{stage + 1}": torch.tensor(1.0) for stage in range(len(settings.stages))},
        notes=notes,
        cautions=cautions,
    )


def heard(sample: Sample, definition: Mel) -> tuple[Tensor, tuple[str, ...], tuple[Caution, ...]]:
    """The spectrogram of a sample's sound, (1, bands, frames) around zero, notes, and cautions."""
    signal, notes = clip(sample.part("sound", Sound), definition)
    plane = standard(spectrogram(torch.from_numpy(signal)[None], definition), definition)
    return plane, notes, faint(signal, definition)


def standard(decibels: Tensor, definition: Mel) -> Tensor:
    """Decibels below the loudest, −floor to 0 → −1 to 1."""
    return decibels / (definition.floor / 2) + 1


def seen(sample: Sample, settings: Settings) -> tuple[Tensor, tuple[str, ...]]:
    """A sample's picture at the model's size, (channels, rows, columns) around zero, and notes."""
    picture = sample.part("picture", Picture)
    rows, columns = settings.input
    scaled = Image.fromarray(picture.pixels).resize((columns, rows), Image.Resampling.BILINEAR)
    notes = (f"The model sees the whole picture as {columns} × {rows} pixels.",)
    return torch.from_numpy(np.asarray(scaled, np.float32) / 127.5 - 1).permute(2, 0, 1), notes


DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SOUND = SoundSettings(
    part="sound", input=(64, 128), channels=1,
    rate=8000.0, window=0.032, hop=0.0125, points=512, bands=64, low=60.0, high=3800.0, floor=80.0, frames=128,
    views=(((16, 4), (16, 4), (0, 0)), ((8, 16), (8, 16), (0, 0))),  # fine in time, fine in frequency
    stages=("C", "SC", "SC"), width=32, kv_stride=((2, 2), (1, 1), (1, 1)), classes=DIGITS,
)  # fmt: skip
FAMILIES = ("piano", "organ", "guitar", "bass", "bowed", "brass", "reed", "flute", "mallet", "choir")
KINDS = (
    "bed", "cabinet", "chair", "door", "lamp", "person", "plant", "sofa", "table", "tree", "vehicle", "window",
)  # fmt: skip
#: what models of pictures and of instruments share, so that weights can be carried from one to the other
SHARED: dict[str, Any] = {
    "views": (((8, 8), (8, 8), (0, 0)), ((16, 16), (16, 16), (0, 0))),  # fine, coarse
    "stages": ("AC", "SAC", "SC"), "width": 32, "kv_stride": ((2, 2), (1, 1), (1, 1)),
}  # fmt: skip
INSTRUMENTS = SoundSettings(
    part="sound", input=(64, 128), channels=1,
    rate=16000.0, window=0.064, hop=0.0125, points=1024, bands=64, low=30.0, high=7600.0, floor=80.0, frames=128,
    classes=FAMILIES, **SHARED,
)  # fmt: skip
OBJECTS = Settings(part="picture", input=(96, 96), channels=3, classes=KINDS, **SHARED)
PAPERS = Settings(
    part="picture", input=(224, 224), channels=3,
    views=(((7, 7), (4, 4), (3, 3)), ((11, 11), (8, 8), (5, 5))),
    stages=("C", "SC", "SAAAAAAAAAC", "SA"), width=96, kv_stride=((4, 4), (2, 2), (1, 1), (1, 1)), drop_path=0.1,
    classes=tuple(f"class {number}" for number in range(1000)),
)  # fmt: skip
STORY = (
    "Which digits are said? Two views of one spectrogram, fine in time and fine in frequency, go through three stages "
    "and attend to each other in each. Pick a patch to see its attention, and see when each digit was heard."
)


def _calls(settings: Settings) -> dict[str, CallTitle]:
    """Every attention of the model for people, in order."""
    calls = {}
    for plan in plans(settings):
        where = f"{plan.stage.replace('stage', 'stage ')}, {plan.block.replace('block', 'block ')}"
        gate = f"cross_{plan.stage.removeprefix('stage')}" if plan.crosses else ""
        for name, (asking, answering) in whom(plan.kind, len(settings.views)).items():
            views = [" and ".join(f"view {view + 1}" for view in side) for side in (asking, answering)]
            direction = "" if asking == answering else " to ".join(views)
            words = direction or (f"{views[0]} by itself" if len(asking) == 1 else "all views at once")
            title = f"{where[0].upper()}{where[1:]}: {words}"
            calls[f"{plan.stage}.{plan.block}.{name}"] = CallTitle(title, where, plan.stage, direction, gate)
    return calls


def card(key: str, *, settings: Settings, checkpoint: str | None, **words: Any) -> ModelCard[Settings]:
    """A card of this model with everything that follows from its settings."""
    every = list(plans(settings))
    count = len(settings.views)
    steps = tuple(" + ".join(f"{plan.stage}.{plan.block}.{name}" for name in whom(plan.kind, count)) for plan in every)
    return ModelCard(
        key=key,
        calls=_calls(settings),
        paper=PAPER,
        settings=settings,
        build=MMViT,
        prepare=prepare,
        checkpoint=checkpoint,
        convolutions={f"last.{view}": space for view, space in enumerate(every[-1].before)},
        paths=dict.fromkeys(settings.classes, steps),
        page="mmvit",
        reads=("class",),
        **words,
    )


MMVIT_CARD = card(
    "mmvit",
    settings=SOUND,
    checkpoint="mmvit-digits",
    title="Spoken digits (MMViT)",
    short="Spoken digits",
    icon=":material/graphic_eq:",
    story=STORY,
    wants={"sound": "a sound (WAV, FLAC, MP3, M4A, OGG, WebM, …)"},
    outputs={name: f"log-odds that “{name}” is said" for name in DIGITS},
)
MMVIT_INSTRUMENTS_CARD = card(
    "mmvit-instruments",
    settings=INSTRUMENTS,
    checkpoint="mmvit-instruments",
    title="Instruments (MMViT)",
    short="Instruments",
    icon=":material/piano:",
    story=(
        "Which families of instruments play? Two views of one spectrogram, fine and coarse, attend to each other "
        "in every stage. Pick a patch to see its attention, and see when and at which frequencies each was heard."
    ),
    wants={"sound": "a sound (WAV, FLAC, MP3, M4A, OGG, WebM, …)"},
    outputs={name: f"log-odds that an instrument of the family “{name}” plays" for name in FAMILIES},
)
MMVIT_OBJECTS_CARD = card(
    "mmvit-objects",
    settings=OBJECTS,
    checkpoint="mmvit-objects",
    title="Object pictures (MMViT)",
    short="Object pictures",
    icon=":material/chair:",
    story=(
        "Which things are in the picture? A fine and a coarse view of it attend to each other in every stage. "
        "Pick a patch to see its attention, and see where each thing was seen."
    ),
    wants={"picture": "a picture (PNG, JPEG, HEIC, TIFF, …)"},
    outputs={name: f"log-odds that there is a {name}" for name in KINDS},
)
MMVIT_PAPER_CARD = card(
    "mmvit-paper",
    settings=PAPERS,
    checkpoint=None,
    title="Image classification (MMViT, the paper's scale)",
    short="Pictures, the paper's scale",
    icon=":material/image:",
    story="The model at the scale of the paper, after MViT-B: four stages, 16 blocks, two views of a picture.",
    wants={"picture": "a picture (PNG, JPEG, HEIC, TIFF, …)"},
    outputs={name: f"logit of {name}" for name in PAPERS.classes},
)
CARDS = (MMVIT_CARD, MMVIT_INSTRUMENTS_CARD, MMVIT_OBJECTS_CARD, MMVIT_PAPER_CARD)
