"""From a sample to a run, with every attention call on record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version

import torch

from xviz import __version__
from xviz.core import features
from xviz.core.attention import Tape
from xviz.core.errors import ModelError
from xviz.core.listen import calls, targets
from xviz.core.naming import SpacesOf
from xviz.core.provenance import Provenance
from xviz.core.run import Inputs, Run
from xviz.core.sample import Sample
from xviz.engine.calling import batched, called, filled, forward, listened, theirs
from xviz.engine.loading import Loaded


def run(loaded: Loaded, sample: Sample, target: str | None = None, **context: float) -> Run:
    """One sample through a model, with every attention call on record.

    Args:
        loaded: The model.
        sample: What the person brought.
        target: Output whose gradients the calls shall carry; the card's first output where None.
        context: Values that replace those of the card in the model's context, such as ``alpha``.

    Raises:
        SampleError: the sample does not fit the model.
        ModelError: there is no such output, or the model is in training mode.
    """
    return run_inputs(loaded, adjust(prepare(loaded, sample), **context), sample, target)


def prepare(loaded: Loaded, sample: Sample) -> Inputs:
    """The tokens of a sample: what is read, and what the model's own networks make of that.

    Raises:
        SampleError: the sample does not fit the model.
        ForeignError: a function of the spec failed.
    """
    spec = loaded.spec
    with theirs(loaded, "reading of a sample"):
        inputs = spec.inputs(sample)
        inputs = inputs if spec.encode is None else spec.encode(loaded.module, inputs)
    return inputs if not set(spec.features) - set(inputs.tokens) else _featured(loaded, inputs)


def _featured(loaded: Loaded, inputs: Inputs) -> Inputs:
    """The inputs with the features of tokens that the module makes inside.

    Raises:
        ModelError: a module was not called, or its features are not as many as the tokens of their space.
    """
    with torch.no_grad(), features.features({}) as features_of:
        called(loaded, batched(inputs.tokens), batched(inputs.present), batched(inputs.context))
    for space, path in loaded.spec.features.items():
        if space not in features_of:
            raise ModelError(f"“{path}” was not called, so that “{space}” has no features. Name a module that is.")
        if space not in inputs.spaces or features_of[space].shape[1] != len(inputs.spaces[space]):
            have = len(inputs.spaces[space]) if space in inputs.spaces else "no"
            raise ModelError(
                f"“{path}” gives features of {features_of[space].shape[1]} tokens, but “{space}” has {have}. Name the "
                "module whose tokens these are, or give the space as many."
            )
    tokens = {**inputs.tokens, **{space: features_of[space][0] for space in loaded.spec.features}}
    present = {
        name: inputs.present.get(name, torch.ones(len(value), dtype=torch.bool)) for name, value in tokens.items()
    }
    return replace(inputs, tokens=tokens, present={**inputs.present, **present})


def adjust(inputs: Inputs, **context: float) -> Inputs:
    """The inputs with some values of the context replaced."""
    fresh = {name: torch.tensor(float(value)) for name, value in context.items()}
    return replace(inputs, context={**inputs.context, **fresh})


def run_inputs(loaded: Loaded, inputs: Inputs, sample: Sample, target: str | None = None) -> Run:
    """Prepared inputs through a model, with every attention call on record; see ``run``."""
    target = target or loaded.spec.target
    provenance = Provenance(
        model=loaded.spec.key,
        checkpoint=loaded.checkpoint,
        checkpoint_sha256=loaded.sha256,
        sample=sample.name,
        sample_digest=sample.digest,
        options={
            "target": target,
            **{name: float(inputs.context[name]) for name in inputs.numbers},
            **({"without": left_out(inputs.gone)} if inputs.gone else {}),
        },
        versions={"xviz": __version__, **{name: version(name) for name in ("torch", "numpy")}},
        origin=sample.origin,
    )
    return _record(loaded, inputs, target, provenance)


def left_out(gone: Mapping[str, tuple[int, ...]]) -> str:
    """The tokens that a run was not shown, for provenance and captions: ``regions 1-3, 8; words 2``, counted from 0."""
    return "; ".join(f"{space} {ranges(tokens)}" for space, tokens in sorted(gone.items()))


def parse_left_out(text: str) -> dict[str, tuple[int, ...]]:
    """The tokens that ``left_out`` names; space → numbers counted from 0."""
    gone = {}
    for part in filter(None, text.split("; ")):
        if (named := re.fullmatch(r"(.*?) (\d[\d, -]*)", part, re.DOTALL)) is None:  # names may have blanks
            raise ModelError(f"“{part}” should name a space and its tokens, such as regions 1-3, 8.")
        space, numbers = named.groups()
        ends = [[int(end) for end in span.split("-")] for span in numbers.split(", ")]
        gone[space] = tuple(token for first, *last in ends for token in range(first, (last or [first])[0] + 1))
    return gone


def ranges(tokens: Iterable[int]) -> str:
    """Numbers in order as ranges: "0-2, 8"."""
    runs: list[list[int]] = []
    for token in tokens:
        if runs and token == runs[-1][-1] + 1:
            runs[-1][1:] = [token]
        else:
            runs.append([token])
    return ", ".join("-".join(map(str, ends)) for ends in runs)


def regrad(loaded: Loaded, run: Run, target: str) -> Run:
    """The same run with the gradients of another output; the run itself where it has them already."""
    if run.target == target:
        return run
    return _record(loaded, run.inputs, target, run.provenance.but(target=target))


def _record(loaded: Loaded, inputs: Inputs, target: str, provenance: Provenance) -> Run:
    """One forward and one backward pass, heard.

    Raises:
        ModelError: there is no such output, no attention was heard, or its tokens cannot be told.
    """
    spec = loaded.spec
    if target not in spec.outputs:
        raise ModelError(f"{spec.title} has no output “{target}”; it has {', '.join(spec.outputs)}.")
    tokens = {name: t.detach().clone().requires_grad_() for name, t in inputs.tokens.items()}
    with torch.enable_grad(), listened(loaded) as tape:
        fed = filled(loaded, inputs, batched(tokens), batched(inputs.present))
        outputs = forward(loaded, *fed, batched(inputs.context))
    edges, value = targets(tape), outputs[target].sum()
    grads = (
        torch.autograd.grad(value, edges, allow_unused=True) if value.requires_grad and edges else (None,) * len(edges)
    )
    naming = SpacesOf(inputs.spaces, spec.attention)
    if not tape and not loaded.ours:
        raise ModelError(_silent(spec.title, tape))
    records = calls(loaded.module, tape, grads, spaces=naming)
    naming.check()
    missed = tuple(f"Attention in “{m.name}” could not be heard: {m.why} {m.advice}" for m in tape.missed)
    notes = tuple(dict.fromkeys([*inputs.notes, *loaded.notes, *missed, *tape.notes]))
    return Run(
        outputs={name: float(value[0].detach()) for name, value in outputs.items()},
        target=target,
        calls=records,
        inputs=inputs if notes == inputs.notes else replace(inputs, notes=notes),
        provenance=provenance,
    )


def _silent(title: str, tape: Tape) -> str:
    reasons = [f"“{missed.name}”: {missed.why} {missed.advice}" for missed in tape.missed]
    if reasons:
        return f"No attention of {title} could be heard. {' '.join(reasons)}"
    return (
        f"No attention was heard in {title}. xviz hears scaled_dot_product_attention, nn.MultiheadAttention and "
        "softmax(q · kᵀ) · v in eager PyTorch; a model without them has none to show."
    )


@dataclass(frozen=True, eq=False)
class Session:
    """A sample, the model that it went through, and the run: all that a question needs."""

    model: Loaded
    sample: Sample
    run: Run

    @property
    def outputs(self) -> Mapping[str, float]:
        """The model's scalar outputs by name."""
        return self.run.outputs

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading and preparing the sample changed, in words for people."""
        return (*(note for part in self.sample.parts.values() for note in part.notes), *self.run.inputs.notes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the sample may make the outputs wrong, in words for people."""
        return (
            *(warning for part in self.sample.parts.values() for warning in part.warnings),
            *self.run.inputs.warnings,
        )
