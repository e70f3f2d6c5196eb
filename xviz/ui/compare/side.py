"""One side of a comparison: model, weights, sample, sentence, output, method, token, layer and head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from xviz import custom_weights, engine, own_models
from xviz.core.explanation import Explanation
from xviz.core.forms import Form
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.core.spec import Spec
from xviz.core.tokens import leaves
from xviz.data.shipped import samples
from xviz.engine import Loaded, Session
from xviz.explain import METHODS
from xviz.explain.ask import Question, find
from xviz.explain.available import available
from xviz.links.link import shorts
from xviz.models import CARDS, MODELS
from xviz.models.card import ModelCard
from xviz.plates.any import asking
from xviz.plates.compare import side
from xviz.plates.plate import asker
from xviz.session import fitted
from xviz.ui import cache, page
from xviz.ui.compare import bring
from xviz.ui.forms import Forms
from xviz.ui.state import Choices, Selection

MEAN = "mean"
QUICK = tuple(key for key in METHODS if key != "shap")


@dataclass(frozen=True, eq=False)
class Side:
    """What one side shows."""

    session: Session
    explanation: Explanation
    title: str  #: in a line
    forms: Mapping[str, Form]  #: every space that is scored → the form in which it is shown
    weights: str = ""  #: by what name they were chosen; "" for those that are shown of the model
    selected: tuple[str, int] | None = None  #: the token whose view is shown, with its space


def specs() -> dict[str, Spec]:
    """The models that can be compared: those with weights and samples, and those that the app was started with."""
    return {card.key: card for card in CARDS if card.checkpoint and samples(card.key)} | own_models.SPECS


def choose(key: str, choices: Choices, beside: Side | None = None) -> Side | None:
    """The choices of one side, and what they give; the second side begins as the first.

    Args:
        key: Of its widgets.
        choices: With the token that was picked on either side.
        beside: The first side.
    """
    known = specs()
    st.header("A" if key == "a" else "B")
    begun = list(known).index(beside.session.model.spec.key) if beside else 0
    model = str(
        st.selectbox("Model", list(known), begun, format_func=lambda k: getattr(known[k], "short", known[k].title),
                     key=f"{key}-model", bind="query-params")
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shipped, weights = bring.example(key, known[model]), _weights(key, known[model])
    loaded = _model(model, weights)
    sample = bring.sample(key, known[model], shipped)
    if sample is None:
        return None
    sample = _fitted(model, sample.digest, loaded, sample)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outputs = list(loaded.spec.outputs)
        output = str(st.selectbox("Output", outputs, key=f"{key}-{model}-output", width=180, bind="query-params"))
        session = Session(loaded, sample, _run(model, weights, sample.digest, output, loaded, sample))
        offered = _offered(model, weights, sample.digest, loaded, session.run)
        method = str(
            st.selectbox("Method", offered, offered.index("received"), format_func=lambda k: METHODS[k].title,
                         key=f"{key}-method", bind="query-params", width=260)
        )  # fmt: skip
    question, selected = _question(session, method, output, key, choices.selection)
    explanation = None
    with page.told(), page.progress(METHODS[method].title) as move:
        explanation = _answer(model, weights, question, session, move)
    if explanation is None:
        return None
    every = _forms(model, weights, sample.digest, loaded, session.run, sample)
    named = side(session, explanation, weights, {space: every[space] for space in explanation.scores})
    return Side(session, explanation, named.title, named.forms, weights, selected)


def _weights(key: str, spec: Spec) -> str:
    """The name of the weights; "" for those that are shown of the model."""
    if not isinstance(spec, ModelCard):
        return ""
    names = custom_weights.choices(spec)
    chosen = str(st.selectbox("Weights", names, key=f"{key}-weights", bind="query-params", width=220))
    return "" if chosen == names[0] else chosen


def _offered(model: str, weights: str, digest: str, loaded: Loaded, run: Run) -> list[str]:
    """The methods that a model has."""
    if loaded.ours:
        return list(QUICK)
    return _available(model, digest, loaded, run)


@st.cache_resource(max_entries=32, show_spinner=False)
def _available(model: str, digest: str, _loaded: Loaded, _run: Run) -> list[str]:
    return [key for key, reason in available(_loaded, _run).items() if not reason and key in QUICK]


def _question(
    session: Session, method: str, output: str, key: str, picked: Selection | None
) -> tuple[Question, tuple[str, int] | None]:
    """The question, with a token, a layer and a head where the method reads them; and the token."""
    run, attends = session.run, METHODS[method].kind == "attention"
    call, head, own = None, None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if method in ("look", "received"):
            names = [call_.name for call_ in run.calls]
            titles = {n: title.title for n, title in getattr(session.model.spec, "calls", {}).items()}
            key_, last = f"{key}-{session.model.spec.key}-layer", len(names) - 1
            call = str(
                st.selectbox("Layer", names, last, format_func=lambda n: titles.get(n, n), key=key_, width=300,
                             bind="query-params")
            )  # fmt: skip
        if attends:
            count = run.call(call).heads if call else max(call_.heads for call_ in run.calls)
            start = int(key == "b" and count > 1)  # another head than the first side's, so that there is a difference
            heads = [MEAN, *range(1, count + 1)]
            key_ = f"{key}-head of {count}"
            chosen = st.selectbox("Head", heads, start, key=key_, width=110, bind="query-params")
            head = None if chosen == MEAN else int(chosen) - 1
        asks = [leaf.name for leaf in leaves(run.spaces[run.call(call).queries if call else run.calls[-1].queries])]
        if (METHODS[method].needs_focus or attends) and st.toggle(
            "Another token", key=f"{key}-focused", help="A token for this side alone; else the one that was picked."
        ):
            space = str(st.selectbox("Space", asks, key=f"{key}-{call}-space", width=150))
            leaf = run.spaces[space]
            token = st.selectbox(
                "Token", range(len(leaf)), len(leaf) // 2, format_func=leaf.label, key=f"{key}-{space}-token", width=200
            )
            own = find(run, (space, int(token)))
    focus = own or _linked(session, method, asks, picked)
    target = Target(output, *focus) if focus else asking(session, method, output, None)
    selected = None if target.space is None or not focus else (target.space, target.tokens[0])
    return Question(method, target, call, head), selected


def _linked(
    session: Session, method: str, asks: list[str], picked: Selection | None
) -> tuple[str, tuple[int, ...]] | None:
    """The token that was picked on either side, where this side has it and its method can be asked of it."""
    if picked is None:
        return None
    run, attends = session.run, METHODS[method].kind == "attention"
    space = next((name for name, short in shorts(run).items() if short == picked.space), None)
    able = asks if attends else list(run.inputs.tokens)
    if space is None or space not in able or picked.token >= len(run.spaces[space]):
        title = METHODS[method].title
        st.caption(f"No such token can be asked of on this side: “{title}” is shown without it.")
        return None
    return space, _whole(session, space, picked.token)


def _whole(session: Session, space: str, token: int) -> tuple[int, ...]:
    """The tokens that are shown as one with a token: the pieces of a word."""
    leaf = session.run.spaces[space]
    words = getattr(leaf, "of_word", None)
    return (token,) if words is None else tuple(leaf.of(int(words[token])))  # type: ignore[attr-defined]


def _model(key: str, weights: str) -> Loaded:
    """A model as it is shown on its page, or with other weights."""
    return _weighted(key, weights) if weights else cache.load(key)


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def _weighted(key: str, weights: str) -> Loaded:
    return custom_weights.load(MODELS[key], weights)


@st.cache_resource(max_entries=16, show_spinner=False)
def _fitted(model: str, digest: str, _loaded: Loaded, _sample: Sample) -> Sample:
    return fitted(_loaded, _sample)


@st.cache_resource(max_entries=32, show_spinner="Running the model …")
def _run(model: str, weights: str, digest: str, output: str, _loaded: Loaded, _sample: Sample) -> Run:
    return engine.run(_loaded, _sample, output)


@st.cache_resource(max_entries=32, show_spinner=False)
def _forms(model: str, weights: str, digest: str, _loaded: Loaded, _run: Run, _sample: Sample) -> dict[str, Form]:
    return Forms(_sample)(_loaded, _run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(model: str, weights: str, question: Question, digest: str) -> dict[str, Explanation]:
    return {}  # filled below, since a cache refuses to move a progress bar while it computes


def _answer(model: str, weights: str, question: Question, session: Session, move: page.Progress) -> Explanation:
    answers = _kept(model, weights, question, session.sample.digest)
    if "own" not in answers:
        answers["own"] = asker(session, move)(question)
    return answers["own"]
