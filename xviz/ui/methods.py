"""What every page does with methods: choose one, compute it, show how accurate it was and how far two agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from xviz import record
from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation, Facts
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.data.shipped import samples
from xviz.draw.scale import signed
from xviz.explain import EVERY, METHODS
from xviz.explain.faithfulness import agreement
from xviz.models.card import ModelCard
from xviz.ui import cache, charts, page, state
from xviz.ui.records import Opened

SLOW = ("shap",)  #: methods that begin only when asked to
MOST_PROBABLE = "most probable"  #: explain the class that is
ROWS = ("look", "received")  #: methods that read one attention call, as it is on the screen


def choose_method(
    label: str, default: str, *, key: str, keys: Sequence[str] = tuple(METHODS), width: int | str = "stretch"
) -> str:
    """The method that the visitor chose; a link restores it."""
    return st.selectbox(
        label, keys, index=keys.index(default), format_func=lambda k: METHODS[k].title, key=key, bind="query-params",
        width=width,
    )  # fmt: skip


def choose_head(call: AttentionCall, *, key: str = "head", bind: bool = True) -> int | None:
    """The head that the visitor chose; None is the mean over heads."""
    heads = ["mean", *range(1, call.heads + 1)]
    chosen = st.selectbox(
        "Head", heads, key=key, width=120, **({"bind": "query-params"} if bind else {"persist_state": "page"})
    )
    return None if chosen == "mean" else int(chosen) - 1


def question(method: str, target: Target, call: str, head: int | None) -> cache.Question:
    """What a method is asked: rows of attention are those of one call and head, rollout goes through all calls."""
    kind = METHODS[method].kind
    return cache.Question(method, target, call if method in ROWS else None, head if kind == "attention" else None)


def compute(run: Run, question: cache.Question, *, key: str, slow: Sequence[str] = SLOW) -> Explanation | None:
    """The explanation if it is known or quick; else a button that starts it, and None until it is pressed."""
    if (explanation := cache.known(run, question)) is not None:
        return explanation
    title = METHODS[question.method].title
    if question.method in slow and not st.button(
        f"Compute {title}", key=f"{key} compute", icon=":material/play_arrow:"
    ):
        return None
    with page.progress(title) as move:
        return cache.explain(run, question, move)


def about(opened: Opened, method: str) -> None:
    """How far a method was right where the truth is known, and behind “?” what it shows and what it does not."""
    known = EVERY[method]
    kind = kind_of(opened.card, opened.sample)
    line = record.told(opened.card, method, kind)
    icon = "verified" if line == record.trust(opened.card, method) else "unknown_document"
    st.caption(f":material/{icon}: {line}" if line else f"About {known.title.lower()}", help=known.words)


def kind_of(card: ModelCard, sample: Sample) -> str | None:
    """What a shipped sample is: composed, a photograph, simulated, …; None for the visitor's own."""
    if not sample.shipped:
        return None
    return next((shipped.kind for shipped in samples(card.key) if shipped.title == sample.name), None)


def warn_of_domain(card: ModelCard, sample: Sample, above: DeltaGenerator) -> None:
    """What the outputs are worth for this sample, above the result, where it is of another kind than the training."""
    if line := record.domain(card, kind_of(card, sample)):
        above.warning(page.plain(line), icon=":material/warning:")


def ranked(explanation: Explanation | None) -> Explanation | None:
    """The explanation, if its scores may be ranked; else its warning stands here, in the place of its map."""
    if explanation is None or explanation.facts.ranked:
        return explanation
    told(explanation.facts)
    return None


def facts(explanation: Explanation | None, lead: str = "") -> None:
    """What is to be known of an explanation as a whole; ``lead`` says which one it is."""
    if explanation is not None:
        told(explanation.facts, lead)


def told(facts: Facts, lead: str = "", *, notes: bool = True) -> None:
    """Facts in words, warnings first; without ``notes`` the warnings alone."""
    lead = f"{lead}: " if lead else ""
    for warning in facts.warnings:
        st.warning(f"{lead}{page.plain(warning)}", icon=":material/warning:")
    if notes and facts.notes:
        st.caption(f":material/rule: {lead}{page.plain(' '.join(facts.notes))}")


def agreed(first: Explanation | None, second: Explanation | None, spaces: Mapping[str, str]) -> None:
    """How far two methods agree.

    Args:
        first: An explanation, if there is one.
        second: Another.
        spaces: Space → its name for people; spaces of two tokens or fewer are passed over.
    """
    if first is None or second is None or first.method == second.method:
        return
    if not (first.facts.ranked and second.facts.ranked):
        return
    sentences = []
    for space, name in spaces.items():
        if space in first.scores and space in second.scores and len(first.scores[space]) > 2:
            both = agreement(first, second, space)
            rank = "undefined (constant scores)" if both.spearman is None else signed(both.spearman)
            sentences.append(
                f"{name}: rank correlation **{rank}**, {round(both.overlap * both.k)} of the top {both.k} shared "
                f"({both.chance * both.k:.1f} expected by chance)"
            )
    if sentences:
        titles = [METHODS[explanation.method].title for explanation in (first, second)]
        st.markdown(
            f":material/compare_arrows: Agreement of **{titles[0]}** and **{titles[1]}**. {'; '.join(sentences)}.",
            help="Spearman’s rank correlation over all tokens, and how many of the highest-scored tokens are the same.",
        )


def weigh(call: AttentionCall, head: int | None) -> NDArray[np.float64]:
    """The weights of one head, or the mean over heads, (q, k)."""
    rows = call.rows().double()
    return (rows.mean(0) if head is None else rows[head]).numpy()


def class_bars(
    card: ModelCard, series: Mapping[str, Mapping[str, float]], output: str, *, key: str
) -> Callable[[], None]:
    """The probability of every class as bars, the most probable first; a click on a bar explains its class.

    The place of the chart is kept free; what is returned draws it, and is called after the first map, since charts
    take a browser longest.

    Args:
        card: Says whether the probabilities sum to one.
        series: Name of the series → class → probability, 0–1; the first series gives the order.
        output: The class that is explained; its bars stand out.
        key: Of the widget that chooses the class.
    """
    first = next(iter(series.values()))
    ranked = sorted(first, key=lambda name: -first[name])
    strongest = ", ".join(f"{name} {first[name]:.3f}" for name in ranked[:3])
    place = st.container(height=charts.bars_height(len(ranked), len(series)), border=False)

    def draw() -> None:
        with place:
            charts.bars(
                ranked,
                {name: [values[label] for label in ranked] for name, values in series.items()},
                charts.Axis("probability", values=".3f", limits=(0, 1.05)),
                key=f"{key} bars {output} {strongest}",
                alt=f"Probability of {len(ranked)} classes; the most probable: {strongest}. Explained: {output}.",
                strong=output,
                pick=lambda _, bar: state.set_widget(key, ranked[bar]),
            )

    return draw
