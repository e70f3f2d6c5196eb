"""From a session and its explanations to the figure that their kind of tokens has; ``xviz.figure`` calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.sample import Photos, Picture, PointCloud, Sound
from xviz.core.tokens import Boxes, Electrodes, Joined, PatchGrid, Pieces, Segments, leaves
from xviz.engine import Session
from xviz.explain import METHODS, explain
from xviz.explain.faithfulness import agreement
from xviz.explain.links import strongest
from xviz.figures.figure import Figure
from xviz.figures.head import Scalp
from xviz.figures.heads import row_figure
from xviz.figures.recipes import Pair, Room, match_figure, methods_figure, room_figure, views_figure
from xviz.figures.scanned import Overlay
from xviz.figures.style import Preset
from xviz.figures.tokens import Shown, tokens_figure
from xviz.figures.views import Background
from xviz.geometry.thinning import thin
from xviz.models.mel import Mel, clip, spectrogram
from xviz.models.mmvit_cards import seen
from xviz.models.photos import Frame

MOST = 60_000  #: points of a cloud that are drawn
LINKS = 5
Ticks = tuple[tuple[tuple[float, str], ...], tuple[tuple[float, str], ...]]
NO_TICKS: Ticks = ((), ())


def draw(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """The figure of a session.

    Raises:
        ModelError: nothing of this kind can be drawn.
    """
    if not session.model.ours:
        return _tokens(session, explanations, preset, credit)
    kinds = {type(space) for space in session.run.spaces.values()}
    if {Boxes, Pieces} <= kinds:
        return (_match if len(explanations) == 1 else _methods)(session, explanations, preset, credit)
    if Electrodes in kinds:
        return _head(session, explanations, preset, credit)
    if Segments in kinds:
        return _room(session, explanations, preset, credit)
    if Cells in kinds:
        return _views(session, explanations, preset, credit)
    return _tokens(session, explanations, preset, credit)


def _tokens(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """The tokens of all spaces of a model that is not ours, each in the form of its type."""
    source = Source(session.sample, session.run.inputs)
    spaces = {leaf.name: leaf for space in session.run.spaces.values() for leaf in leaves(space)}
    forms = {name: form(space, source) for name, space in spaces.items()}
    return tokens_figure(Shown(forms, credit), explanations, focus=_picked(forms, explanations[0]), preset=preset)


def _picked(forms: Mapping[str, Form], explanation: Explanation) -> str:
    """The picked token in words; "" without one."""
    if explanation.focus is None:
        return ""
    space, tokens = explanation.focus
    return f"{space}: {forms[space].labels[forms[space].thing(tokens[0])]}"


def _one(explanations: Sequence[Explanation]) -> Explanation:
    """The only explanation.

    Raises:
        ModelError: there are more.
    """
    if len(explanations) > 1:
        raise ModelError(f"This figure shows one explanation; got {len(explanations)}. Draw one figure for each.")
    return explanations[0]


def _pair(session: Session, credit: str) -> tuple[Pair, str, str]:
    """The picture with the sentence, and the names of their spaces."""
    spaces = session.run.spaces
    regions = next(space for space in spaces.values() if isinstance(space, Boxes))
    pieces = next(space for space in spaces.values() if isinstance(space, Pieces))
    picture = session.sample.part("picture", Picture)
    return Pair(picture.pixels, regions, pieces, credit), regions.name, pieces.name


def _match(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """The view of a word, that of a region, and the joint attention; the missing one is that of the strongest token.

    Raises:
        ModelError: no token is picked.
    """
    own = explanations[0]
    pair, regions, pieces = _pair(session, credit)
    if own.focus is None or not {regions, pieces} <= set(own.scores):
        raise ModelError(
            "This figure needs the view of a word or a region, by a method that scores both, or two methods. "
            "Pick a token (picked=…), or give two explanations."
        )
    picked: tuple[str, int | tuple[int, ...]]
    if own.focus[0] == pieces:
        picked = (regions, int(np.argmax(own.scores[regions])))
    else:
        picked = (pieces, pair.text.of(int(np.argmax(pair.words(own)))))
    other = explain(session, own.method, picked=picked, output=session.run.target)
    by_word, by_region = (own, other) if own.focus[0] == pieces else (other, own)
    calls = [call for call in session.run.calls if isinstance(session.run.spaces[call.queries], Joined)]
    call = calls[-1]
    joint = session.run.space(call.queries, Joined)
    return match_figure(
        pair, by_word=by_word, by_region=by_region, weights=call.rows().double().mean(0).numpy(), joint=joint,
        layer=f"layer {len(calls)}, mean of {call.heads} heads", preset=preset,
    )  # fmt: skip


def _methods(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """Several methods on the same picture and sentence."""
    pair, regions, pieces = _pair(session, credit)
    if lacking := [
        explanation.method for explanation in explanations if not {regions, pieces} <= set(explanation.scores)
    ]:
        raise ModelError(f"Only methods that score regions and words are compared; {', '.join(lacking)} does not.")
    table = np.eye(len(explanations))
    for row, explanation in enumerate(explanations):
        for column, other in enumerate(explanations[:row]):
            rank = agreement(explanation, other, regions).spearman
            table[row, column] = table[column, row] = np.nan if rank is None else rank
    titles = [METHODS[explanation.method].title for explanation in explanations]
    return methods_figure(
        pair, explanations, titles=titles, agreement=table, agreement_name="rank correlation on regions", preset=preset
    )


def _head(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """One feature's electrodes on the head, with the attention in which they answer."""
    own, run = _one(explanations), session.run
    asking = None if own.focus is None else own.focus[0]
    named = [call for call in run.calls if call.name == own.provenance.options.get("call")]
    calls = named or [call for call in run.calls if call.queries == asking] or [run.calls[0]]
    electrodes = run.spaces[calls[0].keys]
    if not isinstance(electrodes, Electrodes) or electrodes.name not in own.scores:
        raise ModelError(f"{METHODS[own.method].title} scores no electrodes of “{calls[0].keys}”; draw another method.")
    absent = tuple(int(i) for i in (~run.inputs.present[electrodes.name]).nonzero().flatten())
    scalp = Scalp(electrodes, f"{len(electrodes)} electrodes", absent, credit)
    weights = calls[0].rows().double().mean(0).numpy()
    picked = None if own.focus is None else int(own.focus[1][0])
    partners = [] if picked is None else [int(i) for i in np.argsort(-weights[picked]) if i != picked][:LINKS]
    return row_figure(
        scalp, replace(own, scores={electrodes.name: own.scores[electrodes.name]}), weights,
        direction=f"{calls[0].queries.upper()} to {calls[0].keys.upper()}", band=f"mean of {calls[0].heads} bands",
        links=[(picked or 0, i, float(weights[picked or 0, i])) for i in partners], preset=preset,
    )  # fmt: skip


