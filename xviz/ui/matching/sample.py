"""A picture and a sentence on the screen: what the visitor brings, and how it scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.provenance import digest
from xviz.core.run import Run, Target
from xviz.core.sample import Part, Picture, Regions, Sample
from xviz.core.tokens import Boxes, Pieces
from xviz.data.regions import read_regions
from xviz.data.shipped import ShippedSample, samples
from xviz.data.text import read_text
from xviz.models import regions
from xviz.models.boxes import find_boxes
from xviz.models.card import ModelCard
from xviz.ui import cache, memory, net, page, records, state, uploads
from xviz.ui.state import Choices, Selection


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened(records.Opened):
    """A picture and a sentence."""

    original: Sample  #: as first opened, for comparison
    before: Run  #: the original's run

    @property
    def regions(self) -> Boxes:
        """The boxes of the picture that the model reads as tokens."""
        return self.run.space("regions", Boxes)

    @property
    def pieces(self) -> Pieces:
        """The word pieces."""
        return self.run.space("pieces", Pieces)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, read-only, so that it is encoded once; grey where only its regions are known."""
        picture = self.sample.parts.get("picture")
        grey = np.full((*self.regions.size, 3), 200, np.uint8)
        pixels = (picture.pixels if isinstance(picture, Picture) else grey).view()
        pixels.flags.writeable = False
        return pixels

    @property
    def region_names(self) -> list[str]:
        """A short name for every region."""
        return [f"region {i + 1}" for i in range(len(self.regions))]

    @property
    def edited(self) -> bool:
        """Whether anything differs from the original."""
        return self.run.provenance.sample_digest != self.before.provenance.sample_digest or bool(self.choices.masked)

    def selection(self) -> Selection | None:
        """The selected token; at the start the longest word, as an example, until the visitor clears it."""
        selection = self.choices.selection
        if selection is not None and selection.space in ("word", "region"):
            pieces = self.pieces.of(selection.token) if selection.space == "word" else ()
            fits = bool(pieces) if selection.space == "word" else selection.token < len(self.regions)
            return (
                selection
                if fits and not (selection.space == "region" and selection.token in self.choices.masked)
                else None
            )
        return None if self.choices.cleared else self.example()

    def example(self) -> Selection:
        """The longest word that the model reads."""
        read = [i for i in range(len(self.pieces.words)) if self.pieces.of(i)]
        return Selection("word", max(read, key=lambda i: len(self.pieces.words[i])))

    def target(self, selection: Selection | None = None) -> Target:
        """What is explained: the score, or what it owes to the selected token."""
        if selection is None:
            return Target(self.output)
        if selection.space == "region":
            return Target(self.output, "regions", (selection.token,))
        return Target(self.output, "pieces", self.pieces.of(selection.token))

    def called(self, selection: Selection | None) -> str:
        """The selected token in words."""
        if selection is None:
            return "the score"
        if selection.space == "region":
            return f"region {selection.token + 1}"
        return f"“{self.pieces.words[selection.token]}”"


