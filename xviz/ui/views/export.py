"""Figures of a sound or a picture under every method, and a bundle with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from xviz.core.cells import Cells
from xviz.core.explanation import Explanation
from xviz.core.sample import Picture, Sound
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.ui import saving
from xviz.ui.methods import weigh
from xviz.ui.records import Looked
from xviz.ui.views.sample import Opened

KINDS = {"methods": "Methods, view by view", "attention": "Attention from the picked patch, view by view"}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is on the screen, as the figures need it."""

    opened: Opened
    looked: Looked
    explanations: tuple[Explanation, ...]  #: of the methods
    drawn: tuple[Explanation, ...]  #: the same as they are drawn, on one scale or each in its own unit

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind.

        Raises:
            ModelError: no method has been computed yet.
        """
        if kind == "attention":
            return saving.drawn(self.opened, kind, preset, self.looked.explanations)
        common = any(raw is not drawn for raw, drawn in zip(self.explanations, self.drawn, strict=True))
        return saving.drawn(self.opened, kind, preset, self.explanations, **({"spread": True} if common else {}))

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        opened, run = self.opened, self.opened.run
        spaces = {name: space for name, space in run.spaces.items() if isinstance(space, Cells)}
        part = next(iter(opened.sample.parts.values()))
        own = {"signal": part.signal} if isinstance(part, Sound) else {}
        own |= {"picture": part.pixels} if isinstance(part, Picture) else {}
        facts = {"rate_hz": part.rate, "start_s": part.start} if isinstance(part, Sound) else {}
        return bundle(
            {kind: self.figure(kind, preset)},
            [*self.looked.explanations, *self.explanations],
            arrays={
                "attention": weigh(run.call(self.looked.call), self.looked.head),
                "drawn": opened.plane.pixels,
                **own,
                **({} if opened.truth is None else {"truth": opened.truth}),
                **{f"cells {name}": space.boxes for name, space in spaces.items()},
            },
            labels={name: [space.label(i) for i in range(len(space))] for name, space in spaces.items()},
            manifest={**facts, **{f"output_{name}": value for name, value in run.outputs.items()}},
        )


def show(opened: Opened, looked: Looked, explanations: tuple[Explanation, ...], drawn: tuple[Explanation, ...]) -> None:
    """Choose a figure and a venue, preview it, save it."""
    figures = Figures(opened, looked, explanations, drawn)
    saving.figures(
        "views", f"xviz-{opened.card.key}-{opened.sample.name}", KINDS, figures.figure, figures.zip,
        html=partial(saving.linked_page, opened, explanations or looked.explanations),
    )  # fmt: skip
