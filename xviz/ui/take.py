"""What leaves the page of views: figures for paper, and a bundle with everything behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.sample import Sound
from xviz.explain import METHODS
from xviz.export import bundle
from xviz.figures.figure import Figure
from xviz.figures.recipes import views_figure
from xviz.figures.style import PRESETS
from xviz.ui import offer
from xviz.ui.answers import weigh
from xviz.ui.hearing import Heard, plane
from xviz.ui.viewing import Looked, call_name

KINDS = {"methods": "The methods, view by view", "attention": "The answer of every view to the picked cell"}


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the screen, as the figures need it."""

    heard: Heard
    looked: Looked
    answers: tuple[Explanation, ...]

    def figure(self, kind: str, preset: str) -> Figure:
        """The figure of a kind.

        Raises:
            ModelError: no method has an answer yet.
        """
        asking, notes = None, []
        if kind == "attention":
            shown, asking = [self.looked.answer], self.looked.asking
            call = self.heard.run.call(self.looked.call)
            heads = f"mean of {call.heads} heads" if self.looked.head is None else f"head {self.looked.head + 1}"
            if asking is None:
                titles = ["asked by the class token"]
            else:
                titles = [f"asked by {asking[0].base().name.replace('view', 'view ')} at {asking[0].label(asking[1])}"]
            notes = [f"{call_name(call.name)}, {heads}."]
        else:
            shown = list(self.answers)
            titles = [METHODS[one.method].title for one in shown]
        if not shown:
            raise ModelError("No method has an answer yet. Compute one above, then take the figure.")
        drawn = plane(self.heard.card, self.heard.sample)
        tall, wide = drawn.values.shape
        grey = np.round(255 * np.clip(drawn.values, 0, 1)).astype(np.uint8)
        return views_figure(
            np.repeat(grey[..., None], 3, 2),
            shown,
            {name: self.heard.cells(name) for one in shown for name in one.scores if name != "class"},
            titles=titles,
            ticks=([(x / wide, t) for x, t in drawn.x_ticks], [(y / tall, t) for y, t in drawn.y_ticks]),
            axes=("time (s)", "frequency (Hz)"),
            asking=asking,
            notes=notes,
            credit=self.heard.sample.source,
            preset=PRESETS[preset],
        )

    def zip(self, kind: str, preset: str) -> bytes:
        """The figure in all formats with the numbers behind it."""
        sound, run = self.heard.sample.part("sound"), self.heard.run
        assert isinstance(sound, Sound)
        spaces = {name: space for name, space in run.spaces.items() if isinstance(space, Cells)}
        return bundle(
            {kind: self.figure(kind, preset)},
            [self.looked.answer, *self.answers],
            arrays={
                "attention": weigh(run.call(self.looked.call), self.looked.head),
                "spectrogram": plane(self.heard.card, self.heard.sample).values,
                "signal": sound.signal,
                **{f"cells {name}": space.boxes for name, space in spaces.items()},
            },
            labels={name: [space.label(i) for i in range(len(space))] for name, space in spaces.items()},
            manifest={
                "rate_hz": sound.rate,
                "start_s": sound.start,
                **{f"output_{name}": value for name, value in run.outputs.items()},
            },
        )


def show(heard: Heard, looked: Looked, answers: tuple[Explanation | None, ...]) -> None:
    """Choose a figure and a venue, look at it, take it."""
    shown = Shown(heard, looked, tuple(one for one in answers if one is not None))
    offer.take("digits", f"xviz-{heard.card.key}-{heard.sample.name}", KINDS, shown.figure, shown.zip)
