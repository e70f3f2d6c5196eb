"""What visitors share: loaded models, encoded pictures, runs and explanations.

Everything here is frozen, so that sharing is safe; keys are digests, so that no visitor meets another's sample.
What is small is counted in entries, what is large in bytes (``memory``).
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock

import streamlit as st

from xviz import engine
from xviz.core.explanation import Explanation
from xviz.core.run import Inputs, Run
from xviz.core.sample import Sample
from xviz.explain import EVERY
from xviz.explain.ask import Question
from xviz.models import MODELS
from xviz.own_models import SOURCES, SPECS
from xviz.ui import memory

__all__ = ["MODELS", "Question", "explain", "known", "load", "of_run", "outputs", "part", "prepared", "run"]


@st.cache_resource(max_entries=12, show_spinner="Loading the model …")
def load(key: str) -> engine.Loaded:
    """The model of a card, or of a spec that ``xviz app --model`` named."""
    if key in MODELS:
        card = MODELS[key]
        loaded = engine.load(card) if card.checkpoint else engine.untrained(card)
    else:
        loaded = replace(engine.built(SPECS[key]), source=SOURCES.get(key, ""))
    gc.collect()
    gc.freeze()  # modules and weights live as long as the app: no later collection looks at them again
    return loaded


@memory.kept("Preparing what the model reads …", turn=True)
def prepared(key: str, digest: str, _sample: Sample) -> Inputs:
    """What the model is fed for a sample."""
    return engine.prepare(load(key), _sample)


Gone = tuple[tuple[str, tuple[int, ...]], ...]  #: space name and its tokens that the model is not shown


def run(key: str, sample: Sample, *, gone: Gone = (), target: str | None = None, **context: float) -> Run:
    """A sample through a model, with some tokens left out and values of its context, such as ``alpha``.

    With a ``target``, the gradients of that output are kept too.
    """
    return _run(key, sample.digest, gone, target, tuple(sorted(context.items())), load(key), sample)


@memory.kept(turn=True)
def _run(
    key: str, digest: str, gone: Gone, target: str | None, context: tuple[tuple[str, float], ...],
    _loaded: engine.Loaded, _sample: Sample,
) -> Run:  # fmt: skip
    inputs = engine.adjust(prepared(key, digest, _sample), **dict(context))
    hidden = {space: tokens for space, tokens in gone if tokens}
    return engine.run_inputs(_loaded, inputs.without(hidden) if hidden else inputs, _sample, target)


def outputs(key: str, sample: Sample) -> dict[str, float]:
    """The outputs of a pair with the card's own context."""
    return _outputs(load(key), sample, key, sample.digest)


@st.cache_resource(max_entries=4096, show_spinner=False)
def _outputs(_loaded: engine.Loaded, _sample: Sample, key: str, digest: str) -> dict[str, float]:
    return engine.outputs(_loaded, prepared(key, digest, _sample))


class Shelf:
    """The explanations used last, shared by all threads.

    A shelf of our own, since Streamlit's caches refuse to move a progress bar while they compute.
    """

    def __init__(self, size: int) -> None:
        self.size, self.kept, self.lock = size, OrderedDict[Hashable, object](), Lock()

    def get(self, key: Hashable) -> object | None:
        """What is kept under a key."""
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def put(self, key: Hashable, value: object) -> None:
        """Keep one more; the one that was not read for longest goes."""
        with self.lock:
            self.kept[key] = value
            while len(self.kept) > self.size:
                self.kept.popitem(last=False)


@st.cache_resource
def _shelf() -> Shelf:
    return Shelf(1024)


@st.cache_resource
def _large() -> Shelf:
    return Shelf(64)


def key(run: Run) -> Hashable:
    """What tells one run from another: its origin, and the tokens that were absent."""
    return run.provenance.json(), tuple((name, p.numpy().tobytes()) for name, p in run.inputs.present.items())


def known(run: Run, question: Question) -> Explanation | None:
    """The explanation, if it was computed before."""
    return _shelf().get((key(run), question))


def explain(run: Run, question: Question, progress: Callable[[float, str], None] | None = None) -> Explanation:
    """The explanation of one method, computed once."""
    if (cached := known(run, question)) is not None:
        return cached
    options = {} if question.coalitions is None else {"n_samples": question.coalitions}
    explanation = EVERY[question.method].explain(
        load(run.provenance.model), run, question.target, call=question.call, head=question.head, progress=progress,
        **options,
    )  # fmt: skip
    _shelf().put((key(run), question), explanation)
    return explanation


def part(run: Run, what: Hashable, make: Callable[[], object] | None = None) -> object | None:
    """A part of an explanation that comes in large parts, such as one photo's pixels: the known one, or a new one.

    Args:
        run: That is explained.
        what: Names the part.
        make: Makes it; None only looks whether it is known.
    """
    part_key = (key(run), what)
    value = _large().get(part_key)
    if value is None and make is not None:
        _large().put(part_key, value := make())
    return value


def of_run(run: Run, make: Callable[[engine.Loaded, Run], object], what: str) -> object:
    """What ``make`` makes of a run, made once; ``what`` names it."""
    return _of_run(load(run.provenance.model), run, make, what, key(run))


@st.cache_resource(max_entries=512, show_spinner=False)
def _of_run(
    _loaded: engine.Loaded, _run: Run, _make: Callable[[engine.Loaded, Run], object], name: str, key: Hashable
) -> object:
    return _make(_loaded, _run)
