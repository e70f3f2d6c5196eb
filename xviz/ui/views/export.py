"""Figures of a sound or a picture under every method, and a bundle with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.sample import Picture, Sound
from xviz.explain import METHODS
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.recipes import Background, views_figure
from xviz.figures.style import PRESETS
from xviz.ui import saving
from xviz.ui.methods import weigh
from xviz.ui.records import Looked
from xviz.ui.views import methods
from xviz.ui.views.explore import leaf_of
from xviz.ui.views.sample import Opened

#: titles over narrow panels, where the method's own would be cut
SHORT = {"look": "Class token’s attention", "relevance": "Gradient-weighted", "received": "Received"}
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
        query, notes = None, []
        if kind == "attention":
            shown, picked = list(self.looked.explanations), self.looked.selection
            call = self.opened.run.call(self.looked.call)
            heads = f"mean of {call.heads} heads" if self.looked.head is None else f"head {self.looked.head + 1}"
            if picked is None:
                titles = ["from the class token"]
            else:
                query = leaf_of(self.opened.run, call.name, picked.space), picked.token
                titles = [f"from {query[0].base().name.replace('view', 'view ')} at {query[0].label(query[1])}"]
            notes = [f"{self.opened.card.calls[call.name].title}, {heads}."]
        else:
            shown = list(self.drawn)
            if any(raw is not shown for raw, shown in zip(self.explanations, self.drawn, strict=True)):
                notes = [
                    "Scores are densities: a score's share of its method's total magnitude over its patch's share of "
                    "the area; 1 is an even spread."
                ]
            short = {} if self.opened.sounds else SHORT
            titles = [short.get(each.method, METHODS[each.method].title) for each in shown]
        if not shown:
            raise ModelError("No method has been computed yet. Compute one under “Methods”, then save the figure.")
        plane = self.opened.plane
        return views_figure(
            Background(
                plane.pixels,
                {
                    name: self.opened.cells(name)
                    for explanation in shown
                    for name in explanation.scores
                    if name != "class"
                },
                (plane.x_ticks, plane.y_ticks),
                plane.names,
                query,
                self.opened.known,
                upright=not self.opened.sounds,
            ),
            shown,
            titles=titles,
            limit=methods.limit(shown) if all(each.unit == methods.DENSITY for each in shown) else None,
            notes=notes,
            credit=self.opened.sample.source,
            preset=PRESETS[preset],
        )

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
    saving.figures("views", f"xviz-{opened.card.key}-{opened.sample.name}", KINDS, figures.figure, figures.zip)
