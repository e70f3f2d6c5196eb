"""The studio: what is on a figure and how it looks, chosen beside a preview at true size, with a check and an undo.

The widgets of the studio say a `Look`; it is kept for each kind of figure of a page, so that it outlasts widgets that
are out of sight, and another sample is drawn in it too.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from PIL import Image

from xviz import looking
from xviz.core.errors import SampleError, XvizError
from xviz.draw.scale import number
from xviz.draw.vision import EYES, seen
from xviz.figures.check import check
from xviz.figures.figure import Figure
from xviz.figures.look import Drawn, Look, drawn_in
from xviz.figures.style import INCH, Preset
from xviz.ui import page, state
from xviz.ui.looks import Studio, controls

CSS = 96  #: pixels of a page in an inch
AS_IT_IS = "As it is"
EMPTY = 0.75  #: a figure whose panels take less of its width is told to be narrower


def opened(studio: Studio, kinds: Mapping[str, str]) -> None:
    """A figure of xviz, or a look as JSON, whose look is taken over; and the present look to save."""
    with st.popover("Open a figure or a look", icon=":material/folder_open:"):
        file = st.file_uploader(
            "A figure of xviz (PDF, SVG, PNG, EPS), a bundle, or a look (JSON)", key=f"{studio.prefix}.look file"
        )
        if file is None or not state.first_time(f"{studio.prefix}.look", file.file_id):
            return
        with page.told():
            look, recipe = looking.held(file.name, file.getvalue())
            kind = recipe.get("figure")
            if kind is not None and kind not in kinds:
                raise SampleError(
                    f"{file.name} is the figure “{kind}”; this page draws {', '.join(kinds.values())}. Open it on the "
                    "page of its model."
                )
            room = Studio(studio.prefix, str(kind)) if kind is not None else studio
            room.set(look)
            state.leave(f"{studio.prefix}.look", (kind, recipe.get("venue")))
            st.rerun()


def saved(look: Look) -> bytes:
    """A look as a file."""
    return (json.dumps(look.record(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def drawn(figure: Callable[[], Figure], look: Look) -> tuple[Figure, Drawn]:
    """A figure in a look, and what was found while it was drawn."""
    with drawn_in(look) as drawing:
        return figure(), drawing


def current(studio: Studio) -> Look:
    """The look that holds; the last good one where a widget says what cannot be drawn, with the reason."""
    try:
        look = studio.look()
    except XvizError as error:
        st.error(page.plain(str(error)), icon=":material/info:")
        return studio.last()
    studio.steps.keep(look.record())
    return look


def show(studio: Studio, kinds: Mapping[str, str], figure: Figure, found: Drawn, look: Look, preset: Preset) -> None:
    """The figure as large as it is printed, seen by all eyes and checked; below it all that may be chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Undo", on_click=studio.undo, disabled=len(studio.steps.all) < 2, icon=":material/undo:",
            key=f"{studio.prefix}.undo {studio.kind}",
        )  # fmt: skip
        st.button(
            "Reset", on_click=studio.reset, disabled=look == Look(), icon=":material/restart_alt:",
            key=f"{studio.prefix}.reset {studio.kind}",
        )  # fmt: skip
        opened(studio, kinds)
        st.download_button(
            "Look (JSON)", saved(look), file_name="xviz-look.json", mime="application/json", on_click="ignore",
            key=f"{studio.prefix}.save look {studio.kind}", icon=":material/download:",
        )  # fmt: skip
    eyes = st.segmented_control(
        "Seen", [AS_IT_IS, *EYES], format_func=lambda e: EYES.get(e, e), default=AS_IT_IS,
        key=f"{studio.prefix}.eyes", required=True, label_visibility="collapsed",
    )  # fmt: skip
    preview(figure, str(eyes))
    checked(figure, found, preset.dressed(look))
    controls(studio, look, found, preset)


def preview(figure: Figure, eyes: str = AS_IT_IS) -> None:
    """The figure as large as it is printed, with its caption."""
    content = figure.to_bytes("png", 200, fast=True)
    if eyes in EYES:
        content = _through(content, eyes)
    st.image(content, alt=figure.alt, width=round(figure.size_mm[0] / INCH * CSS))
    with st.expander("Caption", icon=":material/notes:"):
        st.caption(page.plain(figure.caption))


def checked(figure: Figure, drawing: Drawn, preset: Preset) -> None:
    """What a reviewer would send it back for, or that there is nothing."""
    (width, height), result = figure.size_mm, check(figure)
    findings = list(result.sentences())
    if drawing.filled < EMPTY:
        findings.append(f"The panels take {drawing.filled:.0%} of the width: choose a narrower width, or other panels.")
    if preset.max_height_mm is not None and height > preset.max_height_mm + 0.1:
        findings.append(
            f"It is higher than the {number(preset.max_height_mm)} mm that are allowed: choose fewer panels."
        )
    size = f"{number(width)} × {number(height)} mm. "
    if result.fine and len(findings) < 2:
        st.caption(
            f":material/check: {page.plain(size + ' '.join(findings))} No text overlaps, is cut or leaves the page."
        )
    else:
        st.warning(page.plain(size + " ".join(findings)), icon=":material/rule:")


def _through(content: bytes, eyes: str) -> bytes:
    """A picture as others see it."""
    with Image.open(io.BytesIO(content)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    png = io.BytesIO()
    Image.fromarray(seen(pixels, eyes)).save(png, "PNG", compress_level=1)
    return png.getvalue()
