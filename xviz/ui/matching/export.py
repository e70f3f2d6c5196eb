"""What leaves the screen: the figure for the paper in every format, and a bundle with everything behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined
from xviz.explain import METHODS
from xviz.explain.faithfulness import agreement
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.recipes import Pair, match_figure, methods_figure
from xviz.figures.style import PRESETS
from xviz.ui import cache, methods, saving
from xviz.ui.matching.explore import short_labels
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

KINDS = {"match": "Regions, words and matrix", "methods": "The two methods side by side"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the figures need it."""

    opened: Opened
    looked: Looked

    def pair(self) -> Pair:
        """The picture and the sentence."""
        return Pair(self.opened.pixels, self.opened.regions, self.opened.pieces, credit=self.opened.sample.source)

    def layer(self) -> str:
        """The joint attention that the matrix shows: the chosen layer, or the last joint one."""
        joint = [c.name for c in self.opened.run.calls if isinstance(self.opened.run.spaces[c.queries], Joined)]
        return self.looked.call if self.looked.call in joint else joint[-1]

    def look(self, selection: Selection) -> Explanation:
        """The attention row of a token in that layer."""
        return cache.explain(
            self.opened.run, cache.Question("look", self.opened.target(selection), self.layer(), self.looked.head)
        )

    def pairs(self) -> tuple[Explanation, Explanation]:
        """The views of one word and one region: the selected token, and the one that answers it most."""
        chosen = self.looked.selection or self.opened.example()
        own = self.look(chosen)
        if chosen.space == "word":
            return own, self.look(Selection("region", int(np.argmax(own.scores["regions"]))))
        return self.look(Selection("word", int(np.argmax(self.opened.pieces.paint(own.scores["pieces"]))))), own

    def match(self, preset: str) -> Figure:
        """Regions answering a word, words answering a region, and the joint matrix."""
        by_word, by_region = self.pairs()
        call = self.opened.run.call(self.layer())
        head = self.looked.head
        heads = f"mean of {call.heads} heads" if head is None else f"head {head + 1} of {call.heads}"
        return match_figure(
            self.pair(),
            by_word=by_word,
            by_region=by_region,
            weights=methods.weigh(call, self.looked.head),
            joint=self.opened.run.spaces["joint"],  # type: ignore[arg-type]
            layer=f"layer {int(call.name.split('.')[1]) + 1}, {heads}",
            preset=PRESETS[preset],
        )

    def methods(self, preset: str) -> Figure:
        """Both methods of the screen on the same picture and words.

        Raises:
            ModelError: one of them has no answer for regions and words, or both are the same.
        """
        found = [a for a in self.looked.explanations if {"regions", "pieces"} <= set(a.scores)]
        if len(found) < 2 or found[0].method == found[1].method:
            raise ModelError(
                "This figure needs two different methods that score regions and words. "
                "Choose others above: Grad-CAM, for one, scores words only."
            )
        trusted = all(one.facts.ranked for one in found)
        rank = agreement(found[0], found[1], "regions").spearman if trusted else None
        ranks = [[1.0, np.nan if rank is None else rank]] * 2
        return methods_figure(
            self.pair(),
            found,
            titles=[METHODS[a.method].title for a in found],
            agreement=[ranks[0], ranks[0][::-1]],
            agreement_name="rank correlation on regions",
            preset=PRESETS[preset],
        )

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind."""
        return self.match(preset) if kind == "match" else self.methods(preset)

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
    """Choose a figure and a venue, look at it, take it."""
    shown = Figures(opened, looked)
    stem = f"xviz-{opened.card.key}-{opened.sample.name}"
    saving.figures("match", stem, KINDS, shown.figure, shown.zip, refused=lambda kind, preset: kind == "methods")
