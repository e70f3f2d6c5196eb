"""Run a figure, a bundle or results again, and say whether sample, weights, versions and every number are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from xviz import __version__, beside
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.explain.method import Progress
from xviz.figures.figure import Figure
from xviz.figures.look import Look
from xviz.figures.style import PRESETS
from xviz.illustrate import draw, numbers
from xviz.plates.plate import Ask, asker
from xviz.request import Kept, Request
from xviz.session import again

CLOSE = 1e-5  #: by how much numbers of other versions may differ, of the greatest, and still be called close


@dataclass(frozen=True)
class Finding:
    """One thing that was compared."""

    what: str
    same: bool
    text: str

    def line(self) -> str:
        """``same   weights     mmca, sha256 12ab…``."""
        return f"{'same' if self.same else 'OTHER':6} {self.what:12} {self.text}"


@dataclass(frozen=True, eq=False)
class Again:
    """A request answered again."""

    request: Request
    session: Session
    explanations: tuple[Explanation, ...]
    figure: Figure | None
    findings: tuple[Finding, ...]
    ask: Ask
    known: dict[str, Any]  #: what options of the figure name and was computed


def repeat(
    kept: Kept, request: Request, *, samples: tuple[Path, ...] = (), model: str = "", progress: Progress | None = None
) -> Again:
    """Answer a request again and compare.

    Args:
        kept: The file that it stands in; samples and models are looked for beside it, and in the working folder.
        request: One of its requests.
        samples: Files of the sample, where they are elsewhere or have other names.
        model: ``file.py:SPEC``, where it is elsewhere.
        progress: Told how far the work is.

    Raises:
        XvizError: model or sample are not there, or cannot be run.
    """
    loaded, sample = kept.opened(request, samples, model)
    session = again(loaded, sample, request.provenance.options)
    ask = asker(session, progress)
    explanations = tuple(ask(Question.parse(question)) for question in request.questions)
    figure, known, more = None, dict[str, Any](), list[Finding]()
    if request.figure:
        recipe = request.recipe
        if recipe["venue"] not in PRESETS:
            raise ModelError(f"There is no venue “{recipe['venue']}”; there are {', '.join(PRESETS)}.")
        if "beside" in recipe["options"]:
            other = recipe["options"]["beside"]
            known["beside"] = beside.opened(other, kept.finder(request, samples))
            more = _beside(other, known["beside"][0])
        figure = draw(
            session, explanations, PRESETS[recipe["venue"]], recipe["credit"], kind=recipe["figure"],
            options=recipe["options"], ask=ask, look=Look.parse(recipe.get("look", {})),
            known=known,
        )  # fmt: skip
    return Again(
        request, session, explanations, figure, (*_compared(request, session, explanations), *more), ask, known
    )


def _beside(was: Mapping[str, Any], session: Session) -> list[Finding]:
    """Sample and weights of the other side of a comparison, where its record says what they were."""
    now = session.run.provenance
    both = (("sample", "digest", now.sample_digest), ("weights", "sha256", now.checkpoint_sha256))
    return [_same(part, str(was[key]), new, f"B: {was['sample']}, {key}") for part, key, new in both if key in was]


def _compared(request: Request, session: Session, explanations: tuple[Explanation, ...]) -> list[Finding]:
    """Sample, weights, versions, outputs and scores."""
    was, now, recipe = request.provenance, session.run.provenance, request.recipe
    findings = [
        _same("sample", was.sample_digest, now.sample_digest, f"{was.sample}, digest"),
        _same("weights", was.checkpoint_sha256, now.checkpoint_sha256, f"{was.checkpoint}, sha256"),
    ]
    versions = {**was.versions, **dict(recipe.get("versions", {}))}
    other = [
        f"{name} {version_}, here {_here(name)}"
        for name, version_ in sorted(versions.items())
        if version_ != _here(name)
    ]
    listed = ", ".join(f"{name} {version_}" for name, version_ in sorted(versions.items()))
    findings.append(Finding("versions", not other, "; ".join(other) or listed))
    before, after = dict(recipe.get("outputs") or {}), session.outputs
    gaps = {name: abs(value - after[name]) for name, value in before.items() if name in after}
    changed = {name: gap for name, gap in gaps.items() if gap}
    text = f"{len(gaps)} outputs"
    if changed:
        worst = max(changed, key=changed.__getitem__)
        text = (
            f"{len(changed)} of {len(gaps)} outputs differ, most “{worst}”: {before[worst]:.6g}, now {after[worst]:.6g}"
        )
    findings.append(Finding("outputs", not changed and set(before) == set(after), text))
    for told_then, explanation in zip(recipe.get("scores") or (), explanations, strict=False):
        findings.append(_scores(told_then, explanation))
    return findings


def _same(part: str, was: str, now: str, words: str) -> Finding:
    if was == now:
        return Finding(part, True, f"{words} {was[:12]}…")
    return Finding(part, False, f"{words} {was[:12]}… was used; here it is {now[:12]}…")


def _here(name: str) -> str:
    if name == "xviz":
        return __version__
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _scores(was: Mapping[str, Mapping[str, Any]], explanation: Explanation) -> Finding:
    now, method = numbers(explanation), explanation.method
    if {name: scores_["sha256"] for name, scores_ in was.items()} == {
        name: scores_["sha256"] for name, scores_ in now.items()
    }:
        count = sum(len(scores) for scores in explanation.scores.values())
        return Finding("scores", True, f"{method}: {count} numbers, to the last bit")
    if set(was) != set(now):
        return Finding("scores", False, f"{method} scored {', '.join(was)}; now {', '.join(now)}")
    size = max(max(abs(float(scores_["least"])), abs(float(scores_["most"]))) for scores_ in was.values()) or 1.0
    gap = max(abs(float(was[n][k]) - float(str(now[n][k]))) for n in was for k in ("sum", "least", "most")) / size
    close = f"; sum and limits differ by {gap:.1e} of the greatest score" + (
        ", as rounding does" if gap < CLOSE else ""
    )
    return Finding("scores", False, f"{method}: not to the last bit{close}")


def difference(was: np.ndarray, now: np.ndarray) -> float:
    """The greatest difference of two arrays of one shape; infinite where shapes differ."""
    return float(np.abs(was - now).max(initial=0.0)) if was.shape == now.shape else float("inf")
