"""Tokens left out, and what that changes; and how far the scores say what the model does."""

from __future__ import annotations

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.draw import scale
from xviz.drawings import tokens
from xviz.drawings.drawing import Surround
from xviz.explain import METHODS
from xviz.explain.available import assumptions
from xviz.links.link import joined
from xviz.ui import cache, components, methods, page, trust
from xviz.ui.own import explore
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked

ORDER = ("occlusion", "received", "relevance", "rollout", "gradient", "integrated", "shap")


def show(opened: Opened, looked: Looked) -> None:
    """Leave out the picked token, or bring tokens back, and see what that changed."""
    if not opened.removable:
        st.info(page.plain(no_features(opened)), icon=":material/info:")
        return
    selection = looked.selection
    space = None if selection is None else opened.space_of(selection)
    with st.container(horizontal=True, vertical_alignment="center"):
        picked = () if selection is None or space not in opened.removable else opened.tokens(selection)
        left = len(opened.run.spaces[space]) - len(opened.gone.get(space, ())) - len(picked) if picked else 0
        name = f"Leave out {opened.called(selection)}" if picked else "Leave out the picked token"
        if st.button(page.plain(name), disabled=not picked or left < 1, icon=":material/visibility_off:",
                     key=f"{opened.key} leave out"):  # fmt: skip
            gone = {**opened.gone, space: (*opened.gone.get(space, ()), *picked)}
            opened.choices.mask(joined(opened.before, gone))
            st.rerun()
        if opened.gone and st.button("Bring all back", icon=":material/visibility:", key=f"{opened.key} bring back"):
            opened.choices.mask(())
            st.rerun()
    if not opened.gone:
        st.caption("Pick a token above and leave it out; the change of the output and of the scores appears here.")
    else:
        st.caption(f"Left out: {page.plain('; '.join(_listed(opened)))}")
        _outputs(opened)
        if looked.explanations:
            with page.told():
                _change(opened, looked, looked.explanations[0])
    for text in assumptions(opened.loaded):
        st.caption(f":material/info: {page.plain(text)}")


def no_features(opened: Opened) -> str:
    """Why no token can be left out."""
    return (
        f"{opened.card.title} gives no features of its tokens, so that none can be left out. Say in its spec which "
        "module makes them (features=), or give them as tokens of its inputs."
    )


def _listed(opened: Opened) -> list[str]:
    lines = []
    for space, gone in opened.gone.items():
        form = opened.forms[space]
        indices = dict.fromkeys(form.thing(token) for token in gone)
        lines.append(f"{space}: {', '.join(form.labels[index] for index in indices)}")
    return lines


def _outputs(opened: Opened) -> None:
    before, after = opened.before.outputs, opened.run.outputs
    st.dataframe(
        [
            {
                "output": name,
                "whole sample": scale.number(before[name]),
                "tokens left out": scale.number(after[name]),
                "change": scale.signed(after[name] - before[name], ".3f"),
            }
            for name in opened.card.outputs
        ],
        hide_index=True,
    )


def _change(opened: Opened, looked: Looked, now: Explanation) -> None:
    """How the first method's scores differ from those of the whole sample, for the same token."""
    target = Target(opened.output) if now.focus is None else Target(opened.output, *now.focus)
    options = now.provenance.options
    call, head = options.get("call"), options.get("head")
    question = cache.Question(
        now.method, target, None if call is None else str(call), None if head is None else int(head)
    )
    before = cache.explain(opened.before, question)
    if not (now.facts.ranked and before.facts.ranked):
        methods.facts(now, "Now")
        methods.facts(before, "Whole sample")
        return
    title = METHODS[now.method].title if now.method in METHODS else "Attention to the picked token"
    for name in (name for name in opened.forms if name in now.scores and name in before.scores):
        form, difference = opened.forms[name], now.scores[name] - before.scores[name]
        drawing = tokens.draw(
            form,
            difference,
            scale=scale.diverging(form.painted(difference), label=f"change of {now.unit}"),
            marks=tokens.Marks(absent=opened.gone.get(name, ())),
            surround=Surround(f"{title}{explore.described(opened, now)}: change on {name}", height=320),
        )
        components.mount(drawing, key=f"change {name} {opened.place}")


# Trust


def test(opened: Opened, looked: Looked) -> None:
    """Deletion curve and intervention, for the tokens of a space."""
    if not opened.removable:
        st.info(page.plain(no_features(opened)), icon=":material/info:")
    space = opened.removable[0] if opened.removable else ""
    if len(opened.removable) > 1:
        space = str(
            st.selectbox(
                "Tokens to remove", opened.removable, key=f"{opened.key}-removed", persist_state="page", width=260
            )
        )
    focus = None
    if looked.selection is not None and (own := opened.space_of(looked.selection)):
        focus = Target(opened.output, own, opened.tokens(looked.selection))
    offered = tuple(
        key for key, reason in opened.reasons.items()
        if not reason and not (METHODS[key].needs_focus and focus is None) and _scores(opened, key, space)
    )  # fmt: skip
    first = next((key for key in ORDER if key in offered), offered[0] if offered else "")
    trust.show(
        opened,
        trust.Trial(
            prefix=f"{opened.key} {space}", space=space, tokens=f"Tokens of {space}",
            attention="The weights of all attentions are", part="", last=False, data="", methods=offered,
            beside=f"{opened.key}-beside", first=first, focus=focus,
        ),
    )  # fmt: skip


def _scores(opened: Opened, key: str, space: str) -> bool:
    """Whether a method can order the tokens of a space, as far as can be told without asking it."""
    if METHODS[key].kind != "attention":
        return True
    return any(space in explore.names(opened.run.spaces[call.keys]) for call in opened.run.calls)
