"""From a session and a kind of figure to the figure, with the recipe inside by which it is drawn again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from xviz import record
from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run
from xviz.core.tokens import Boxes, Electrodes, Pieces, Segments
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.figures.figure import Figure
from xviz.figures.look import Look, drawn_in
from xviz.figures.style import Preset
from xviz.plates import any as whichever
from xviz.plates import eeg, pair, rooms, views
from xviz.plates.plate import Ask, Plate, Shown, asker

DRAWN_BY = ("matplotlib", "pillow", "scipy")  #: packages, beside those in the provenance, that make a figure's bytes


def kinds(run: Run, ours: bool = True) -> Mapping[str, Plate]:
    """The figures that a run can have, by name; those of its kind of tokens first.

    Args:
        run: Of any model.
        ours: Whether the model ships with xviz, whose figures may read its card.
    """
    spaces = {type(space) for space in run.spaces.values()}
    own: tuple[Plate, ...] = ()
    if ours and {Boxes, Pieces} <= spaces:
        own = pair.PLATES
    elif ours and Electrodes in spaces:
        own = eeg.PLATES
    elif ours and Segments in spaces:
        own = rooms.PLATES
    elif ours and Cells in spaces:
        own = views.PLATES
    return {plate.key: plate for plate in (*own, *whichever.PLATES)}


def draw(
    session: Session,
    explanations: Sequence[Explanation],
    preset: Preset,
    credit: str,
    *,
    kind: str | None = None,
    options: Mapping[str, Any] | None = None,
    ask: Ask | None = None,
    look: Look | None = None,
    known: dict[str, Any] | None = None,
) -> Figure:
    """A figure of a session.

    Args:
        session: A run with its sample and model.
        explanations: What is shown, in order.
        preset: The venue's sizes.
        credit: Origin and licence of the sample, for the caption.
        kind: A key of ``kinds``; the first that fits the number of explanations where None.
        options: Of the figure, plain JSON: ``call`` and ``head``, the ``camera`` of a room, …
        ask: Answers what the figure needs beyond the explanations; computes it where None.
        look: In which it is drawn; that of ``figures.look.drawn_in`` around this call, or the usual one, where None.
        known: What options name and was computed before, such as the scores of voxels; grows.

    Raises:
        ModelError: there is no such figure of this model, or the explanations do not fit it.
    """
    plate = chosen(session, kind, len(explanations))
    with drawn_in(look) as drawn:
        preset = preset.dressed(drawn.look)
        subject = Shown(
            session, tuple(explanations), preset, credit, ask or asker(session), dict(options or {}),
            {} if known is None else known,
        )  # fmt: skip
        absent = record.absence(session.model.card, session.run.outputs) if session.model.ours else None
        facts = [caution.fact for caution in session.run.inputs.cautions]
        drawn.remarks = (*(() if absent is None else absent[:1]), *facts)
        chosen_look, figure = drawn.look, plate.draw(subject)
        panels = tuple(letter for letter in dict.fromkeys(chosen_look.panels) if letter in drawn.titles)
        if chosen_look.limits == "shared" or panels != chosen_look.panels:
            # drawn once to know how far all panels reach, and which of those that were chosen it has
            drawn.pooled, drawn.look = dict(drawn.scales), replace(chosen_look, panels=panels)
            figure = plate.draw(subject)
            drawn.look = chosen_look
        return replace(figure, recipe=_recipe(subject, plate.key, chosen_look))


def chosen(session: Session, kind: str | None, count: int) -> Plate:
    """The figure of a name, or the usual one.

    Args:
        session: Whose figure it is.
        kind: A key of ``kinds``.
        count: How many explanations it shows.

    Raises:
        ModelError: there is no such figure of this model.
    """
    offered = kinds(session.run, session.model.ours)
    kind = kind or usual(list(offered), count)
    if kind not in offered:
        have = ", ".join(f"{key} ({plate.title})" for key, plate in offered.items())
        raise ModelError(f"{session.model.spec.title} has no figure “{kind}”; it has {have}.")
    return offered[kind]


def usual(offered: Sequence[str], count: int) -> str:
    """The figure that is drawn where none is named.

    Args:
        offered: Keys of ``kinds``.
        count: Of the explanations that are asked for; 0 where the figure chooses its own.
    """
    if "match" in offered:
        return "match" if count < 2 else "methods"
    return offered[0]


def _recipe(subject: Shown, kind: str, look: Look) -> dict[str, Any]:
    """What the figure was drawn of, and digests of every number, as plain JSON."""
    return {
        "figure": kind,
        "venue": subject.preset.key,
        "credit": subject.credit,
        "questions": [Question.behind(explanation).record() for explanation in subject.explanations],
        "options": dict(subject.options),
        "outputs": dict(subject.run.outputs),
        "scores": [numbers(explanation) for explanation in subject.explanations],
        "versions": {name: version(name) for name in DRAWN_BY},
        **({"look": look.record()} if look != Look() else {}),
        **({"source": subject.session.model.source} if subject.session.model.source else {}),
    }


def numbers(explanation: Explanation) -> dict[str, dict[str, object]]:
    """Space → digest, sum, least and greatest of its scores, by which they are told from others."""
    return {
        name: {
            "sha256": hashlib.sha256(scores.tobytes()).hexdigest(),
            "sum": float(scores.sum()),
            "least": float(scores.min(initial=0.0)),
            "most": float(scores.max(initial=0.0)),
        }
        for name, scores in explanation.scores.items()
    }
