"""Cross-attention of stages switched off, and the change of the outputs."""

from __future__ import annotations

import streamlit as st

from xviz.draw.scale import signed
from xviz.explain import METHODS
from xviz.ui import cache
from xviz.ui.trust import Trial
from xviz.ui.views.sample import Opened


def trial(opened: Opened) -> Trial:
    """The tests of a page of views: the patches of all views are removed together."""
    return Trial(
        prefix="views", space="+".join(opened.views), tokens="Patches of all views", part="", last=False,
        attention="The weights of all blocks are", data="sounds" if opened.sounds else "pictures", first="integrated",
        beside="views.order",
        methods=tuple(key for key in METHODS if not METHODS[key].needs_convolution and key != "shap"),
    )  # fmt: skip


@st.fragment
def show(opened: Opened) -> None:
    """Switch off the cross-attention of stages, and see the outputs change."""
    titles = [opened.card.calls[call.name] for call in opened.run.calls]
    gates = {title.gate: title.layer.split(",")[0] for title in titles if title.gate}
    with st.container(horizontal=True):
        off = [
            gate
            for gate, stage in gates.items()
            if st.toggle(
                f"{stage.capitalize()}: cross-attention off", key=f"{opened.card.key}.{gate}", persist_state="page"
            )
        ]
    if not off:
        st.caption(
            "Switches off attention between views: in that stage it adds nothing to the tokens, and views exchange "
            "information in the other stages only."
        )
        return
    after = cache.run(opened.card.key, opened.sample, target=opened.output, **dict.fromkeys(off, 0.0))
    before, now = (opened.card.probabilities(run.outputs) for run in (opened.run, after))
    best = max(now, key=lambda name: now[name])
    change = after.outputs[opened.output] - opened.run.outputs[opened.output]
    st.markdown(
        f"**{opened.output}**: {before[opened.output]:.3f} → **{now[opened.output]:.3f}** (logit "
        f"{signed(change)}). Most probable now: **{best}** ({now[best]:.3f})."
    )
    rows = [
        {"class": name, "original": before[name], "switched off": now[name],
         "change of logit": after.outputs[name] - opened.run.outputs[name]}
        for name in sorted(before, key=lambda name: -before[name])
    ]  # fmt: skip
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f")
    number = st.column_config.NumberColumn(format="%+.2f")
    columns = {"original": bar, "switched off": bar, "change of logit": number}
    st.dataframe(rows, hide_index=True, column_config=columns)
