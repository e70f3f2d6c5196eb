"""What leaves the screen: the figure for the paper in every format, and a bundle with everything behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined
from xviz.draw import scale
from xviz.explain import METHODS
from xviz.explain.faithfulness import agreement
from xviz.export import bundle, safe_name
from xviz.figures.figure import Figure
from xviz.figures.recipes import Pair, match_figure, methods_figure
from xviz.figures.style import PRESETS
from xviz.ui import cache, methods, page
from xviz.ui.matching.explore import Looked, short_labels
from xviz.ui.matching.sample import Scene
from xviz.ui.state import Selection

KINDS = {"match": "Regions, words and matrix", "methods": "The two methods side by side"}
FORMATS = (("pdf", 300, "PDF"), ("svg", 300, "SVG"), ("png", 300, "PNG 300 dpi"), ("png", 600, "PNG 600 dpi"))


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the screen, as the figures need it."""

    scene: Scene
    looked: Looked

    def pair(self) -> Pair:
        """The picture and the sentence."""
        return Pair(self.scene.pixels, self.scene.regions, self.scene.pieces, credit=self.scene.sample.source)

    def layer(self) -> str:
        """The joint attention that the matrix shows: the chosen layer, or the last joint one."""
        joint = [c.name for c in self.scene.run.calls if isinstance(self.scene.run.spaces[c.queries], Joined)]
        return self.looked.call if self.looked.call in joint else joint[-1]

    def look(self, selection: Selection) -> Explanation:
        """The attention row of a token in that layer."""
        return cache.explain(
            self.scene.run, cache.Question("look", self.scene.target(selection), self.layer(), self.looked.head)
        )

    def pairs(self) -> tuple[Explanation, Explanation]:
        """The views of one word and one region: the selected token, and the one that answers it most."""
        chosen = self.looked.selection or self.scene.example()
        own = self.look(chosen)
        if chosen.space == "word":
            return own, self.look(Selection("region", int(np.argmax(own.scores["regions"]))))
        return self.look(Selection("word", int(np.argmax(self.scene.pieces.paint(own.scores["pieces"]))))), own

    def match(self, preset: str) -> Figure:
        """Regions answering a word, words answering a region, and the joint matrix."""
        by_word, by_region = self.pairs()
        call = self.scene.run.call(self.layer())
        head = self.looked.head
        heads = f"mean of {call.heads} heads" if head is None else f"head {head + 1} of {call.heads}"
        return match_figure(
            self.pair(),
            by_word=by_word,
            by_region=by_region,
            weights=methods.weigh(call, self.looked.head),
            joint=self.scene.run.spaces["joint"],  # type: ignore[arg-type]
            layer=f"layer {int(call.name.split('.')[1]) + 1}, {heads}",
            preset=PRESETS[preset],
        )

    def methods(self, preset: str) -> Figure:
        """Both methods of the screen on the same picture and words.

        Raises:
            ModelError: one of them has no answer for regions and words, or both are the same.
        """
        found = [a for a in self.looked.answers if a is not None and {"regions", "pieces"} <= set(a.scores)]
        if len(found) < 2 or found[0].method == found[1].method:
            raise ModelError(
                "This figure needs two different methods that score regions and words. "
                "Choose others above: Grad-CAM, for one, scores words only."
            )
        rank = agreement(found[0], found[1], "regions").spearman
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
        call = self.scene.run.call(self.layer())
        return bundle(
            {kind: self.figure(kind, preset)},
            [e for e in (by_word, by_region, *self.looked.answers) if e is not None],
            arrays={
                "joint_attention": methods.weigh(call, self.looked.head),
                "boxes": self.scene.regions.boxes,
                "picture": self.scene.pixels,
            },
            labels={
                "regions": [self.scene.regions.label(i) for i in range(len(self.scene.regions))],
                "pieces": list(self.scene.pieces.pieces),
                "joint": short_labels(self.scene, self.scene.run.spaces["joint"]),
            },
            manifest={f"output_{name}": value for name, value in self.scene.run.outputs.items()},
        )


def show(scene: Scene, looked: Looked) -> None:
    """Choose a figure and a venue, look at it, take it."""
    shown = Shown(scene, looked)
    stem = f"xviz-{scene.card.key}-{scene.sample.name}"
    take("match", stem, KINDS, shown.figure, shown.zip, refused=lambda kind, preset: kind == "methods")


def take(
    prefix: str,
    stem: str,
    kinds: Mapping[str, str],
    figure: Callable[[str, str], Figure],
    zipped: Callable[[str, str], bytes],
    *,
    refused: Callable[[str, str], bool] = lambda kind, preset: False,
) -> None:
    """A figure to choose, look at and take; nothing is drawn before it is asked for.

    Args:
        prefix: Of the widgets' keys.
        stem: How file names begin.
        kinds: Key of a figure → what people call it.
        figure: From key and preset to the figure.
        zipped: From key and preset to the bundle.
        refused: Whether a figure may be refused, so that it is drawn at once rather than when it is taken.
    """
    st.subheader("Figure for your paper")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Figure", list(kinds), format_func=kinds.get, key=f"{prefix}.figure", width=300)
        preset = st.selectbox(
            "Width",
            list(PRESETS),
            index=list(PRESETS).index("nature-double"),
            format_func=lambda k: f"{PRESETS[k].venue} ({scale.number(PRESETS[k].width_mm)} mm)",
            key=f"{prefix}.preset",
            width=300,
        )
        preview = st.toggle("Show it here", key=f"{prefix}.preview")
    stem = safe_name(f"{stem}-{kind}")
    with page.told(), st.container(horizontal=True):
        if refused(kind, preset):
            figure(kind, preset)
        for suffix, dpi, name in FORMATS:
            button(prefix, name, f"{stem}-{dpi}dpi.{suffix}" if suffix == "png" else f"{stem}.{suffix}", suffix,
                    lambda suffix=suffix, dpi=dpi: figure(kind, preset).to_bytes(suffix, dpi))  # fmt: skip
        button(prefix, "Bundle (zip)", f"{stem}.zip", "zip", lambda: zipped(kind, preset))
    if preview:
        with page.told():
            drawn = figure(kind, preset)
            st.image(drawn.to_bytes("png", 200), alt=drawn.alt, width=round(drawn.size_mm[0] / 25.4 * 110))
            st.caption(page.plain(drawn.caption))


MIME = {
    "pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png", "zip": "application/zip", "html": "text/html",
    "ply": "application/octet-stream",
}  # fmt: skip


def button(prefix: str, label: str, name: str, suffix: str, made: Callable[[], bytes]) -> None:
    """A file that is made when it is asked for."""
    st.download_button(
        label, made, file_name=name, mime=MIME[suffix], key=f"{prefix}.download {label}", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip
