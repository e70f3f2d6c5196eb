"""Saving what the screen shows: a figure in every format of a venue's width, a bundle with the numbers, other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache as once
from functools import partial

import streamlit as st

from xviz import copying, linked
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.engine import Session
from xviz.export import safe_name
from xviz.figures.figure import Figure
from xviz.figures.latex import latex
from xviz.figures.look import Drawn, Look, drawn_in
from xviz.figures.style import PRESETS
from xviz.illustrate import draw
from xviz.ui import cache, page, state, studio
from xviz.ui.records import Opened
from xviz.ui.studio import Studio

SLIDES = "SVG for slides"  #: whose text is shapes
FORMATS = (
    ("pdf", 300, "PDF"), ("svg", 300, "SVG"), ("png", 300, "PNG 300 dpi"), ("png", 600, "PNG 600 dpi"),
    ("eps", 300, "EPS"), ("svg", 300, SLIDES),
)  # fmt: skip
MIME = {
    "pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png", "zip": "application/zip", "html": "text/html",
    "eps": "application/postscript", "json": "application/json", "ply": "application/octet-stream",
}  # fmt: skip


def drawn(
    opened: Opened, kind: str, preset: str, explanations: Sequence[Explanation] = (), *,
    known: dict[str, object] | None = None, **options: object,
) -> Figure:  # fmt: skip
    """A figure of what a page shows, as ``xviz figure`` draws it too; ``known`` is what was computed before."""
    session = Session(cache.load(opened.card.key), opened.sample, opened.run)
    return draw(
        session, explanations, PRESETS[preset], opened.sample.source, kind=kind, options=options,
        ask=partial(cache.explain, opened.run), known=known,
    )  # fmt: skip


def linked_page(opened: Opened, explanations: Sequence[Explanation]) -> bytes:
    """Both sides of every attention, linked, as a page that opens without a server."""
    session = Session(cache.load(opened.card.key), opened.sample, opened.run)
    return linked.show(session, *explanations, title=opened.card.title).page.encode()


def figures(
    prefix: str,
    stem: str,
    kinds: Mapping[str, str],
    figure: Callable[[str, str], Figure],
    bundle: Callable[[str, str], bytes],
    *,
    refused: Callable[[str, str], bool] = lambda kind, preset: False,
    html: Callable[[], bytes] | None = None,
) -> None:
    """A figure to choose, to change in the studio, and to save; nothing is drawn before it is asked for.

    Args:
        prefix: Of the widgets' keys.
        stem: How file names begin.
        kinds: Key of a figure → what people call it.
        figure: From key and preset to the figure.
        bundle: From key and preset to the bundle.
        refused: Whether a figure may be refused, so that it is drawn at once rather than when it is saved.
        html: Makes a page that opens without a server, with both sides linked.
    """
    _figures(Offer(prefix, stem, kinds, figure, bundle, refused, html))


@dataclass(frozen=True, eq=False)
class Offer:
    """What can be saved on a page; see ``figures``."""

    prefix: str
    stem: str
    kinds: Mapping[str, str]
    figure: Callable[[str, str], Figure]
    bundle: Callable[[str, str], bytes]
    refused: Callable[[str, str], bool]
    html: Callable[[], bytes] | None


@st.fragment
def _figures(offer: Offer) -> None:
    """The same; a change in the studio runs only this again."""
    prefix = offer.prefix
    if isinstance(picked := state.take(f"{prefix}.look"), tuple):
        for name, value, among in (("figure", picked[0], offer.kinds), ("preset", picked[1], PRESETS)):
            if value in among:
                state.set_widget(f"{prefix}.{name}", value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Figure",
            list(offer.kinds),
            format_func=offer.kinds.get,
            key=f"{prefix}.figure",
            persist_state="page",
            width=300,
        )
        preset = st.selectbox(
            "Width",
            list(PRESETS),
            index=list(PRESETS).index("nature-double"),
            format_func=lambda k: f"{PRESETS[k].venue} ({scale.number(PRESETS[k].width_mm)} mm)",
            key=f"{prefix}.preset",
            persist_state="page",
            width=300,
        )
        preview = st.toggle("Preview", key=f"{prefix}.preview", persist_state="page")
        open_studio = st.toggle(
            "Studio",
            key=f"{prefix}.studio",
            persist_state="page",
            help="Choose panels, titles, colours, limits, marks, text and caption.",
        )
        copied = st.toggle("Copy as command, Python or LaTeX", key=f"{prefix}.copy", persist_state="page")
    room = Studio(prefix, kind)
    with page.told():
        look = studio.current(room)
        draw = partial(studio.drawn, partial(offer.figure, kind, preset), look)
        figure = once(draw)  # whatever shows the figure here draws it once
        if open_studio:
            studio.show(room, offer.kinds, *figure(), look, PRESETS[preset])
        elif offer.refused(kind, preset):
            figure()
        _saved(offer, kind, preset, look, draw)
        if copied:
            _copied(figure()[0], _stem(offer, kind))
        if preview and not open_studio:
            studio.preview(figure()[0])


def _stem(offer: Offer, kind: str) -> str:
    """How the name of a figure's files begins; without dots, which LaTeX takes for the beginning of an ending."""
    return safe_name(f"{offer.stem}-{kind}".replace(".", "-"))


def _saved(offer: Offer, kind: str, preset: str, look: Look, draw: Callable[[], tuple[Figure, Drawn]]) -> None:
    """A button for every format."""
    stem = _stem(offer, kind)

    def content(suffix: str, dpi: float, shapes: bool) -> bytes:
        return draw()[0].to_bytes(suffix, dpi, shapes=shapes)

    def bundle() -> bytes:
        with drawn_in(look):
            return offer.bundle(kind, preset)

    with st.container(horizontal=True):
        for suffix, dpi, name in FORMATS:
            shapes, ending = name == SLIDES, {SLIDES: "-slides.svg", "png": f"-{dpi}dpi.png"}
            file(offer.prefix, name, stem + ending.get(SLIDES if shapes else suffix, f".{suffix}"), suffix,
                    partial(content, suffix, dpi, shapes))  # fmt: skip
        file(offer.prefix, "Bundle (zip)", f"{stem}.zip", "zip", bundle)
        if offer.html is not None:
            file(
                offer.prefix,
                "Linked page (HTML)",
                f"{safe_name(offer.stem.replace('.', '-'))}.html",
                "html",
                offer.html,
            )


def _copied(figure: Figure, stem: str) -> None:
    """A figure as a command, as Python and as LaTeX."""
    if figure.recipe is None:
        st.caption("This figure has no command yet: it shows what only the page computes.")
    else:
        st.code(copying.command(figure.provenance, figure.recipe), language="bash", wrap_lines=True)
        st.code(copying.python(figure.provenance, figure.recipe), language="python", wrap_lines=True)
    st.code(latex(figure, f"{stem}.pdf"), language="latex", wrap_lines=True)


def file(prefix: str, label: str, name: str, suffix: str, make: Callable[[], bytes]) -> None:
    """A button that saves a file, which is made when it is pressed."""
    st.download_button(
        label, make, file_name=name, mime=MIME[suffix], key=f"{prefix}.download {label}", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip
