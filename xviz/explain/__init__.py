"""The methods: from a run to an explanation, in the order in which people meet them; called, it asks one of them.

``xviz.explain(session, "look", picked="dog")`` is the function `explain` of this package.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.engine import Session
from xviz.explain import columns
from xviz.explain.ask import Picked, ask
from xviz.explain.method import Method
from xviz.explain.methods import gradcam, gradients, look, occlusion, received, relevance, rollout, shap

ALL: tuple[Method, ...] = (
    look.METHOD,
    received.METHOD,
    rollout.METHOD,
    relevance.METHOD,
    gradients.INTEGRATED,
    gradients.TIMES_INPUT,
    gradcam.METHOD,
    occlusion.METHOD,
    shap.METHOD,
)
METHODS: Mapping[str, Method] = MappingProxyType({method.key: method for method in ALL})  #: key → method
#: the same with the columns of an attention, which are asked by a direction of attention rows
EVERY: Mapping[str, Method] = MappingProxyType({**METHODS, columns.METHOD.key: columns.METHOD})

_sessions: WeakKeyDictionary[Explanation, Session] = WeakKeyDictionary()  #: what each explanation was asked about


def explain(
    session: Session, method: str = "look", *, picked: Picked | None = None, output: str | None = None, **options: Any
) -> Explanation:
    """One number for every token, by one method.

    Args:
        session: What ``xviz.run`` gave.
        method: A key of ``METHODS``; docs/methods.md has them all.
        picked: Whose view is taken: a word, an electrode or another token's name, or a pair of space and number or
            name, such as ``("regions", 3)``. None explains the output itself.
        output: Which output of the model; its first where None.
        options: ``call`` and ``head`` of methods of attention, ``progress``, and those of a single method.

    Raises:
        ModelError: there is no such method, token or output, or they do not fit each other.

    Examples:
        >>> import xviz
        >>> from xviz.places import SAMPLES
        >>> sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
        >>> session = xviz.run(xviz.load("mmca"), sample)
        >>> attention = xviz.explain(session, "look", picked="dog")
        >>> attention.scores["regions"].shape, attention.unit
        ((36,), 'attention weight')
        >>> round(float(sum(scores.sum() for scores in attention.scores.values())), 6)
        1.0
    """
    explanation = ask(METHODS, session, method, picked, output, **options)
    _sessions[explanation] = session
    return explanation


def session_of(explanation: Explanation) -> Session:
    """The session that ``explain`` was asked about.

    Raises:
        ModelError: the explanation was made by a method itself, which is told a run alone.
    """
    if (session := _sessions.get(explanation)) is None:
        raise ModelError("This explanation does not know its session. Give both: xviz.show(session, explanation).")
    return session


class _Callable(ModuleType):
    """The package as a function, since ``xviz.explain`` is both."""

    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Callable