# Choosing


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the visitor brings."""

    choices: Choices
    sample: Sample
    original: Sample  #: as first opened, for comparison


def choose(card: ModelCard) -> Chosen | None:
    """The sample, with its sentence as edited; None while an own picture has no sentence.

    Raises:
        SampleError: what was given cannot be used.
    """
    choices = Choices(card.key)
    with st.sidebar:
        st.header("Sample")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox(
            "Example",
            list(titles),
            key="sample",
            bind="query-params",
            on_change=_fresh_sentence,
            args=(titles,),
        )
        chosen = titles[title]
        own_picture = uploads.single(
            "match.picture",
            "Your own picture",
            megabytes=60,
            help_text=f"{page.PICTURES} {page.KEPT}",
            on_change=_own_sentence,
        )
        with st.expander("Your own regions (.npz)"):
            st.caption(
                "Arrays `boxes` (n × 4: x0, y0, x1, y1 in pixels) and `features` (n × d), such as SCAN’s bottom-up "
                "attention features. If d is not what the model reads, features are computed from the picture."
            )
            boxes = uploads.single(
                "match.regions", "Regions", megabytes=20, help_text="Boxes and features in one file.",
                on_change=_own_sentence,
            )  # fmt: skip
        if own_picture is None:
            st.caption(f"{chosen.kind.capitalize()}. {page.plain(chosen.credit)}")
    sentence = st.text_input(
        "Sentence",
        value=chosen.sentences[0],
        key="sentence",
        bind="query-params",
        max_chars=2000,
        help="Edit it: scores follow, with the change from the original sentence.",
    )
    if own_picture is None and boxes is None:
        return Chosen(choices, chosen.load(sentence), chosen.load())
    parts = _parts(card, own_picture, boxes)
    if not sentence.strip():
        st.info("Type a sentence about your picture, and its score appears.", icon=":material/edit:")
        if (picture := parts.get("picture")) is not None:
            st.image(picture.pixels, width=420)
        return None
    whose = digest(*(own_picture or ("", b""))), digest(*(boxes or ("", b"")))
    sample = _own(*whose, sentence, parts, own_picture, boxes)
    first = str(choices.recall(f"first {seen(sample)}", sentence))
    choices.remember(f"first {seen(sample)}", first)
    return Chosen(choices, sample, _own(*whose, first, parts, own_picture, boxes))


def _own_sentence() -> None:
    """An own picture takes the shipped sentence away; without one, the example has its own again."""
    shipped = {shipped.title: shipped for shipped in samples("mmca")}
    sentence = str(state.widget("sentence", "")).strip()
    if any(state.widget(key) is not None for key in ("match.picture", "match.regions")):
        if any(sentence in sample_.sentences for sample_ in shipped.values()):
            state.set_widget("sentence", "")
    elif not sentence:
        _fresh_sentence(shipped)


def _fresh_sentence(titles: dict[str, ShippedSample]) -> None:
    state.set_widget("sentence", titles[str(state.widget("sample"))].sentences[0])


def seen(sample: Sample) -> str:
    """What tells one picture from another, whatever the sentence."""
    return _seen(sample.digest, sample)


@memory.kept()
def _seen(digest: str, _sample: Sample) -> str:
    return Sample("picture", {name: part for name, part in _sample.parts.items() if name != "text"}).digest


def _parts(card: ModelCard, own_picture: tuple[str, bytes] | None, boxes: tuple[str, bytes] | None) -> dict[str, Part]:
    """The visitor's own picture, or own regions, or both.

    Raises:
        SampleError: they cannot be used.
    """
    own: dict[str, Part] = {}
    if boxes is not None:
        with net.reading(boxes[0]):
            own["regions"] = read_regions(boxes[1])
    if own_picture is not None:
        picture = own["picture"] = uploads.picture(*own_picture)
        if boxes is None:
            own["regions"] = _encoded(digest(*own_picture), card.settings.regions, picture)
    return own


@memory.kept()
def _own(
    picture: str, regions: str, sentence: str, _parts: dict[str, Part], _own_picture: tuple[str, bytes] | None,
    _boxes: tuple[str, bytes] | None,
) -> Sample:  # fmt: skip
    """The same with a sentence.

    Raises:
        SampleError: the sentence cannot be read.
    """
    name = _own_picture[0] if _own_picture is not None else _boxes[0] if _boxes is not None else ""
    files = {part: file[0] for part, file in (("picture", _own_picture), ("regions", _boxes)) if file is not None}
    origin: dict[str, Any] = {"parts": files, "texts": {"text": sentence}}
    if _boxes is None:
        origin["regions"] = len(_parts["regions"].boxes)
    return Sample(name, {**_parts, "text": read_text(sentence)}, source="the visitor's own", origin=origin)


@memory.kept("Finding and encoding regions …", turn=True)
def _encoded(digest: str, count: int, _picture: Picture) -> Regions:
    """Boxes and features of a picture, so that editing the sentence does not encode it again."""
    boxes = find_boxes(_picture.pixels, count=count)
    return Regions(boxes, regions.encode(_picture.pixels, boxes).numpy())


# Score


def score(card: ModelCard, chosen: Chosen) -> Opened:
    """Run the model and show the score, its two parts, and the weight of the second."""
    columns = st.columns([1, 1, 1, 1.4], vertical_alignment="top")
    alpha = columns[3].slider(
        "Weight α",
        0.0,
        3.0,
        float(card.settings.alpha),
        0.05,
        key="alpha",
        bind="query-params",
        help="Score = self-attention term + α × cross-attention term. Trained with α = 1; 0.3 was chosen on "
        "validation scenes.",
    )
    chosen.choices.start(seen(chosen.sample))
    before = cache.run(card.key, chosen.original, alpha=alpha)
    masked = tuple(region for region in chosen.choices.masked if region < len(before.spaces["regions"]))
    run = cache.run(card.key, chosen.sample, gone=(("regions", masked),), alpha=alpha)
    opened = Opened(
        card=card, choices=chosen.choices, sample=chosen.sample, original=chosen.original, run=run, before=before,
        output=card.target,
    )  # fmt: skip
    metrics = (
        ("Score", "score", "i0 · c0 + α i1 · c1, higher for a better match"),
        ("Self-attention term", "alone", "i0 · c0: picture and sentence encoded separately; −1 to 1"),
        ("Cross-attention term", "joint", "i1 · c1: after joint attention over regions and words; −1 to 1"),
    )
    for column, (label, name, meaning) in zip(columns, metrics, strict=False):
        change = f"{run.outputs[name] - before.outputs[name]:+.3f}" if opened.edited else None
        against = "from the original" if opened.edited else None
        value = f"{run.outputs[name]:.3f}".replace("-", "−")
        column.metric(label, value, change, help=meaning, delta_description=against)
    return opened
