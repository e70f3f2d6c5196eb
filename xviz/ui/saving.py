"""Saving what the screen shows: a figure in every format of a venue's width, a bundle with the numbers, other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from xviz import copying
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.engine import Session
from xviz.export import safe_name
from xviz.figures.figure import Figure
from xviz.figures.style import PRESETS
from xviz.illustrate import draw
from xviz.ui import cache, page
from xviz.ui.records import Opened

FORMATS = (("pdf", 300, "PDF"), ("svg", 300, "SVG"), ("png", 300, "PNG 300 dpi"), ("png", 600, "PNG 600 dpi"))
MIME = {
    "pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png", "zip": "application/zip", "html": "text/html",
    "ply": "application/octet-stream",
}  # fmt: skip


def drawn(
    opened: Opened, kind: str, preset: str, explanations: Sequence[Explanation] = (), **options: object
) -> Figure:
    """A figure of what a page shows, as ``xviz figure`` draws it too."""
    session = Session(cache.load(opened.card.key), opened.sample, opened.run)
    return draw(
        session, explanations, PRESETS[preset], opened.sample.source, kind=kind, options=options,
        ask=partial(cache.explain, opened.run),
    )  # fmt: skip


def figures(
    prefix: str,
    stem: str,
    kinds: Mapping[str, str],
    figure: Callable[[str, str], Figure],
    bundle: Callable[[str, str], bytes],
    *,
    refused: Callable[[str, str], bool] = lambda kind, preset: False,
) -> None:
    """A figure to choose, preview and save; nothing is drawn before it is asked for.

    Args:
        prefix: Of the widgets' keys.
        stem: How file names begin.
        kinds: Key of a figure → what people call it.
        figure: From key and preset to the figure.
        bundle: From key and preset to the bundle.
        refused: Whether a figure may be refused, so that it is drawn at once rather than when it is saved.
    """
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
        preview = st.toggle("Preview", key=f"{prefix}.preview")
        copied = st.toggle("Copy as command or Python", key=f"{prefix}.copy")
    stem = safe_name(f"{stem}-{kind}")
    with page.told(), st.container(horizontal=True):
        if refused(kind, preset):
            figure(kind, preset)
        for suffix, dpi, name in FORMATS:
            file(prefix, name, f"{stem}-{dpi}dpi.{suffix}" if suffix == "png" else f"{stem}.{suffix}", suffix,
                    lambda suffix=suffix, dpi=dpi: figure(kind, preset).to_bytes(suffix, dpi))  # fmt: skip
        file(prefix, "Bundle (zip)", f"{stem}.zip", "zip", lambda: bundle(kind, preset))
    if copied:
        with page.told():
            made = figure(kind, preset)
            if made.recipe is None:
                st.caption("This figure has no command yet: it shows what only the page computes.")
            else:
                st.code(copying.command(made.provenance, made.recipe), language="bash", wrap_lines=True)
                st.code(copying.python(made.provenance, made.recipe), language="python", wrap_lines=True)
    if preview:
        with page.told():
            preview_of = figure(kind, preset)
            width = round(preview_of.size_mm[0] / 25.4 * 110)
            st.image(preview_of.to_bytes("png", 200), alt=preview_of.alt, width=width)
            st.caption(page.plain(preview_of.caption))


def file(prefix: str, label: str, name: str, suffix: str, make: Callable[[], bytes]) -> None:
    """A button that saves a file, which is made when it is pressed."""
    st.download_button(
        label, make, file_name=name, mime=MIME[suffix], key=f"{prefix}.download {label}", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip
