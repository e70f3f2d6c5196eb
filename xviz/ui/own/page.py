"""The page of a model that is not ours, composed from the types of its token spaces."""

from __future__ import annotations

import streamlit as st

from xviz import own_models
from xviz.core.spec import Spec
from xviz.explain import METHODS
from xviz.explain.available import assumptions
from xviz.explain.glance import title
from xviz.models.card import ModelCard
from xviz.record import line
from xviz.ui import page
from xviz.ui.own import explore, export, matrix, whatif
from xviz.ui.own.sample import Opened, open_sample, show_outputs

HEARD = "A model of your own, heard as it is: no line of it was changed."


def show(key: str) -> None:
    """The whole page; what goes wrong in the model's own code is told as its own."""
    spec = own_models.named(key)
    help_text = spec.story if isinstance(spec, ModelCard) else HEARD
    st.title(page.plain(spec.title), help=help_text)
    _weights(spec)
    above = st.container()
    with page.told():
        opened = open_sample(key, above)
        if opened is not None:
            missed = tuple(note for note in opened.run.inputs.notes if "could not be heard" in note)
            for note in missed:
                above.warning(page.plain(note), icon=":material/hearing_disabled:")
            show_outputs(opened)
            more = tuple(note for note in opened.run.inputs.notes if note not in missed)
            page.notes(*opened.sample.parts.values(), above=above, more=more)
            _linked(opened)


def _weights(spec: Spec) -> None:
    """What the weights are; random ones are called so."""
    if any(word in spec.weights.lower() for word in ("random", "untrained")):
        st.warning(f"Weights: {page.plain(spec.weights)}", icon=":material/casino:")
    elif isinstance(spec, ModelCard):
        st.caption(page.plain(line(spec)))
    else:
        st.caption(f"Weights: {page.plain(spec.weights) or 'as its build= makes them; its spec says no more'}")


@st.fragment
def _linked(opened: Opened) -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        parts = {
            "Layers and heads": lambda: explore.at_a_glance(opened, looked),
            "Attention matrix": lambda: matrix.show(opened, looked),
            "What if": lambda: whatif.show(opened, looked),
            "Trust": lambda: whatif.test(opened, looked),
            "Figure": lambda: export.show(opened, looked),
            "Model": lambda: _about(opened),
        }
        page.tabs(parts)


def _about(opened: Opened) -> None:
    """What was heard, which methods are offered, and why others are not."""
    run = opened.run
    st.markdown("**Attention that was heard**")
    st.dataframe(
        [
            {
                "attention": title(run, call),
                "queries": call.q.shape[1],
                "keys": call.k.shape[1],
                "heads": call.heads,
                "gradients": "yes" if call.grad_out is not None else "no",
            }
            for call in run.calls
        ],
        hide_index=True,
    )
    if not any(call.queries != call.keys for call in run.calls):
        st.caption("There is no cross-attention: every attention is within one sequence of tokens.")
    st.markdown("**Methods**")
    st.dataframe(
        [
            {"method": METHODS[key].title, "offered": "yes" if not reason else "no", "why not": reason}
            for key, reason in opened.reasons.items()
        ],
        hide_index=True,
    )
    for text in assumptions(opened.loaded):
        st.caption(f":material/info: {page.plain(text)}")
