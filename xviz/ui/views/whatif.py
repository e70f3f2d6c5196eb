"""What if the views could not ask each other: cross-attention of stages switched off, and what the answer becomes."""

from __future__ import annotations

import streamlit as st

from xviz.draw.scale import signed
from xviz.ui import cache
from xviz.ui.views.sample import Subject, probabilities


@st.fragment
def show(here: Subject) -> None:
    """Switch off the cross-attention of stages, and see the answer change."""
    st.subheader("What if the views could not ask each other?")
    stages = [call.name.split(".")[0] for call in here.run.calls if not call.name.split(".")[-1].startswith("view")]
    stages += [call.name.split(".")[0] for call in here.run.calls if "_asks_" in call.name]
    gates = [gate for gate in here.run.inputs.context if f"stage{gate.removeprefix('cross_')}" in stages]
    with st.container(horizontal=True):
        off = [
            gate
            for gate in gates
            if st.toggle(f"Stage {gate.removeprefix('cross_')} off", key=f"{here.card.key}.{gate}")
        ]
    if not off:
        st.caption(
            "Switched off, the cross-attention of a stage adds nothing to its tokens; the rest of the model is as it "
            "was. The class token then sees the other views only through the stages that are left."
        )
        return
    after = cache.run(here.card.key, here.sample, target=here.output, **dict.fromkeys(off, 0.0))
    before, now = (probabilities(here.card, dict(run.outputs)) for run in (here.run, after))
    best = max(now, key=lambda name: now[name])
    change = after.outputs[here.output] - here.run.outputs[here.output]
    st.markdown(
        f"**{here.output}**: {before[here.output]:.3f} → **{now[here.output]:.3f}** ({signed(change)} in logits). "
        f"Most probable now: **{best}** ({now[best]:.3f})."
    )
    rows = [
        {"class": name, "as it is": before[name], "switched off": now[name],
         "change of logit": after.outputs[name] - here.run.outputs[name]}
        for name in sorted(before, key=lambda name: -before[name])
    ]  # fmt: skip
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f")
    number = st.column_config.NumberColumn(format="%+.2f")
    columns = {"as it is": bar, "switched off": bar, "change of logit": number}
    st.dataframe(rows, hide_index=True, column_config=columns)
