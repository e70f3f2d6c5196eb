"""What leaves the screen: topographies and the matrix for paper, and a bundle with everything behind them."""

from __future__ import annotations

import numpy as np

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.ui import cache, saving
from xviz.ui.eeg.explore import DIRECTIONS
from xviz.ui.eeg.heads import banded
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked

KINDS = {
    "row": "Head and matrix of this band",
    "heads": "Received: all bands, both directions",
    "given": "Given to others: all bands, both directions",
}


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, save it."""
    saving.figures(
        "eeg",
        f"xviz-{opened.card.key}-{opened.sample.name}",
        KINDS,
        lambda kind, preset: figure(opened, looked, kind, preset),
        lambda kind, preset: zipped(opened, looked, kind, preset),
        html=lambda: saving.linked_page(opened, looked.explanations),
    )


def received(opened: Opened, call: str, band: int | None) -> Explanation:
    """The attention that electrodes receive."""
    return cache.explain(opened.run, cache.Question("received", Target(opened.output), call, band))


def row(opened: Opened, looked: Looked) -> Explanation:
    """What the left head of the page shows."""
    if looked.selection is None:
        return received(opened, looked.call, looked.head)
    target = opened.asking(looked.selection, opened.run.call(looked.call).queries)
    return cache.explain(opened.run, cache.Question("look", target, looked.call, looked.head))


def figure(opened: Opened, looked: Looked, kind: str, preset: str) -> Figure:
    """The figure of a kind."""
    return saving.drawn(opened, kind, preset, [row(opened, looked)] if kind == "row" else [])


def zipped(opened: Opened, looked: Looked, kind: str, preset: str) -> bytes:
    """The figure in all formats with the numbers behind it."""
    weights = {name: opened.run.call(name).rows().double().numpy() for name in DIRECTIONS}
    explanations = [row(opened, looked), *looked.explanations]
    return bundle(
        {kind: figure(opened, looked, kind, preset)},
        list(
            {(explanation.method, explanation.provenance.json()): explanation for explanation in explanations}.values()
        ),
        arrays={
            **{f"attention_{name}": values for name, values in weights.items()},
            **{name: tokens.numpy() for name, tokens in opened.run.inputs.tokens.items()},
            "positions_metres": np.asarray(opened.electrodes.positions),
        },
        labels={"de": opened.names, "psd": opened.names},
        manifest={
            **{f"output_{name}": value for name, value in opened.run.outputs.items()},
            "bands": "; ".join(banded(opened, band) for band in range(len(opened.bands))),
            "axes_of_attention": "band, query electrode, key electrode",
            "interpolated_electrodes": ", ".join(opened.eeg.interpolated) or "none",
            "reference": opened.eeg.reference or "not said by the file",
            "rate_hz": opened.eeg.rate,
        },
    )
