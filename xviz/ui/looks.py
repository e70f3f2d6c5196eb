"""What may be chosen of a figure: the widgets of the studio, and the look that they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from xviz.core.errors import XvizError
from xviz.draw.scale import DIVERGING, SEQUENTIAL, number
from xviz.figures.look import BACKGROUNDS, LAYOUTS, LIMITS, RANGES, Drawn, Look, families
from xviz.figures.style import Preset
from xviz.ui.state import Steps

BLOCKS = {None: "Limits as the figure has them", True: "Each on its own limits", False: "All on one scale"}
TITLES = 12  #: panels whose titles can be edited
TYPED = "typed limits of "
TITLE = "title of "
RANGE = {name: (low, high) for name, low, high in RANGES}


@dataclass(frozen=True)
class Studio:
    """The studio of one kind of figure on a page."""

    prefix: str  #: of the page's keys
    kind: str

    @property
    def steps(self) -> Steps:
        """Looks as JSON, the one that holds last."""
        return Steps(f"{self.prefix}.studio.{self.kind}.")

    def last(self) -> Look:
        """What was chosen last."""
        return Look.parse(self.steps.all[-1])

    def look(self) -> Look:
        """What is chosen now: in widgets where they are on the screen, else what was chosen last.

        Raises:
            XvizError: a widget says what cannot be drawn.
        """
        widgets = self.steps.widgets()
        return _look(self.last(), widgets) if widgets else self.last()

    def set(self, look: Look) -> None:
        """Put a look in force; widgets are made anew from it."""
        self.steps.keep(look.record())
        self.steps.forget()

    def undo(self) -> None:
        """Back by one step; from what cannot be drawn to what was chosen last."""
        try:
            self.steps.keep(self.look().record())
            self.steps.back()
        except XvizError:
            pass
        self.steps.forget()

    def reset(self) -> None:
        """As figures are drawn without a choice."""
        self.set(Look())

    def widget(self, make: Callable[..., Any], name: str, label: str, value: Any, **options: Any) -> None:
        """One widget, which begins with a value of the look."""
        make(label, key=self.steps.begin(name, value), **options)


def _look(chosen: Look, widgets: Mapping[str, Any]) -> Look:
    """A look out of the values of widgets; what has no widget on the screen stays as it was."""
    own = {setting.name for setting in fields(Look)} - {"titles", "typed", "names", "panels", "overlay", "labels"}
    record = {**chosen.record(), **{name: value for name, value in widgets.items() if name in own}}
    if "overlay" in widgets:
        record["overlay"] = None if widgets["overlay"] is None else widgets["overlay"] / 100
    if "panels" in widgets:
        record["panels"] = tuple(widgets["panels"])
    if "labels" in widgets:
        record["labels"] = [label.strip() for label in str(widgets["labels"]).split(",") if label.strip()]
    if "names" in widgets:
        record["names"] = _names(str(widgets["names"]))
    titles = {name.removeprefix(TITLE): str(text) for name, text in widgets.items() if name.startswith(TITLE)}
    record["titles"] = {**{k: v for k, v in chosen.titles.items() if k not in titles}, **{
        letter: text for letter, text in titles.items() if text
    }}  # fmt: skip
    typed = dict(chosen.typed)
    for name in {name.removeprefix(TYPED)[:-4] for name in widgets if name.startswith(TYPED)}:
        ends = widgets.get(f"{TYPED}{name} low"), widgets.get(f"{TYPED}{name} top")
        if None not in ends:
            typed[name] = (float(ends[0]), float(ends[1]))
    return Look.parse({**record, "typed": typed})


def _names(text: str) -> dict[str, str]:
    """Lines “as drawn = own name” as a table."""
    lines = [line.partition("=") for line in text.splitlines()]
    return {old.strip(): new.strip() for old, sign, new in lines if sign and old.strip()}


def controls(studio: Studio, look: Look, drawn: Drawn, preset: Preset) -> None:
    """All that may be chosen, in tabs."""
    parts = (_panels, _colours, _marks, _text)
    for tab, draw in zip(st.tabs(["Panels", "Colours", "Marks and labels", "Text and page"]), parts, strict=True):
        with tab:
            draw(studio, look, drawn, preset)


def _panels(studio: Studio, look: Look, drawn: Drawn, preset: Preset) -> None:
    titles = drawn.titles
    left, right = st.columns(2)
    with left:
        studio.widget(
            st.multiselect, "panels", "Panels, in their order", [p for p in look.panels if p in titles],
            options=list(titles), format_func=lambda letter: f"{letter}: {titles[letter]}",
            placeholder="All, as drawn",
            help="Choose those that are shown, in the order in which they stand. None chosen: all of them.",
        )  # fmt: skip
        studio.widget(
            st.segmented_control, "layout", "Layout", look.layout, options=list(LAYOUTS), format_func=LAYOUTS.get,
            required=True,
        )  # fmt: skip
        studio.widget(st.toggle, "letters", "Letters", look.letters)
    letters = [letter for letter in look.panels if letter in titles] or list(titles)
    with right:
        for letter in letters[:TITLES]:
            own = look.titles.get(letter, "")
            studio.widget(st.text_input, TITLE + letter, f"Title of {letter}", own, placeholder=titles[letter])


def _colours(studio: Studio, look: Look, drawn: Drawn, preset: Preset) -> None:
    signed = {scale.diverging for scale in drawn.scales.values()}
    left, middle, right = st.columns(3)
    with left:
        if False in signed or not signed:
            studio.widget(
                st.selectbox, "sequential", "Colours", look.sequential, options=list(SEQUENTIAL),
                format_func=SEQUENTIAL.get, help="Perceptually uniform: equal steps of a score look equally large.",
            )  # fmt: skip
        if True in signed:
            studio.widget(
                st.selectbox, "diverging", "Colours of signed scores", look.diverging, options=list(DIVERGING),
                format_func=lambda name: f"{name}: {DIVERGING[name]}",
            )  # fmt: skip
        studio.widget(st.toggle, "reversed", "Reversed", look.reversed)
    with middle:
        studio.widget(
            st.selectbox, "limits", "Limits", look.limits, options=list(LIMITS), format_func=LIMITS.get,
            help="Limits are printed at every colour bar; what lies outside is counted there and in the caption.",
        )  # fmt: skip
        if look.limits == "percentile":
            label = "Percentile of the magnitudes"
            studio.widget(st.number_input, "percentile", label, look.percentile, **_between("percentile"))
        if look.limits == "typed":
            _typed(studio, look, drawn)
    with right:
        studio.widget(
            st.selectbox, "blocks", "Blocks of a matrix", look.blocks, options=list(BLOCKS), format_func=BLOCKS.get,
            help="Where one scale would leave a block dark, each has limits of its own, printed and said.",
        )  # fmt: skip
        studio.widget(
            st.number_input, "power", "Power of the colours (1 is linear)", look.power, step=0.1, **_between("power"),
            help="Below 1, small scores get more of the colours. The colour bar says so.",
        )  # fmt: skip


def _typed(studio: Studio, look: Look, drawn: Drawn) -> None:
    """Two limits for everything that colours measure."""
    for name, scale in drawn.scales.items():
        limits = look.typed.get(name, (scale.low, scale.high))
        for column, end, word, value in zip(st.columns(2), ("low", "top"), ("from", "to"), limits, strict=True):
            with column:
                label = f"{name}: {word}"
                studio.widget(st.number_input, f"{TYPED}{name} {end}", label, float(value), format="%.4g", step=None)


def _marks(studio: Studio, look: Look, drawn: Drawn, preset: Preset) -> None:
    left, middle, right = st.columns(3)
    with left:
        studio.widget(
            st.number_input, "marks", "Strongest regions that are marked", look.marks,
            placeholder="As the figure has it", step=1, min_value=0, max_value=40,
        )  # fmt: skip
        studio.widget(st.toggle, "outlines", "Outlines", look.outlines)
        studio.widget(st.toggle, "callouts", "Ranks and scores", look.callouts)
    with middle:
        studio.widget(
            st.number_input, "overlay", "How much colours cover pictures (%)",
            None if look.overlay is None else round(100 * look.overlay), placeholder="As the figure has it", step=5,
            min_value=0, max_value=100,
        )  # fmt: skip
        studio.widget(st.toggle, "grey", "Pictures in grey", look.grey)
        studio.widget(
            st.number_input, "every", "Label every how many-th row and column", look.every,
            placeholder="As many as fit", help="Of a matrix; 0 writes none.", step=1, min_value=0, max_value=1000,
        )  # fmt: skip
        studio.widget(
            st.text_input, "labels", "Only these labels of a matrix", ", ".join(look.labels),
            placeholder="All that fit", help="As they are drawn, with commas between them.",
        )  # fmt: skip
    with right:
        studio.widget(
            st.text_area, "names", "Names of your own", "\n".join(f"{old} = {new}" for old, new in look.names.items()),
            placeholder="region 5 = dog house\nFz = frontal midline", height=150,
            help="A line each: the text as it is drawn = your own. The caption says what was renamed.",
        )  # fmt: skip


def _text(studio: Studio, look: Look, drawn: Drawn, preset: Preset) -> None:
    left, middle, right = st.columns(3)
    with left:
        studio.widget(
            st.number_input, "text_pt", "Size of titles in points", look.text_pt, placeholder=number(preset.text_pt),
            step=0.5, **_between("text_pt"), help="Labels are one point smaller, and never below 5 points.",
        )  # fmt: skip
        studio.widget(st.selectbox, "family", "Font", look.family, options=list(families()))
    with middle:
        studio.widget(
            st.number_input, "width_mm", "Width in mm", look.width_mm, placeholder=number(preset.width_mm),
            step=1.0, **_between("width_mm"),
        )  # fmt: skip
        limit = "No limit" if preset.max_height_mm is None else number(preset.max_height_mm)
        studio.widget(
            st.number_input, "height_mm", "Greatest height in mm", look.height_mm, placeholder=limit, step=1.0,
            **_between("height_mm"),
        )  # fmt: skip
        studio.widget(
            st.segmented_control, "background", "Background", look.background, options=list(BACKGROUNDS),
            format_func=BACKGROUNDS.get, required=True,
        )  # fmt: skip
    with right:
        studio.widget(
            st.text_area, "caption", "Caption", look.caption, placeholder="As written under the preview", height=150,
            help="In the place of the one that xviz writes. Where the figure comes from stays in the file in any case.",
        )  # fmt: skip


def _between(name: str) -> dict[str, float]:
    low, high = RANGE[name]
    return {"min_value": float(low), "max_value": float(high)}
