"""What if: regions hidden from the model, and the change against the original."""

from __future__ import annotations

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.draw import scale
from xviz.drawings import image
from xviz.explain import METHODS
from xviz.ui import cache, components, methods, page
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection
from xviz.ui.trust import Trial

TRIAL = Trial(
    prefix="match", space="regions", tokens="Regions", attention="The joint attention's weights are", calls="joint",
    last=True, data="held-out scenes",
    methods=tuple(key for key in METHODS if METHODS[key].kind != "attention" or not METHODS[key].needs_focus),
)  # fmt: skip


def show(opened: Opened, looked: Looked) -> None:
    """Mask regions, and see what an edit changed."""
    st.subheader("What if")
    _mask(opened, looked.selection)
    if not opened.edited:
        st.caption("Mask a region here, or edit the sentence above: the change against the original appears here.")
        return
    answer = looked.explanations[0] if looked.explanations else None
    if answer is None or "regions" not in answer.scores:
        st.caption("The chosen method scores no regions, so there is no change of the map to show.")
        return
    with page.told():
        _change(opened, looked, answer)


def _mask(opened: Opened, selection: Selection | None) -> None:
    """Hide the selected region from the model, or show hidden ones again."""
    choices = opened.choices
    with st.container(horizontal=True, vertical_alignment="center"):
        region = selection.token if selection and selection.space == "region" else None
        if st.button(
            "Mask this region" if region is None else f"Mask region {region + 1}",
            disabled=region is None or len(choices.masked) + 1 >= len(opened.regions),
            icon=":material/visibility_off:",
            help="The model runs again without it: no token, no attention to it.",
        ):
            choices.mask((*choices.masked, region))  # type: ignore[arg-type]
            st.rerun()
        if choices.masked and st.button("Show all regions", icon=":material/visibility:"):
            choices.mask(())
            st.rerun()
        if choices.masked:
            st.caption("Masked: " + ", ".join(f"region {r + 1}" for r in choices.masked))


def _change(opened: Opened, looked: Looked, now: Explanation) -> None:
    """How the regions' scores differ from the original's, for the same token."""
    target = original_target(opened, looked.selection)
    if target is None:
        st.caption("The original has no such word, so there is no map of it to compare with.")
        return
    was = cache.explain(opened.before, methods.ask(now.method, target, looked.call, looked.head))
    if not (now.facts.ranked and was.facts.ranked):
        methods.facts(now, "Now")
        methods.facts(was, "Original")
        return
    difference = now.scores["regions"] - was.scores["regions"]
    view = image.regions(
        opened.pixels,
        opened.regions.boxes,
        difference,
        labels=[f"region {i + 1}" for i in range(len(opened.regions))],
        scale=scale.diverging(difference, label=f"change of {now.unit}"),
        masked=opened.choices.masked,
        title=f"{METHODS[now.method].title} for {opened.called(looked.selection)}: change against the original",
        height=360,
    )
    components.mount(view, key=f"change {opened.place}")
    methods.facts(now, "Now")
    methods.facts(was, "Original")


def original_target(opened: Opened, selection: Selection | None) -> Target | None:
    """The same token in the original: the same region, or the same word at its same occurrence."""
    if selection is None or selection.space == "region":
        return opened.target(selection)
    words, before = opened.pieces.words, opened.before.spaces["pieces"]
    word = words[selection.token]
    occurrence = words[: selection.token].count(word)
    places = [i for i, w in enumerate(before.words) if w == word]  # type: ignore[attr-defined]
    if occurrence >= len(places) or not (tokens := before.of(places[occurrence])):  # type: ignore[attr-defined]
        return None
    return Target(opened.output, "pieces", tokens)