def _views(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """Each explanation over every view of the picture or spectrogram."""
    spaces = {name: space for name, space in session.run.spaces.items() if isinstance(space, Cells)}
    focus = explanations[0].focus
    marked = (spaces[focus[0]], focus[1][0]) if focus is not None and focus[0] in spaces else None
    sound = session.sample.parts.get("sound")
    titles = [METHODS[explanation.method].title for explanation in explanations]
    if isinstance(sound, Sound):
        pixels, ticks, names = _spectrogram(session, sound)
    else:
        pixels, ticks, names = _seen(session), NO_TICKS, ("", "")
    background = Background(pixels, spaces, ticks, names, focus=marked, upright=not isinstance(sound, Sound))
    return views_figure(background, explanations, titles=titles, credit=credit, preset=preset)


def _spectrogram(session: Session, sound: Sound) -> tuple[NDArray[np.uint8], Ticks, tuple[str, str]]:
    """What the model is fed, light where it is loud, with ticks in seconds and hertz."""
    definition = Mel.of(session.model.card.settings)
    signal, _ = clip(sound, definition)
    loud = spectrogram(torch.from_numpy(signal)[None], definition)[0].numpy()[::-1] / definition.floor + 1
    pixels = np.repeat((loud.clip(0, 1) * 255).round().astype(np.uint8)[..., None], 3, 2)
    seconds = np.linspace(0, definition.seconds, 6)
    across = tuple((float(s / definition.seconds), f"{sound.start + s:.1f}") for s in seconds)
    places = [(1 - definition.band(f) / definition.bands, f"{f:,}") for f in (100, 500, 1000, 2000, 4000, 8000)]
    return pixels, (across, tuple((at, text) for at, text in places if 0 <= at <= 1)), ("time (s)", "frequency (Hz)")


def _seen(session: Session) -> NDArray[np.uint8]:
    """The picture at the model's size."""
    picture = seen(session.sample, session.model.card.settings)[0].permute(1, 2, 0).numpy()
    return np.round((picture + 1) * 127.5).astype(np.uint8)


def _room(session: Session, explanations: Sequence[Explanation], preset: Preset, credit: str) -> Figure:
    """A cloud with its photos, and links from a picked token."""
    own, spaces = _one(explanations), session.run.spaces
    segments = next(space for space in spaces.values() if isinstance(space, Segments))
    patches = next(space for space in spaces.values() if isinstance(space, PatchGrid))
    cloud, views = session.sample.part("points", PointCloud), session.sample.part("views", Photos)
    kept = thin(cloud.xyz, MOST, segments.of_point).kept
    room = Room(
        cloud.xyz[kept],
        None if cloud.rgb is None else cloud.rgb[kept],
        Segments(segments.name, segments.of_point[kept], segments.middles),
        views.images,
        PatchGrid(patches.name, views.names, patches.grid),
        np.array([Frame(image.shape[:2], patches.grid).edges for image in views.images]),
        credit,
    )
    return room_figure(
        room, own, titles=("Cloud", "Photos"), overlay=Overlay(links=strongest(own, LINKS)),
        notes=[f"{METHODS[own.method].title}."], preset=preset,
    )  # fmt: skip
