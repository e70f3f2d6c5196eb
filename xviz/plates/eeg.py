"""Figures of an EEG recording: one head with its matrix, and topographies of all bands in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.run import Run, Target
from xviz.core.sample import BIOSEMI32
from xviz.core.tokens import Electrodes
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.figures.figure import Figure
from xviz.figures.head import Scalp
from xviz.figures.heads import heads_figure, row_figure
from xviz.models.mca_features import Band
from xviz.plates.plate import Plate, Shown, weigh

PARTNERS = 5  #: lines from the picked electrode
MEAN = "mean of the bands"
Links = list[tuple[int, int, float]]  #: from, to, weight


def named(band: Band) -> str:
    """A band with its frequencies, those of both features where they differ."""
    de, psd = (f"{low:g}–{high:g} Hz" for low, high in (band.de, band.psd))
    return f"{band.name}, {de}" if de == psd else f"{band.name}, DE {de}, PSD {psd}"


def partners(weights: NDArray[np.float64], picked: int | None) -> Links:
    """Lines from the picked electrode to those that it attends to most; none where nothing is picked."""
    if picked is None:
        return []
    row = weights[picked]
    strongest = [int(i) for i in np.argsort(-row) if i != picked][:PARTNERS]
    return [(picked, i, float(row[i])) for i in strongest]


def given(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, electrode, electrode) rows of queries → (…, electrode) the weight that each gives to all others."""
    return 1 - np.diagonal(weights, axis1=-2, axis2=-1)


def given_limits(to_others: NDArray[np.float64], absent: Sequence[int]) -> tuple[float, float]:
    """From the tenth below the least that a present electrode gives, up to one: most give nearly all."""
    least = np.delete(to_others, absent, axis=-1).min()
    return min(0.9, float(np.floor(10 * least)) / 10), 1.0


def _bands(session: Session) -> Sequence[Band]:
    return session.model.card.settings.plan.bands


def absent(run: Run, space: str) -> tuple[int, ...]:
    """The electrodes that the model is not shown: hidden ones, and those that say nothing."""
    return tuple(int(i) for i in (~run.inputs.present[space]).nonzero().flatten())


def _scalp(shown: Shown, electrodes: Electrodes) -> Scalp:
    names = electrodes.names
    montage = (
        "10–20 system, 32 electrodes in DEAP's order" if names == BIOSEMI32 else f"{len(names)} channels as recorded"
    )
    return Scalp(electrodes, montage, absent(shown.run, electrodes.name), shown.credit)


def row(shown: Shown) -> Figure:
    """One feature's electrodes on the head, with the attention in which they answer.

    Raises:
        ModelError: the method scores no electrodes there.
    """
    own, run = shown.one(), shown.run
    asking = None if own.focus is None else own.focus[0]
    named_call = own.provenance.options.get("call")
    fitting = [call for call in run.calls if call.name == named_call]
    fitting = fitting or [call for call in run.calls if call.queries == asking] or [run.calls[0]]
    call, head = shown.call(lambda call_: call_ is fitting[0])
    electrodes = run.spaces[call.keys]
    if not isinstance(electrodes, Electrodes) or electrodes.name not in own.scores:
        title = shown.titles[0]
        raise ModelError(f"{title} scores no electrodes of “{call.keys}”; draw another method.")
    weights = weigh(call, head)
    return row_figure(
        _scalp(shown, electrodes), replace(own, scores={electrodes.name: own.scores[electrodes.name]}), weights,
        direction=shown.title_of(call).direction, band=MEAN if head is None else named(_bands(shown.session)[head]),
        links=partners(weights, None if own.focus is None else int(own.focus[1][0])), preset=shown.preset,
    )  # fmt: skip


def _hertz(session: Session) -> list[str]:
    return [f"{band.name}\n{'–'.join(f'{edge:g}' for edge in band.psd)} Hz" for band in _bands(session)]


def _any(run: Run) -> Electrodes:
    return [space for space in run.spaces.values() if isinstance(space, Electrodes)][-1]


def received(shown: Shown) -> Figure:
    """All bands and both directions: the attention received."""
    run, output = shown.run, str(shown.run.provenance.options["target"])
    tables = {
        shown.title_of(call).direction: np.stack(
            [
                shown.ask(Question("received", Target(output), call.name, band)).scores[call.keys]
                for band in range(call.heads)
            ],
            1,
        )
        for call in run.calls
    }
    return heads_figure(
        _scalp(shown, _any(run)), tables, _hertz(shown.session), run.provenance, preset=shown.preset
    )  # fmt: skip


def to_others(shown: Shown) -> Figure:
    """All bands and both directions: the attention that each electrode gives to others."""
    run = shown.run
    tables = {shown.title_of(call).direction: given(call.rows().double().numpy()) for call in run.calls}
    return heads_figure(
        _scalp(shown, _any(run)), {words: values.T for words, values in tables.items()}, _hertz(shown.session),
        run.provenance, what="Attention that each electrode gives to all others", unit="weight given to others",
        limits=given_limits(np.concatenate([*tables.values()]), absent(run, _any(run).name)), preset=shown.preset,
    )  # fmt: skip


def _questions(session: Session, output: str) -> Sequence[Question]:
    call = session.run.calls[0]
    return [Question("received", Target(output), call.name, min(2, call.heads - 1))]


PLATES = (
    Plate("row", "Head and matrix of a band", row, _questions),
    Plate("heads", "Received: all bands, both directions", received, lambda session, output: [], own=True),
    Plate("given", "Given to others: all bands, both directions", to_others, lambda session, output: [], own=True),
)
