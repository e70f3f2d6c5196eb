"""Regions hidden from the model, and the change of the scores from those of the original pair."""

from __future__ import annotations

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.core.tokens import Pieces
from xviz.draw import scale
from xviz.drawings import image
from xviz.drawings.drawing import Surround
from xviz.explain import METHODS
from xviz.ui import cache, components, methods, page
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection
from xviz.ui.trust import Trial

TRIAL = Trial(
    prefix="match", space="regions", tokens="Regions", attention="The weights of the last joint attention are",
    part="joint", last=True, data="held-out scenes", hides=True,
    methods=tuple(key for key in METHODS if METHODS[key].kind != "attention" or not METHODS[key].needs_focus),
)  # fmt: skip


def show(opened: Opened, looked: Looked) -> None:
    """Hide regions, and see what that or an edited sentence changed."""
    _hide(opened, looked.selection)
    explanation = looked.explanations[0] if looked.explanations else None
    if not opened.edited:
        st.caption("Hide a region here or edit the sentence above; the change from the original appears here.")
    elif explanation is None or "regions" not in explanation.scores:
        st.caption("The first method gives no region scores, so there is no change to show.")
    else:
        with page.told():
            _change(opened, looked, explanation)


def _hide(opened: Opened, selection: Selection | None) -> None:
    """Hide the selected region from the model, or show hidden ones again."""
    choices = opened.choices
    with st.container(horizontal=True, vertical_alignment="center"):
        region = selection.token if selection and selection.space == "region" else None
        if st.button(
            "Hide the picked region" if region is None else f"Hide region {region + 1}",
            disabled=region is None or len(choices.masked) + 1 >= len(opened.regions),
            icon=":material/visibility_off:",
            help="The model runs again without this token; nothing attends to it.",
        ):
            choices.mask((*choices.masked, region))
            st.rerun()
        if choices.masked and st.button("Show all regions", icon=":material/visibility:"):
            choices.mask(())
            st.rerun()
        if choices.masked:
            st.caption("Hidden: " + ", ".join(f"region {region + 1}" for region in choices.masked))


def _change(opened: Opened, looked: Looked, now: Explanation) -> None:
    """How the regions' scores differ from the original's, for the same token."""
    target = original_target(opened, looked.selection)
    if target is None:
        st.caption("The original sentence does not contain this word, so there is nothing to compare with.")
        return
    before = cache.explain(opened.before, methods.question(now.method, target, str(looked.call), looked.head))
    if not (now.facts.ranked and before.facts.ranked):
        methods.facts(now, "Now")
        methods.facts(before, "Original")
        return
    difference = now.scores["regions"] - before.scores["regions"]
    title = f"{METHODS[now.method].title} for {opened.called(looked.selection)}: change from the original"
    drawing = image.regions(
        opened.pixels,
        opened.regions.boxes,
        difference,
        labels=opened.region_names,
        scale=scale.diverging(difference, label=f"change of {now.unit}"),
        marks=image.Marks(masked=opened.choices.masked),
        surround=Surround(title, height=360),
    )
    components.mount(drawing, key=f"change {opened.place}")
    methods.facts(now, "Now")
    methods.facts(before, "Original")


def original_target(opened: Opened, selection: Selection | None) -> Target | None:
    """The same token in the original: the same region, or the same word at its same occurrence."""
    if selection is None or selection.space == "region":
        return opened.target(selection)
    words, before = opened.pieces.words, opened.before.space("pieces", Pieces)
    word = words[selection.token]
    occurrence = words[: selection.token].count(word)
    places = [i for i, other in enumerate(before.words) if other == word]
    if occurrence >= len(places) or not (tokens := before.of(places[occurrence])):
        return None
    return Target(opened.output, "pieces", tokens)
