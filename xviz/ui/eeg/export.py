"""What leaves the screen: topographies and the matrix for paper, and a bundle with everything behind them."""

from __future__ import annotations

import numpy as np

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.core.sample import BIOSEMI32
from xviz.explain import METHODS
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.head import Scalp
from xviz.figures.heads import heads_figure, row_figure
from xviz.figures.style import PRESETS
from xviz.ui import cache, methods, saving
from xviz.ui.eeg.explore import DIRECTIONS, PARTNERS, banded, given, given_limits
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked

KINDS = {
    "row": "Head and matrix of this band",
    "heads": "Received: all bands, both directions",
    "given": "Given away: all bands, both directions",
}


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, take it."""
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
    montage = "10–20 system, 32 electrodes in DEAP's order" if names == BIOSEMI32 else f"{len(names)} electrodes"
    return Scalp(opened.electrodes, montage, opened.absent, opened.sample.source)


def received(opened: Opened, direction: str, band: int | None) -> Explanation:
    """The attention that electrodes receive."""
    return cache.explain(opened.run, cache.Question("received", Target(opened.output), direction, band))


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
    found, picked = row(opened, looked), looked.selection
    call = opened.run.call(looked.call)
    shown = methods.weigh(call, looked.head)
    links: list[tuple[int, int, float]] = []
    if picked is not None:
        weights = shown[picked.token]
        best = [int(i) for i in np.argsort(-weights) if i != picked.token][:PARTNERS]
        links = [(picked.token, i, float(weights[i])) for i in best]
    return row_figure(
        scalp(opened),
        found.scores[call.keys],
        shown,
        found.provenance,
        direction=DIRECTIONS[looked.call],
        band=banded(opened, looked.head),
        unit=METHODS[found.method].unit,
        selected=None if picked is None else picked.token,
        links=links,
        preset=PRESETS[preset],
    )


def _heads(opened: Opened, kind: str, preset: str) -> Figure:
    """All bands and both directions: the attention received, or given away."""
    hertz = [f"{b.name}\n{'–'.join(f'{edge:g}' for edge in b.psd)} Hz" for b in opened.bands]
    origin, sized = opened.run.provenance, PRESETS[preset]
    if kind == "given":
        away = {words: given(opened.run.call(name).rows().double().numpy()) for name, words in DIRECTIONS.items()}
        return heads_figure(
            scalp(opened), {words: values.T for words, values in away.items()}, hertz, origin,
            what="Attention that each electrode gives to all others when it asks", unit="weight given to others",
            limits=given_limits(opened, np.concatenate([*away.values()])), preset=sized,
        )  # fmt: skip
    tables = {
        words: np.stack(
            [received(opened, name, b).scores[opened.run.call(name).keys] for b in range(len(opened.bands))], 1
        )
        for name, words in DIRECTIONS.items()
    }
    return heads_figure(scalp(opened), tables, hertz, origin, preset=sized)


def zipped(opened: Opened, looked: Looked, kind: str, preset: str) -> bytes:
    """The figure in all formats with the numbers behind it."""
    weights = {name: opened.run.call(name).rows().double().numpy() for name in DIRECTIONS}
    found = [row(opened, looked), *looked.explanations]
    return bundle(
        {kind: figure(opened, looked, kind, preset)},
        list({(e.method, e.provenance.json()): e for e in found}.values()),
        arrays={
            **{f"attention_{name}": values for name, values in weights.items()},
            **{name: tokens.numpy() for name, tokens in opened.run.inputs.tokens.items()},
            "positions_metres": np.asarray(opened.electrodes.positions),
        },
        labels={"de": opened.names, "psd": opened.names},
        manifest={
            **{f"output_{name}": value for name, value in opened.run.outputs.items()},
            "bands": "; ".join(banded(opened, i) for i in range(len(opened.bands))),
            "axes_of_attention": "band, asking electrode, answering electrode",
        },
    )
