"""What may make an answer wrong stands above it as a warning; what reading did stands below it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from xviz.core.sample import Text
    from xviz.models import MODELS
    from xviz.ui import page

    above = page.heading(MODELS["mit"])
    st.subheader("the result")
    part = Text(("a",), notes=("read as text",), warnings=("y may point *up*",))
    page.notes(part, part, None, above=above, more=("prepared",))


def test_warnings_stand_above_the_result_and_notes_below():
    shown = AppTest.from_function(_page).run(timeout=60)
    assert not shown.exception
    assert [one.value for one in shown.warning] == [r"y may point \*up\*"]
    order = [(one.type, getattr(one, "value", "")) for one in shown.main if one.type in ("warning", "subheader")]
    assert order == [("warning", r"y may point \*up\*"), ("subheader", "the result")]
    assert [one.value for one in shown.caption][-2:] == [":material/info: read as text", ":material/info: prepared"]
