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
from xviz.ui import cache
from xviz.ui.eeg.explore import DIRECTIONS, PARTNERS, Looked, banded, given, given_limits
from xviz.ui.eeg.sample import Recording
from xviz.ui.matching import export

KINDS = {
    "row": "Head and matrix of this band",
    "heads": "Received: all bands, both directions",
    "given": "Given away: all bands, both directions",
}


def show(made: Recording, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, take it."""
    export.take(
        "eeg",
        f"xviz-{made.card.key}-{made.sample.name}",
        KINDS,
        lambda kind, preset: figure(made, looked, kind, preset),
        lambda kind, preset: zipped(made, looked, kind, preset),
    )


def scalp(made: Recording) -> Scalp:
    """The electrodes, with the montage named."""
    names = made.names
    montage = "10–20 system, 32 electrodes in DEAP's order" if names == BIOSEMI32 else f"{len(names)} electrodes"
    return Scalp(made.electrodes, montage, made.absent, made.sample.source)


def received(made: Recording, direction: str, band: int | None) -> Explanation:
    """The attention that electrodes receive."""
    return cache.explain(made.run, cache.Question("received", Target(made.output), direction, band))


def row(made: Recording, looked: Looked) -> Explanation:
    """What the left head of the page shows."""
    if looked.selection is None:
        return received(made, looked.call.name, looked.band)
    target = made.asking(looked.selection, looked.asking)
    return cache.explain(made.run, cache.Question("look", target, looked.call.name, looked.band))


def figure(made: Recording, looked: Looked, kind: str, preset: str) -> Figure:
    """The figure of a kind."""
    if kind in ("heads", "given"):
        return _heads(made, kind, preset)
    found, picked = row(made, looked), looked.selection
    links: list[tuple[int, int, float]] = []
    if picked is not None:
        weights = looked.weights[picked.token]
        best = [int(i) for i in np.argsort(-weights) if i != picked.token][:PARTNERS]
        links = [(picked.token, i, float(weights[i])) for i in best]
    return row_figure(
        scalp(made),
        found.scores[looked.answering],
        looked.weights,
        found.provenance,
        direction=DIRECTIONS[looked.call.name],
        band=banded(made, looked.band),
        unit=METHODS[found.method].unit,
        selected=None if picked is None else picked.token,
        links=links,
        preset=PRESETS[preset],
    )


def _heads(made: Recording, kind: str, preset: str) -> Figure:
    """All bands and both directions: the attention received, or given away."""
    hertz = [f"{b.name}\n{'–'.join(f'{edge:g}' for edge in b.psd)} Hz" for b in made.bands]
    origin, sized = made.run.provenance, PRESETS[preset]
    if kind == "given":
        away = {words: given(made.run.call(name).rows().double().numpy()) for name, words in DIRECTIONS.items()}
        return heads_figure(
            scalp(made), {words: values.T for words, values in away.items()}, hertz, origin,
            what="Attention that each electrode gives to all others when it asks", unit="weight given to others",
            limits=given_limits(made, np.concatenate([*away.values()])), preset=sized,
        )  # fmt: skip
    tables = {
        words: np.stack([received(made, name, b).scores[made.run.call(name).keys] for b in range(len(made.bands))], 1)
        for name, words in DIRECTIONS.items()
    }
    return heads_figure(scalp(made), tables, hertz, origin, preset=sized)


def zipped(made: Recording, looked: Looked, kind: str, preset: str) -> bytes:
    """The figure in all formats with the numbers behind it."""
    weights = {name: made.run.call(name).rows().double().numpy() for name in DIRECTIONS}
    found = [row(made, looked), *(e for e in looked.answers if e is not None)]
    return bundle(
        {kind: figure(made, looked, kind, preset)},
        list({(e.method, e.provenance.json()): e for e in found}.values()),
        arrays={
            **{f"attention_{name}": values for name, values in weights.items()},
            **{name: tokens.numpy() for name, tokens in made.run.inputs.tokens.items()},
            "positions_metres": np.asarray(made.electrodes.positions),
        },
        labels={"de": made.names, "psd": made.names},
        manifest={
            **{f"output_{name}": value for name, value in made.run.outputs.items()},
            "bands": "; ".join(banded(made, i) for i in range(len(made.bands))),
            "axes_of_attention": "band, asking electrode, answering electrode",
        },
    )
