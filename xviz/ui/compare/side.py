"""One side of a comparison: model, weights, sample, sentence, output, method, token, layer and head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from xviz import engine
from xviz.core.explanation import Explanation
from xviz.core.forms import Form
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.core.tokens import leaves
from xviz.data.shipped import samples
from xviz.engine import Loaded, Session
from xviz.explain import METHODS
from xviz.explain.ask import Question, find
from xviz.models import CARDS, MODELS
from xviz.plates.any import asking
from xviz.plates.plate import asker
from xviz.session import fitted
from xviz.ui import cache, page
from xviz.ui.forms import Forms

SHIPPED, RANDOM = "shipped weights", "random weights (control)"
MEAN = "mean"
QUICK = tuple(key for key in METHODS if key != "shap")


@dataclass(frozen=True, eq=False)
class Side:
    """What one side shows."""

    session: Session
    explanation: Explanation
    title: str  #: in a line
    forms: Mapping[str, Form]  #: every space that is scored → the form in which it is shown


def choose(key: str, beside: Side | None = None) -> Side | None:
    """The choices of one side, and what they give; the second side begins as the first.

    Args:
        key: Of its widgets.
        beside: The first side.
    """
    cards = {card.key: card for card in CARDS if card.checkpoint and samples(card.key)}
    st.header("A" if key == "a" else "B")
    begun = list(cards).index(beside.session.model.spec.key) if beside else 0
    model = str(
        st.selectbox(
            "Model", list(cards), begun, format_func=lambda k: cards[k].short, key=f"{key}-model", bind="query-params"
        )
    )
    shipped = {one.name: one for one in samples(model)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = str(
            st.selectbox(
                "Sample", list(shipped), format_func=lambda n: shipped[n].title, key=f"{key}-{model}-sample", width=260
            )
        )
        weights = st.selectbox("Weights", [SHIPPED, RANDOM], key=f"{key}-weights", bind="query-params", width=220)
    sentence = None
    if shipped[name].sentences:
        sentence = st.text_input("Sentence", shipped[name].sentences[0], key=f"{key}-{name}-sentence")
    loaded = _model(model, weights == RANDOM)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        output = str(st.selectbox("Output", list(loaded.spec.outputs), key=f"{key}-{model}-output", width=180))
        start = QUICK.index("received")
        method = str(
            st.selectbox(
                "Method",
                QUICK,
                start,
                format_func=lambda k: METHODS[k].title,
                key=f"{key}-method",
                bind="query-params",
                width=260,
            )
        )
    sample = _sample(model, name, sentence)
    run = _run(model, weights == RANDOM, sample.digest, output, sample)
    question = _question(Session(loaded, sample, run), method, output, key)
    explanation = None
    with page.told(), page.progress(METHODS[method].title) as move:
        explanation = _answer(model, weights == RANDOM, question, sample, run, move)
    if explanation is None:
        return None
    words = [cards[model].short, shipped[name].title, METHODS[method].title, output]
    if question.call:
        title = getattr(loaded.spec, "calls", {}).get(question.call)
        words.append(question.call if title is None else title.title)
    words += [] if question.head is None else [f"head {question.head + 1}"]
    words += [RANDOM] if weights == RANDOM else []
    every = _forms(model, weights == RANDOM, sample.digest, run, sample)
    forms = {space: every[space] for space in explanation.scores}
    return Side(Session(loaded, sample, run), explanation, " · ".join(words), forms)


def _question(session: Session, method: str, output: str, key: str) -> Question:
    """The question, with a token, a layer and a head where the method reads them."""
    run, attends = session.run, METHODS[method].kind == "attention"
    call, head, picked = None, None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if method in ("look", "received"):
            names = [one.name for one in run.calls]
            titles = {n: title.title for n, title in getattr(session.model.spec, "calls", {}).items()}
            place, last = f"{key}-{session.model.spec.key}-layer", len(names) - 1
            call = str(st.selectbox("Layer", names, last, format_func=lambda n: titles.get(n, n), key=place, width=300))
        if attends:
            most = run.call(call).heads if call else max(one.heads for one in run.calls)
            start = int(key == "b" and most > 1)  # another head than the first side's, so that there is a difference
            chosen = st.selectbox("Head", [MEAN, *range(1, most + 1)], start, key=f"{key}-head of {most}", width=110)
            head = None if chosen == MEAN else int(chosen) - 1
        if METHODS[method].needs_focus or (attends and st.toggle("From a token", key=f"{key}-focused")):
            asks = list(leaves(run.spaces[run.call(call).queries if call else run.calls[-1].queries]))
            space = st.selectbox("Space", [leaf.name for leaf in asks], key=f"{key}-{call}-space", width=150)
            leaf = next(one for one in asks if one.name == space)
            token = st.selectbox(
                "Token", range(len(leaf)), len(leaf) // 2, format_func=leaf.label, key=f"{key}-{space}-token", width=200
            )
            picked = find(run, (str(space), int(token)))
    return Question(method, Target(output, *picked) if picked else asking(session, method, output, None), call, head)


def _model(key: str, random: bool) -> Loaded:
    return _untrained(key) if random else cache.load(key)  # shipped weights are those of the model's own page


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def _untrained(key: str) -> Loaded:
    return engine.untrained(MODELS[key])


@st.cache_resource(max_entries=16, show_spinner="Reading the sample …")
def _sample(model: str, name: str, sentence: str | None) -> Sample:
    one = next(one for one in samples(model) if one.name == name)
    return fitted(_model(model, False), one.load(sentence) if one.sentences else one.load())


@st.cache_resource(max_entries=32, show_spinner="Running the model …")
def _run(model: str, random: bool, digest: str, output: str, _sample: Sample) -> Run:
    return engine.run(_model(model, random), _sample, output)


@st.cache_resource(max_entries=32, show_spinner=False)
def _forms(model: str, random: bool, digest: str, _run: Run, _sample: Sample) -> dict[str, Form]:
    return Forms(_sample)(_model(model, random), _run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(model: str, random: bool, question: Question, digest: str) -> dict[str, Explanation]:
    return {}  # filled below, since a cache refuses to move a progress bar while it computes


def _answer(model: str, random: bool, question: Question, sample: Sample, run: Run, move: page.Progress) -> Explanation:
    kept = _kept(model, random, question, sample.digest)
    if "own" not in kept:
        kept["own"] = asker(Session(_model(model, random), sample, run), move)(question)
    return kept["own"]
