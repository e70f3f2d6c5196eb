"""A sound or a picture on the page of views, the classes that the model detects, and the one that is explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from xviz import record
from xviz.checkpoints import manifest
from xviz.core.cells import Cells
from xviz.core.run import Target
from xviz.core.sample import Sample
from xviz.data.shipped import ShippedSample
from xviz.drawings import image, plane
from xviz.drawings.drawing import Surround
from xviz.drawings.plane import Plane
from xviz.models import CARDS
from xviz.models.card import ModelCard
from xviz.models.mmvit import MMViT
from xviz.plates import views
from xviz.ui import cache, components, memory, methods, page, records
from xviz.ui.state import Choices
from xviz.ui.views import sound


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened(records.Opened):
    """A sound or a picture, and the class that is explained."""

    plane: Plane  #: the spectrogram or the picture that the model is fed
    truth: NDArray[np.float64] | None  #: (rows, columns) of the plane: where the explained class is, if that is known
    late: Callable[[], None] = lambda: None  #: draws the chart of classes; called after the first map

    @property
    def sounds(self) -> bool:
        """Whether it is a sound; else it is a picture."""
        return self.card.settings.part == "sound"

    @property
    def views(self) -> tuple[str, ...]:
        """The spaces of the views that the model is fed."""
        return tuple(self.run.inputs.tokens)

    @cached_property
    def known(self) -> NDArray[np.float32] | None:
        """Line segments in pixels around the place that is known."""
        return None if self.truth is None else self.plane.place(plane.outlines(self.truth >= 0.5))

    def cells(self, name: str) -> Cells:
        """The cells of a space."""
        return self.run.space(name, Cells)

    def named(self, view: str) -> str:
        """A view for people."""
        return view_name(self.card, view)

    def class_target(self, method_needs_focus: bool) -> Target:
        """The class as seen from the class token, or the class itself."""
        return Target(self.output, "class", (0,)) if method_needs_focus else Target(self.output)


def cards() -> list[ModelCard]:
    """The models with views that can be run."""
    return [card for card in CARDS if card.build is MMViT and card.checkpoint in manifest()]


def choose_card() -> ModelCard:
    """The model that the visitor chose; a link restores it."""
    known = {card.key: card for card in cards()}
    if len(known) < 2:
        return next(iter(known.values()))
    key = st.segmented_control(
        "Model", list(known), default=next(iter(known)), format_func=lambda k: known[k].short,
        key="model", bind="query-params", label_visibility="collapsed", required=True,
    )  # fmt: skip
    return known.get(str(key), next(iter(known.values())))


def warn_of_absence(opened: Opened, above: DeltaGenerator) -> None:
    """That none of the classes is likely there, above the result."""
    if told := record.absence(opened.card, opened.run.outputs):
        above.warning(page.plain(" ".join(told)), icon=":material/warning:")


def view_name(card: ModelCard, view: str) -> str:
    """A view for people, by what sets it apart: ``view 1, fine in time``."""
    kernels = [kernel for kernel, _, _ in card.settings.views]
    number = int(view.removeprefix("view"))
    (tall, wide), name = kernels[number - 1], f"view {number}"
    if card.settings.part != "sound":
        return f"{name}, patches of {wide} × {tall} pixels"
    finest = [min(side) for side in zip(*kernels, strict=True)]
    fine = [axis for axis, side, least in (("frequency", tall, finest[0]), ("time", wide, finest[1])) if side == least]
    return f"{name}, fine in {' and '.join(fine)}" if fine else f"{name}, coarser"


def show(card: ModelCard, sample: Sample, example: ShippedSample | None) -> Opened:
    """The sample with its player or as a picture, the classes detected, and the class that is explained."""
    choices = Choices(card.key)
    choices.start(f"{card.key} {sample.digest}")
    probabilities = card.probabilities(cache.run(card.key, sample).outputs)
    best = max(probabilities, key=lambda name: probabilities[name])
    left, right = st.columns([1.6, 1], gap="medium")
    with right:
        chosen = st.selectbox(
            "Class to explain", [methods.MOST_PROBABLE, *card.outputs], key=f"{card.key}-class", bind="query-params",
            help="The output that attribution methods explain, and that the dashed outline is of.",
        )  # fmt: skip
        output = best if chosen == methods.MOST_PROBABLE else chosen
        late = _classes(card, probabilities, output)
    plane = _plane(card.key, sample.digest, card, sample)
    truth = None if example is None else views.truth(card, example, output)
    run = cache.run(card.key, sample, target=output)
    opened = Opened(
        card=card, choices=choices, sample=sample, run=run, output=output, plane=plane, truth=truth, late=late
    )
    with left:
        _input(opened, example)
    return opened


@memory.kept()
def _plane(key: str, digest: str, _card: ModelCard, _sample: Sample) -> Plane:
    """The spectrogram or the picture as it is drawn, made once for a sample."""
    return (sound if _card.settings.part == "sound" else views).plane(_card, _sample)


def _input(opened: Opened, example: ShippedSample | None) -> None:
    """The waveform with its player and the spectrogram, or the picture."""
    if opened.sounds:
        sound.waveform(opened.card, opened.sample, example)
    surround = Surround("Mel spectrogram, dB below the maximum", height=240)
    drawing = image.regions(
        opened.plane.pixels, np.zeros((0, 4)), labels=[],
        marks=image.Marks(known=() if opened.known is None else opened.known),
        look=image.Look(opened.plane, compact=True),
        surround=surround if opened.sounds else Surround("Input of the model", height=340),
    )  # fmt: skip
    components.mount(drawing, key=f"whole {opened.place}")
    if opened.truth is not None:
        st.caption(f"Dashed: where “{opened.output}” is, known because the sample was composed.")


def _classes(card: ModelCard, probabilities: dict[str, float], output: str) -> Callable[[], None]:
    """Every class with its probability, the most probable first; a click on a bar explains its class."""
    late = methods.class_bars(card, {"probability": probabilities}, output, key=f"{card.key}-class")
    ranked = sorted(probabilities, key=lambda name: -probabilities[name])
    if card.one_of:
        st.caption(f"Explained: **{output}**.", help="Exactly one class is present; the probabilities sum to one.")
        return late
    detected = [name for name in ranked if probabilities[name] > 0.5]
    st.caption(
        f"Detected (probability above 0.5): {', '.join(detected) or 'none'}. Explained: **{output}**.",
        help="Each class has a probability of its own, since several can be present.",
    )
    return late
