"""What leaves the page of views: figures for paper, and a bundle with everything behind them."""

from __future__ import annotations

from dataclasses import dataclass

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.sample import Picture, Sound
from xviz.explain import METHODS
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.recipes import views_figure
from xviz.figures.style import PRESETS
from xviz.ui.matching import export
from xviz.ui.methods import weigh
from xviz.ui.views import methods
from xviz.ui.views.explore import Looked, call_name
from xviz.ui.views.sample import Subject

#: titles over narrow panels, where the method's own would be cut
SHORT = {"look": "Class token’s attention", "relevance": "Gradient-weighted", "received": "Received"}
KINDS = {"methods": "The methods, view by view", "attention": "The answer of every view to the picked cell"}


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the screen, as the figures need it."""

    here: Subject
    looked: Looked
    answers: tuple[Explanation, ...]
    drawn: tuple[Explanation, ...]  #: the same as they are drawn, on one scale or each in its own unit

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind.

        Raises:
            ModelError: no method has an answer yet.
        """
        asking, notes = None, []
        if kind == "attention":
            shown, asking = [self.looked.answer], self.looked.asking
            call = self.here.run.call(self.looked.call)
            heads = f"mean of {call.heads} heads" if self.looked.head is None else f"head {self.looked.head + 1}"
            if asking is None:
                titles = ["asked by the class token"]
            else:
                titles = [f"asked by {asking[0].base().name.replace('view', 'view ')} at {asking[0].label(asking[1])}"]
            notes = [f"{call_name(call.name)}, {heads}."]
        else:
            shown = list(self.drawn)
            if any(one is not other for one, other in zip(self.answers, self.drawn, strict=True)):
                notes = [
                    "A score is drawn as its share of all magnitudes of its method over its cell's share of the area; "
                    "1 is an even spread."
                ]
            short = {} if self.here.sounds else SHORT
            titles = [short.get(one.method, METHODS[one.method].title) for one in shown]
        if not shown:
            raise ModelError("No method has an answer yet. Compute one above, then take the figure.")
        plane = self.here.plane
        return views_figure(
            plane.pixels,
            shown,
            {name: self.here.cells(name) for one in shown for name in one.scores if name != "class"},
            titles=titles,
            ticks=(plane.x_ticks, plane.y_ticks),
            axes=plane.names,
            asking=asking,
            limit=methods.limit(shown) if all(one.unit == methods.DENSITY for one in shown) else None,
            known=self.here.known,
            upright=not self.here.sounds,
            notes=notes,
            credit=self.here.sample.source,
            preset=PRESETS[preset],
        )

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        here, run = self.here, self.here.run
        spaces = {name: space for name, space in run.spaces.items() if isinstance(space, Cells)}
        part = next(iter(here.sample.parts.values()))
        own = {"signal": part.signal} if isinstance(part, Sound) else {}
        own |= {"picture": part.pixels} if isinstance(part, Picture) else {}
        said = {"rate_hz": part.rate, "start_s": part.start} if isinstance(part, Sound) else {}
        return bundle(
            {kind: self.figure(kind, preset)},
            [self.looked.answer, *self.answers],
            arrays={
                "attention": weigh(run.call(self.looked.call), self.looked.head),
                "drawn": here.plane.pixels,
                **own,
                **({} if here.truth is None else {"truth": here.truth}),
                **{f"cells {name}": space.boxes for name, space in spaces.items()},
            },
            labels={name: [space.label(i) for i in range(len(space))] for name, space in spaces.items()},
            manifest={**said, **{f"output_{name}": value for name, value in run.outputs.items()}},
        )


def show(here: Subject, looked: Looked, answers: tuple[Explanation, ...], drawn: tuple[Explanation, ...]) -> None:
    """Choose a figure and a venue, look at it, take it."""
    shown = Shown(here, looked, answers, drawn)
    export.take("views", f"xviz-{here.card.key}-{here.sample.name}", KINDS, shown.figure, shown.zip)
