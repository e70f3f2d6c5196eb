"""Figures of a model that is not ours in every format, and a bundle with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from xviz import linked
from xviz.core.errors import ModelError
from xviz.engine import Session
from xviz.explain.glance import glance, title
from xviz.export import bundle, safe_name
from xviz.figures.figure import Figure
from xviz.figures.glance import glance_figure
from xviz.figures.names import groups, side
from xviz.figures.strongest import matrix_figure
from xviz.figures.style import PRESETS
from xviz.figures.tokens import Shown, tokens_figure
from xviz.plates.plate import heads_of
from xviz.ui import saving
from xviz.ui.forms import every_leaf
from xviz.ui.own import matrix
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked

KINDS = {"tokens": "Tokens under both methods", "matrix": "Attention matrix", "glance": "Every layer and head"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the figures need it."""

    opened: Opened
    looked: Looked

    @property
    def focus(self) -> str:
        """The picked token in words; "" without one."""
        selection = self.looked.selection
        return "" if selection is None else self.opened.called(selection)

    def layer(self) -> str:
        """The chosen layer and head in words."""
        call = self.opened.run.call(str(self.looked.call))
        return f"{title(self.opened.run, call)}, {heads_of(call, self.looked.head)}"

    def pooled(self) -> matrix.Pooled:
        """The weights of the chosen layer."""
        call = self.opened.run.call(str(self.looked.call))
        return matrix.weights(self.opened, call, self.looked.head)

    def page(self) -> bytes:
        """Both sides of every attention, linked, as a page that opens without a server."""
        opened = self.opened
        session = Session(opened.loaded, opened.sample, opened.run)
        return linked.show(session, *self.looked.explanations, title=opened.card.title).page.encode()

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind.

        Raises:
            ModelError: nothing is on the screen that it could show.
        """
        shown, venue = self.looked.explanations, PRESETS[preset]
        if not shown:
            raise ModelError("A figure needs an explanation on the screen; pick a token or choose another method.")
        credit = self.opened.sample.source
        if kind == "matrix":
            return self._matrix(preset)
        if kind == "glance":
            if self.looked.selection is None:
                raise ModelError("This figure shows the attention of one token; pick one above.")
            space = str(self.opened.space_of(self.looked.selection))
            found = glance(self.opened.run, self.opened.forms, space, self.opened.tokens(self.looked.selection))
            return glance_figure(
                found.layers, shown[0], focus=self.focus, asking=found.asking, credit=credit, preset=venue
            )
        ranked = [one for one in shown if one.facts.ranked]
        focus = self.focus if any(one.focus is not None for one in ranked) else ""
        return tokens_figure(Shown(self.opened.forms, credit), ranked, focus=focus, preset=venue)

    def _matrix(self, preset: str) -> Figure:
        run, small = self.opened.run, self.pooled()
        call = run.call(str(self.looked.call))
        exact = side(run.spaces[call.queries]), side(run.spaces[call.keys])
        sides = exact if small.exact else (groups(small.rows), groups(small.columns))
        origin = run.provenance.but(call=call.name, head=self.looked.head)
        return matrix_figure(
            small.weights, sides, origin,
            title=self.layer(), credit=self.opened.sample.source, preset=PRESETS[preset],
        )  # fmt: skip

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        small = self.pooled()
        return bundle(
            {kind: self.figure(kind, preset)},
            self.looked.explanations,
            arrays={"attention": small.weights},
            labels={
                name: [leaf.label(i) for i in range(len(leaf))] for name, leaf in every_leaf(self.opened.run).items()
            },
            manifest={
                "layer": self.layer(),
                "weights": self.opened.card.weights,
                **{f"output_{name}": value for name, value in self.opened.run.outputs.items()},
            },
        )


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, preview it, save it."""
    figures = Figures(opened, looked)
    stem = f"xviz-{opened.card.key}-{opened.sample.name}"
    with st.container(horizontal=True):
        saving.file(opened.key, "Linked page (HTML)", f"{safe_name(stem)}.html", "html", figures.page)
    saving.figures(opened.key, stem, KINDS, figures.figure, figures.zip, refused=_refused(looked))
    st.caption(
        "The address of this page restores the sample that came with the model, the token, layer, head and methods."
    )


def _refused(looked: Looked):
    """Whether a figure cannot be drawn of what is on the screen, so that this is said at once."""

    def refused(kind: str, _: str) -> bool:
        return not looked.explanations or (kind == "glance" and looked.selection is None)

    return refused
