"""Two of anything side by side: the figure of the page “Compare”."""

from __future__ import annotations

from collections.abc import Mapping

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.run import Run
from xviz.engine import Session
from xviz.explain import EVERY
from xviz.figures.compare import Beside, compare_figure
from xviz.figures.figure import Figure
from xviz.plates.plate import Shown, call_title


def compare(shown: Shown) -> Figure:
    """One explanation beside another, of ``beside`` in the options.

    Raises:
        ModelError: there is no other side.
    """
    if "beside" not in shown.known:
        raise ModelError(
            "This figure has two sides; say the other one with --option beside={…}, as “Compare” tells it."
        )
    other, explanation = shown.known["beside"]
    first = side(shown.session, shown.one(), str(shown.options.get("weights") or ""))
    second = side(other, explanation, str(dict(shown.options.get("beside", {})).get("weights") or ""))
    both = [name for name in first.forms if name in second.forms]
    reasons = {name: corresponding(shown.run, other.run, name) for name in both}
    credit = "; ".join(dict.fromkeys((shown.credit, other.sample.source)))
    return compare_figure(
        first, second, {name: why for name, why in reasons.items() if why},
        shown.one().provenance, credit=credit, preset=shown.preset,
    )  # fmt: skip


def side(
    session: Session, explanation: Explanation, weights: str = "", forms: Mapping[str, Form] | None = None
) -> Beside:
    """A side with its title: model, sample, method, output, layer and head, and weights where they were chosen.

    Args:
        session: Its model, sample and run.
        explanation: What it shows.
        weights: By what name they were chosen.
        forms: How its tokens are shown, where that is known.
    """
    if forms is None:
        source = Source(session.sample, session.run.inputs)
        forms = {name: form(session.run.leaves[name], source) for name in explanation.scores}
    options, spec = explanation.provenance.options, session.model.spec
    words = [getattr(spec, "short", spec.title), session.sample.name, EVERY[explanation.method].title]
    words.append(str(options.get("target", explanation.target)))
    called = [call for call in session.run.calls if call.name == options.get("call")]
    words += [call_title(spec, call).title for call in called]
    words += [] if options.get("head") is None else [f"head {int(str(options['head'])) + 1}"]
    if explanation.focus is not None:
        space, tokens = explanation.focus
        words.append(f"from “{session.run.spaces[space].label(tokens[0])}”")
    return Beside(" · ".join([*words, *([weights] if weights else [])]), explanation, forms)


def corresponding(first: Run, second: Run, name: str) -> str:
    """Why tokens of a space do not correspond in two runs; "" where they do."""
    left, right = first.spaces[name], second.spaces[name]
    if type(left) is not type(right) or len(left) != len(right):
        return f"A has {len(left)} tokens “{name}” and B {len(right)}, so that they do not correspond."
    labels = [[space.label(i) for i in range(len(space))] for space in (left, right)]
    if labels[0] != labels[1]:
        changed = sum(a != b for a, b in zip(*labels, strict=True))
        return f"{changed} of {len(left)} tokens “{name}” are others in B, so that they do not correspond."
    return ""
