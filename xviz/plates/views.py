"""Figures of a sound or a picture in several views, under methods or as the attention of one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.sample import Sample, Sound
from xviz.core.tokens import leaves
from xviz.data.shipped import ShippedSample, sample
from xviz.drawings.plane import Plane, blocks, outlines
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.figures.figure import Figure
from xviz.figures.recipes import Background, views_figure
from xviz.models.card import ModelCard
from xviz.models.mel import Mel, clip, spectrogram
from xviz.models.mmvit_cards import seen
from xviz.plates.plate import Plate, Shown

HERTZ = (50, 100, 200, 300, 500, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 20000)
SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  #: between ticks
LARGEST = 448  #: pixels of a side of a picture as it is drawn
DENSITY = "times an even spread"
DEFAULTS = ("look", "rollout", "relevance", "integrated", "gradcam")
#: titles over narrow panels, where the method's own would be cut
SHORT = {"relevance": "Gradient-weighted", "received": "Received"}


def plane(card: ModelCard, sample_: Sample) -> Plane:
    """The spectrogram or the picture that the model is fed, with ticks where it has axes."""
    return _sound_plane(card, sample_) if card.settings.part == "sound" else _picture_plane(card, sample_)


def _sound_plane(card: ModelCard, sample_: Sample) -> Plane:
    """Light where it is loud, with ticks in seconds and hertz."""
    definition, sound = Mel.of(card.settings), sample_.part("sound", Sound)
    signal, _ = clip(sound, definition)
    decibels = spectrogram(torch.from_numpy(signal)[None], definition)[0].numpy()
    step = next((s for s in SECONDS if definition.seconds / s <= 9), SECONDS[-1])
    first = np.ceil(sound.start / step - 1e-9) * step + 0.0
    seconds = np.arange(first, sound.start + definition.seconds + 1e-6, step) + 0.0  # no minus before a zero
    hertz = [(1 - definition.band(f) / definition.bands, f"{f:,}") for f in HERTZ]
    return Plane(
        blocks(decibels[::-1] / definition.floor + 1),
        (definition.bands, definition.frames),
        tuple(
            (float((s - sound.start) / definition.seconds), f"{s + 0.0:.{2 if step < 0.1 else 1}f}") for s in seconds
        ),
        tuple((share, text) for share, text in hertz if 0 <= share <= 1),
        ("time (s)", "frequency (Hz)"),
    )


def _picture_plane(card: ModelCard, sample_: Sample) -> Plane:
    """The picture at the model's size, its pixels enlarged to blocks."""
    tensor, _ = seen(sample_, card.settings)
    rows, columns = card.settings.input
    zoom = max(1, LARGEST // max(rows, columns))
    pixels = np.round((tensor.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
    return Plane(np.repeat(np.repeat(pixels, zoom, 0), zoom, 1), (rows, columns))


def truth(card: ModelCard, example: ShippedSample, output: str) -> NDArray[np.float64] | None:
    """(rows, columns) of the plane as drawn: how much of each value belongs to the class, where that is known."""
    if card.settings.part == "sound":
        extent = example.truth.places.get(output)
        return None if extent is None else Mel.of(card.settings).place(*extent)
    if (mask := example.mask(output)) is None:
        return None
    rows, columns = card.settings.input
    scaled = Image.fromarray(mask.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(scaled, np.float64)


def of_patches(explanation: Explanation) -> NDArray[np.float64]:
    """All scores but that of the class token, in one row."""
    return np.concatenate([values for name, values in explanation.scores.items() if name != "class"])


def spread(run: Run, explanation: Explanation) -> Explanation:
    """The same with every score as its density: its share of all magnitudes over its patch's share of the area.

    A method without preference has 1 everywhere, whatever its unit and however large its patches are.
    """
    cells = {name: run.space(name, Cells) for name in explanation.scores if name != "class"}
    areas = {name: (space.boxes[:, 2:] - space.boxes[:, :2]).prod(1) for name, space in cells.items()}
    area = sum(float(own.sum()) for own in areas.values())
    total = sum(float(np.abs(explanation.scores[name]).sum()) for name in cells) or 1.0
    scores = {name: explanation.scores[name] / total / (areas[name] / area) for name in cells}
    return replace(explanation, scores=scores, unit=DENSITY)


def limit(explanations: Sequence[Explanation]) -> float:
    """Where colours end if all methods share a scale: the most that 95 % of some method's patches stay below.

    A single patch of one method would otherwise leave all others dark; how many lie beyond is said under each.
    """
    quantiles = (float(np.quantile(np.abs(of_patches(each)), 0.95)) for each in explanations)
    return max(quantiles, default=0.0) or 1.0


def _background(shown: Shown, drawn: Sequence[Explanation], focus: tuple[Cells, int] | None = None) -> Background:
    """What all panels have; the place of the class where the sample is shipped with it."""
    card, known = shown.session.model.card, None
    flat = plane(card, shown.session.sample)
    sound = card.settings.part == "sound"
    name, output = shown.session.sample.origin.get("shipped"), str(shown.run.provenance.options["target"])
    if name is not None and (mask := truth(card, sample(str(name)), output)) is not None:
        known = flat.place(outlines(mask >= 0.5))
    spaces = {
        name: shown.run.space(name, Cells) for explanation in drawn for name in explanation.scores if name != "class"
    }
    pixels = 255 - flat.pixels if sound else flat.pixels  # on paper, silence is white
    return Background(
        pixels, spaces, (flat.x_ticks, flat.y_ticks), flat.names, focus, known, upright=not sound
    )  # fmt: skip


def _loud(shown: Shown) -> list[str]:
    """How to read the background, where it is a spectrogram."""
    sound = shown.session.model.card.settings.part == "sound"
    return ["Background: the spectrogram, the darker the louder."] if sound else []


def methods(shown: Shown) -> Figure:
    """Each explanation over every view, on one scale of densities where options have ``spread``.

    Raises:
        ModelError: there is no explanation.
    """
    notes, drawn = [], list(shown.explanations)
    if not drawn:
        raise ModelError("No method has been computed yet. Compute one under “Methods”, then save the figure.")
    if shown.options.get("spread"):
        drawn = [spread(shown.run, explanation) for explanation in drawn]
        notes = [
            "Scores are densities: a score's share of its method's total magnitude over its patch's share of "
            "the area; 1 is an even spread."
        ]
    short = {} if shown.session.model.card.settings.part == "sound" else SHORT
    titles = [short.get(explanation.method, title) for explanation, title in zip(drawn, shown.titles, strict=True)]
    return views_figure(
        _background(shown, drawn), drawn, titles=titles, limit=limit(drawn) if notes else None,
        notes=[*notes, *_loud(shown)],
        credit=shown.credit, preset=shown.preset,
    )  # fmt: skip


def attention(shown: Shown) -> Figure:
    """The keys of every view under the weights of one query, a patch or the class token."""
    own = shown.one()
    call, head = shown.call()
    heads = f"mean of {call.heads} heads" if head is None else f"head {head + 1}"
    focus = None
    if own.focus is not None and own.focus[0] != "class":
        focus = shown.run.space(own.focus[0], Cells), own.focus[1][0]
    return views_figure(
        _background(shown, [own], focus), [own], titles=shown.titles, credit=shown.credit, preset=shown.preset,
        notes=[f"{shown.title_of(call).title}, {heads}.", *_loud(shown)],
    )  # fmt: skip


def meets(run: Run, queries: str, keys: str) -> bool:
    """Whether views attend to each other in a call."""
    names = {leaf.base().name for s in (queries, keys) for leaf in leaves(run.spaces[s]) if isinstance(leaf, Cells)}
    return len(names - {"class"}) > 1


def _methods_questions(session: Session, output: str) -> Sequence[Question]:
    of_class = Target(output, "class", (0,))
    return [Question(key, of_class if key == "look" else Target(output)) for key in DEFAULTS]


def _attention_questions(session: Session, output: str) -> Sequence[Question]:
    run = session.run
    call = next((call for call in run.calls if meets(run, call.queries, call.keys)), run.calls[0])
    asking = list(leaves(run.spaces[call.queries]))
    own = next((leaf for leaf in asking if leaf.name == "class"), None)
    space, token = (own, 0) if own is not None else (asking[0], len(asking[0]) // 2)
    return [Question("look", Target(output, space.name, (token,)), call.name)]


PLATES = (
    Plate("methods", "Methods, view by view", methods, _methods_questions),
    Plate("attention", "Attention from the picked patch, view by view", attention, _attention_questions),
)
