"""The drawings of the attention between electrodes: made of what is looked at alone, so that they can be made ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings import head, matrix
from xviz.drawings.drawing import Drawing, Surround
from xviz.explain import METHODS
from xviz.plates.eeg import MEAN, Links, given, given_limits, named, partners
from xviz.ui.eeg.sample import Opened
from xviz.ui.state import Selection


@dataclass(frozen=True)
class Choice:
    """What the visitor wants to see."""

    call: AttentionCall
    band: int | None  #: counted from 0; None is the mean of the bands
    method: str  #: key of the method beside the attention


def banded(opened: Opened, band: int | None) -> str:
    """A band of the recording, or their mean, in words."""
    return MEAN if band is None else named(opened.bands[band])


def direction(opened: Opened, call: str) -> str:
    """From which feature to which a call goes: "DE to PSD"."""
    return opened.card.calls[call].direction


def drawing(
    opened: Opened,
    scores: NDArray[np.floating],
    colours: scale.Scale,
    selection: Selection | None,
    *,
    surround: Surround,
    links: Links | None = None,
    contours: bool = False,
) -> Drawing:
    """A head, with an electrode picked."""
    return head.head(
        opened.marked,
        opened.electrodes.positions,
        scores,
        scale=colours,
        marks=head.Marks(
            None if selection is None else selection.token, opened.absent, opened.electrodes.interpolated, links or ()
        ),
        contours=contours,
        surround=surround,
    )


def attention(
    opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None, explanation: Explanation
) -> Drawing:
    """The attention from an electrode, or received, with lines to those that get most."""
    call, scores = choice.call, explanation.scores[choice.call.keys]
    whose = "Attention received" if selection is None else f"Attention from {opened.names[selection.token]}"
    return drawing(
        opened, scores, scale.sequential(scores, label=explanation.unit), selection,
        links=partners(weights, None if selection is None else selection.token),
        surround=Surround(f"{whose}, {call.queries.upper()} to {call.keys.upper()}: {banded(opened, choice.band)}"),
    )  # fmt: skip


def beside(opened: Opened, choice: Choice, selection: Selection | None, explanation: Explanation) -> Drawing:
    """The head of another method."""
    method, keys = METHODS[choice.method], choice.call.keys
    scores, make = explanation.scores[keys], scale.diverging if explanation.signed else scale.sequential
    scope = banded(opened, choice.band) if method.kind == "attention" else f"all bands, for {opened.output}"
    return drawing(
        opened, scores, make(scores, label=explanation.unit), selection,
        surround=Surround(f"{method.title}, {keys.upper()}: {scope}"),
    )  # fmt: skip


def rows(opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None) -> Drawing:
    """All rows at once."""
    call, row = choice.call, None if selection is None else selection.token
    return matrix.matrix(
        np.where(np.isin(np.arange(len(weights)), opened.absent), np.nan, weights.T).T,
        row_labels=opened.marked,
        column_labels=opened.marked,
        scale=scale.sequential(weights, label="attention weight"),
        selected=None if row is None else (row, int(weights[row].argmax())),
        axes=(f"query, {call.queries.upper()}", f"key, {call.keys.upper()}"),
        surround=Surround(
            f"{direction(opened, call.name)}, {banded(opened, choice.band)}: every row sums to one", height=560
        ),
    )


def given_to_others(opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None) -> Drawing:
    """What every electrode gives to others."""
    to_others = given(weights)
    colours = scale.sequential(to_others, limits=given_limits(to_others, opened.absent), label="weight given to others")
    title = f"Attention to other electrodes, {direction(opened, choice.call.name)}: {banded(opened, choice.band)}"
    note = "What an electrode's query gives to the keys of all others; the rest, up to one, stays with itself."
    return drawing(opened, to_others, colours, selection, surround=Surround(title, note, 360))
