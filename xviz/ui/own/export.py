"""Figures of a model that is not ours in every format, and a bundle with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.explain import columns
from xviz.explain.glance import title
from xviz.explain.question import names
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.plates.plate import heads_of
from xviz.plates.pooling import Pooled
from xviz.ui import cache, saving
from xviz.ui.own import matrix
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked

KINDS = {"tokens": "Tokens under both methods", "matrix": "Attention matrix", "glance": "Every layer and head"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the figures need it."""

    opened: Opened
    looked: Looked

    def layer(self) -> str:
        """The chosen layer and head in words."""
        call = self.opened.run.call(str(self.looked.call))
        return f"{title(self.opened.run, call)}, {heads_of(call, self.looked.head)}"

    def pooled(self) -> Pooled:
        """The weights of the chosen layer."""
        call = self.opened.run.call(str(self.looked.call))
        return matrix.weights(self.opened, call, self.looked.head)

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind.

        Raises:
            ModelError: nothing is on the screen that it could show.
        """
        opened, looked = self.opened, self.looked
        if kind == "matrix":
            return saving.drawn(opened, kind, preset, call=looked.call, head=looked.head)
        if kind == "glance":
            return saving.drawn(opened, kind, preset, [self.own()])
        if not (ranked := [explanation for explanation in looked.explanations if explanation.facts.ranked]):
            raise ModelError("A figure needs an explanation on the screen; pick a token or choose another method.")
        return saving.drawn(opened, kind, preset, ranked)

    def own(self) -> Explanation:
        """What is asked of the picked token: as on the screen, or its attention in a layer that it takes part in.

        Raises:
            ModelError: no token is picked.
        """
        opened, looked = self.opened, self.looked
        if looked.selection is None:
            raise ModelError("This figure shows the attention of one token; pick one above.")
        if focused := next((explanation for explanation in looked.explanations if explanation.focus is not None), None):
            return focused
        space, run = str(opened.space_of(looked.selection)), opened.run
        target, calls = Target(opened.output, space, opened.tokens(looked.selection)), list(reversed(run.calls))
        asking = next((call for call in calls if space in names(run.spaces[call.queries])), None)
        if asking is not None:
            return cache.explain(run, cache.Question("look", target, asking.name))
        answering = next(call for call in calls if space in names(run.spaces[call.keys]))
        return cache.explain(run, cache.Question(columns.METHOD.key, target, answering.name))

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        small = self.pooled()
        return bundle(
            {kind: self.figure(kind, preset)},
            self.looked.explanations,
            arrays={"attention": small.weights},
            labels={name: [leaf.label(i) for i in range(len(leaf))] for name, leaf in self.opened.run.leaves.items()},
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
    saving.figures(
        opened.key, stem, KINDS, figures.figure, figures.zip, refused=_refused(looked),
        html=partial(saving.linked_page, opened, looked.explanations),
    )  # fmt: skip
    st.caption(
        "The address of this page restores the sample that came with the model, the token, layer, head and methods."
    )


def _refused(looked: Looked):
    """Whether a figure cannot be drawn of what is on the screen, so that this is said at once."""

    def refused(kind: str, _: str) -> bool:
        return not looked.explanations or (kind == "glance" and looked.selection is None)

    return refused
