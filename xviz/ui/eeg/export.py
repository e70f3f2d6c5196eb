"""What leaves the screen: topographies and the matrix for paper, and a bundle with everything behind them."""

from __future__ import annotations

import numpy as np

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.core.sample import BIOSEMI32
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.head import Scalp
from xviz.figures.heads import heads_figure, row_figure
from xviz.figures.style import PRESETS
from xviz.ui import cache, methods, saving
from xviz.ui.eeg.explore import DIRECTIONS, banded, direction, given, given_limits, partners
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
    )


def scalp(opened: Opened) -> Scalp:
    """The electrodes, with the montage named."""
    names = opened.names
    montage = (
        "10–20 system, 32 electrodes in DEAP's order" if names == BIOSEMI32 else f"{len(names)} channels as recorded"
    )
    return Scalp(opened.electrodes, montage, opened.absent, opened.sample.source)


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
    if kind in ("heads", "given"):
        return _heads(opened, kind, preset)
    explanation, call = row(opened, looked), opened.run.call(looked.call)
    weights = methods.weigh(call, looked.head)
    return row_figure(
        scalp(opened),
        explanation,
        weights,
        direction=direction(opened, looked.call),
        band=banded(opened, looked.head),
        links=partners(weights, looked.selection),
        preset=PRESETS[preset],
    )


def _heads(opened: Opened, kind: str, preset: str) -> Figure:
    """All bands and both directions: the attention received, or given to others."""
    hertz = [f"{band.name}\n{'–'.join(f'{edge:g}' for edge in band.psd)} Hz" for band in opened.bands]
    origin, venue = opened.run.provenance, PRESETS[preset]
    titles = {name: direction(opened, name) for name in DIRECTIONS}
    if kind == "given":
        to_others = {titles[name]: given(opened.run.call(name).rows().double().numpy()) for name in DIRECTIONS}
        return heads_figure(
            scalp(opened), {words: values.T for words, values in to_others.items()}, hertz, origin,
            what="Attention that each electrode gives to all others", unit="weight given to others",
            limits=given_limits(opened, np.concatenate([*to_others.values()])), preset=venue,
        )  # fmt: skip
    tables = {
        titles[name]: np.stack(
            [received(opened, name, band).scores[opened.run.call(name).keys] for band in range(len(opened.bands))], 1
        )
        for name in DIRECTIONS
    }
    return heads_figure(scalp(opened), tables, hertz, origin, preset=venue)


def zipped(opened: Opened, looked: Looked, kind: str, preset: str) -> bytes:
    """The figure in all formats with the numbers behind it."""
    weights = {name: opened.run.call(name).rows().double().numpy() for name in DIRECTIONS}
    explanations = [row(opened, looked), *looked.explanations]
    return bundle(
        {kind: figure(opened, looked, kind, preset)},
        list({(shown.method, shown.provenance.json()): shown for shown in explanations}.values()),
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
