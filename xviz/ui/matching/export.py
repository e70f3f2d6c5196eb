"""Figures of a picture and a sentence in every format, and a bundle with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.ui import cache, methods, saving
from xviz.ui.matching.explore import short_labels
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

KINDS = {"match": "Regions, words and attention matrix", "methods": "Two methods side by side"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the figures need it."""

    opened: Opened
    looked: Looked

    def layer(self) -> str:
        """The joint attention that the matrix shows: the chosen layer, or the last joint one."""
        run = self.opened.run
        joint = [call.name for call in run.calls if isinstance(run.spaces[call.queries], Joined)]
        return self.looked.call if self.looked.call in joint else joint[-1]

    def look(self, selection: Selection) -> Explanation:
        """The attention row of a token in that layer."""
        question = cache.Question("look", self.opened.target(selection), self.layer(), self.looked.head)
        return cache.explain(self.opened.run, question)

    def pairs(self) -> tuple[Explanation, Explanation]:
        """The attention rows of one word and one region: the selected token, and the one that it attends to most."""
        selection = self.looked.selection or self.opened.example()
        own = self.look(selection)
        if selection.space == "word":
            return own, self.look(Selection("region", int(np.argmax(own.scores["regions"]))))
        return self.look(Selection("word", int(np.argmax(self.opened.pieces.paint(own.scores["pieces"]))))), own

    def both(self) -> tuple[Explanation, ...]:
        """Both methods of the screen.

        Raises:
            ModelError: one of them does not score both regions and words, or both are the same.
        """
        both = [
            explanation for explanation in self.looked.explanations if {"regions", "pieces"} <= set(explanation.scores)
        ]
        if len(both) < 2 or both[0].method == both[1].method:
            raise ModelError(
                "This figure needs two different methods that score both regions and words; choose others above. "
                "Grad-CAM, for example, scores words only."
            )
        return tuple(both)

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind: attention both ways with the joint matrix, or both methods of the screen."""
        if kind == "methods":
            return saving.drawn(self.opened, kind, preset, self.both())
        own = self.look(self.looked.selection or self.opened.example())
        return saving.drawn(self.opened, kind, preset, [own])

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        by_word, by_region = self.pairs()
        call = self.opened.run.call(self.layer())
        return bundle(
            {kind: self.figure(kind, preset)},
            [by_word, by_region, *self.looked.explanations],
            arrays={
                "joint_attention": methods.weigh(call, self.looked.head),
                "boxes": self.opened.regions.boxes,
                "picture": self.opened.pixels,
            },
            labels={
                "regions": [self.opened.regions.label(i) for i in range(len(self.opened.regions))],
                "pieces": list(self.opened.pieces.pieces),
                "joint": short_labels(self.opened, self.opened.run.spaces["joint"]),
            },
            manifest={f"output_{name}": value for name, value in self.opened.run.outputs.items()},
        )


def show(opened: Opened, looked: Looked) -> None:
    """Choose a figure and a venue, preview it, save it."""
    figures = Figures(opened, looked)
    stem = f"xviz-{opened.card.key}-{opened.sample.name}"
    saving.figures(
        "match", stem, KINDS, figures.figure, figures.zip, refused=lambda kind, preset: kind == "methods",
        html=partial(saving.linked_page, opened, looked.explanations),
    )  # fmt: skip
