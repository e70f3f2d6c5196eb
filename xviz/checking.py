"""Does a model that is not ours work here? One table of findings, which a person can paste into an issue."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Thread

import torch

from xviz import engine
from xviz.core.errors import ModelError, XvizError
from xviz.core.run import Inputs, Run
from xviz.core.sample import Sample
from xviz.core.spec import Spec
from xviz.core.tokens import Joined, leaves
from xviz.engine import Loaded
from xviz.explain import METHODS
from xviz.explain.available import assumptions, available

ROWS = 1e-5  #: by how much the sum of an attention row may differ from one, in float32
REPEATS = 5  #: runs that are timed, with and without listening in turn


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    what: str
    good: bool | None  #: None where nothing is right or wrong
    text: str

    def line(self) -> str:
        """The line as text: ``ok    rows sum to one       4 attentions, …``."""
        mark = {True: "ok", False: "FAIL", None: "--"}[self.good]
        return f"{mark:5} {self.what:22} {self.text}"


def check(spec: Spec, sample: Sample | None = None) -> list[Finding]:
    """Build the model of a spec, run a sample through it, and say what works.

    Args:
        spec: With ``build``, and with ``samples`` where no sample is given.
        sample: What is run; the first of the spec's samples where None.

    >>> import xviz
    >>> from xviz.finding import spec
    >>> [finding.text for finding in xviz.check(spec("examples/captioner.py")) if finding.what == "tokens"]
    ['patches 64, words 7']

    Returns:
        Findings in order; the check ends at the first that makes the rest impossible.
    """
    findings: list[Finding] = []
    try:
        loaded, sample = _loaded(spec, sample)
        findings.append(Finding("model", True, f"{spec.title}: {_size(loaded)}. {spec.weights}".strip()))
        inputs = engine.prepare(loaded, sample)
        spaces = ", ".join(f"{name} {len(space)}" for name, space in inputs.spaces.items())
        findings.append(Finding("tokens", True, spaces or "none"))
        run = engine.run_inputs(loaded, inputs, sample)
    except XvizError as error:
        return [*findings, Finding("run", False, str(error))]
    return [
        *findings,
        *_heard(run),
        *_exact(loaded, run),
        *_apart(loaded, run, sample),
        _cost(loaded, inputs),
        *_methods(loaded, run),
    ]


def _loaded(spec: Spec, sample: Sample | None) -> tuple[Loaded, Sample]:
    """The built model, and what is run.

    Raises:
        ModelError: the spec says how to do neither.
    """
    if sample is None:
        samples = spec.samples() if spec.samples is not None else {}
        if not samples:
            raise ModelError(
                f"“{spec.title}” has no sample to try. Give samples=, a function from nothing to title → Sample."
            )
        sample = next(iter(samples.values()))
    return engine.built(spec), sample


def _size(loaded: Loaded) -> str:
    count = sum(parameter.numel() for parameter in loaded.module.parameters())
    return f"{count / 1e6:.2f} million parameters"


def _heard(run: Run) -> list[Finding]:
    """What was heard, and what was not."""
    findings = [
        Finding(
            "attention heard", True,
            f"{call.name}: {call.queries} ({call.q.shape[1]}) to {call.keys} ({call.k.shape[1]}), {call.heads} heads"
            + (f". {call.note}" if call.note else ""),
        )
        for call in run.calls
    ]  # fmt: skip
    missed = [note for note in run.inputs.notes if "could not be heard" in note]
    findings += [Finding("attention missed", False, note) for note in missed]
    crosses = [call for call in run.calls if call.queries != call.keys]
    if not crosses:
        findings.append(
            Finding("cross-attention", None, f"none: every attention is among tokens of one space{_joined(run)}")
        )
    return findings


def _joined(run: Run) -> str:
    """Which sequences hold tokens of several spaces, so that these meet there."""
    names = dict.fromkeys(call.queries for call in run.calls)
    joined = [run.spaces[name] for name in names if isinstance(run.spaces[name], Joined)]
    return "".join(f"; “{space.name}” joins {', '.join(leaf.name for leaf in leaves(space))}" for space in joined)


def _exact(loaded: Loaded, run: Run) -> list[Finding]:
    """Rows, outputs and gradients."""
    largest = max(float((call.rows().double().sum(-1) - 1).abs().max()) for call in run.calls)
    plain, *again = (engine.outputs(loaded, run.inputs) for _ in range(3))
    with engine.listened(loaded):
        heard = engine.outputs(loaded, run.inputs)
    gap = max(_apart_by(plain, heard), _apart_by(plain, run.outputs))
    own = max(_apart_by(plain, other) for other in again)
    reached = sum(call.grad_out is not None for call in run.calls)
    text = "the same to the bit" if gap == 0 else f"differs by {gap:.1e} with listening"
    if own:
        text += f"; passes that nobody hears differ by {own:.1e} among themselves"
    return [
        Finding(
            "rows sum to one", largest <= ROWS, f"largest difference {largest:.1e} over {len(run.calls)} attentions"
        ),
        Finding("output unchanged", gap <= 1e-6, text),
        Finding(
            "gradients reach", reached == len(run.calls) or None,
            f"{reached} of {len(run.calls)} attentions for “{run.target}”",
        ),
    ]  # fmt: skip


def _apart_by(first: Mapping[str, float], other: Mapping[str, float]) -> float:
    return max(abs(first[name] - other[name]) for name in first)


def _apart(loaded: Loaded, run: Run, sample: Sample) -> list[Finding]:
    """Two threads run the model at once, on inputs of their own, and must hear what one alone hears."""
    wrong: list[str] = []

    def again() -> None:
        for _ in range(3):
            other = engine.run_inputs(loaded, run.inputs, sample, run.target)
            for mine, alone in zip(other.calls, run.calls, strict=True):
                if mine.name != alone.name or not torch.allclose(mine.q, alone.q, atol=1e-5):
                    wrong.append(mine.name)

    threads = [Thread(target=_safely(again, wrong)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = "each heard only itself" if not wrong else f"heard others or nothing: {', '.join(sorted(set(wrong))[:3])}"
    return [Finding("two threads at once", not wrong, text)]


def _safely(work: Callable[[], None], wrong: list[str]) -> Callable[[], None]:
    def done() -> None:
        try:
            work()
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")

    return done


def _cost(loaded: Loaded, inputs: Inputs) -> Finding:
    """Time of a forward pass with and without listening, in turn, and what the record holds."""
    plain, heard, size = [], [], 0
    for _ in range(REPEATS):
        with torch.no_grad():
            began = time.perf_counter()
            engine.outputs(loaded, inputs)
            plain.append(time.perf_counter() - began)
            began = time.perf_counter()
            with engine.listened(loaded) as tape:
                engine.outputs(loaded, inputs)
            heard.append(time.perf_counter() - began)
            size = sum(part.numel() * part.element_size() for call in tape for part in (call.q, call.k, call.v))
    text = (
        f"{min(heard) / min(plain):.2f} × the time of {1e3 * min(plain):.1f} ms; q, k and v hold {size / 2**20:.2f} MiB"
    )
    return Finding("cost of listening", None, text)


def _methods(loaded: Loaded, run: Run) -> list[Finding]:
    """Which methods can be asked, and what they take for granted."""
    reasons = available(loaded, run)
    offered = [METHODS[key].title for key, reason in reasons.items() if not reason]
    refused: dict[str, list[str]] = {}
    for key, reason in reasons.items():
        if reason:
            refused.setdefault(reason, []).append(METHODS[key].title)
    return [
        Finding("methods", bool(offered), ", ".join(offered) or "none"),
        *(Finding("not offered", None, f"{', '.join(titles)}: {reason}") for reason, titles in refused.items()),
        *(Finding("assumed", None, text) for text in assumptions(loaded)),
    ]
