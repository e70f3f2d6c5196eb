"""What if: regions hidden from the model, and the change against the original."""

from __future__ import annotations

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.draw import scale
from xviz.drawings import image
from xviz.explain import METHODS
from xviz.ui import cache, components, methods, page
from xviz.ui.matching.explore import Looked
from xviz.ui.matching.sample import Scene
from xviz.ui.state import Selection


def show(scene: Scene, looked: Looked) -> None:
    """Mask regions, and see what an edit changed."""
    st.subheader("What if")
    _mask(scene, looked.selection)
    if not scene.edited:
        st.caption("Mask a region here, or edit the sentence above: the change against the original appears here.")
        return
    answer = looked.answers[0]
    if answer is None or "regions" not in answer.scores:
        st.caption("The chosen method scores no regions, so there is no change of the map to show.")
        return
    with page.told():
        _change(scene, looked, answer)


def _mask(scene: Scene, selection: Selection | None) -> None:
    """Hide the selected region from the model, or show hidden ones again."""
    choices = scene.choices
    with st.container(horizontal=True, vertical_alignment="center"):
        region = selection.token if selection and selection.space == "region" else None
        if st.button(
            "Mask this region" if region is None else f"Mask region {region + 1}",
            disabled=region is None or len(choices.masked) + 1 >= len(scene.regions),
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


def _change(scene: Scene, looked: Looked, now: Explanation) -> None:
    """How the regions' scores differ from the original's, for the same token."""
    target = original_target(scene, looked.selection)
    if target is None:
        st.caption("The original has no such word, so there is no map of it to compare with.")
        return
    was = cache.explain(scene.before, methods.ask(now.method, target, looked.call, looked.head))
    difference = now.scores["regions"] - was.scores["regions"]
    view = image.regions(
        scene.pixels,
        scene.regions.boxes,
        difference,
        labels=[f"region {i + 1}" for i in range(len(scene.regions))],
        scale=scale.diverging(difference, label=f"change of {now.unit}"),
        masked=scene.choices.masked,
        title=f"{METHODS[now.method].title} for {scene.called(looked.selection)}: change against the original",
        height=360,
    )
    components.mount(view, key=f"change {scene.place}")


def original_target(scene: Scene, selection: Selection | None) -> Target | None:
    """The same token in the original: the same region, or the same word at its same occurrence."""
    if selection is None or selection.space == "region":
        return scene.target(selection)
    words, before = scene.pieces.words, scene.before.spaces["pieces"]
    word = words[selection.token]
    occurrence = words[: selection.token].count(word)
    places = [i for i, w in enumerate(before.words) if w == word]  # type: ignore[attr-defined]
    if occurrence >= len(places) or not (tokens := before.of(places[occurrence])):  # type: ignore[attr-defined]
        return None
    return Target(scene.card.target, "pieces", tokens)
