"""A whole session in plain functions: ``xviz.load``, ``run``, ``figure``, ``save``; with ``read`` and ``explain``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xviz import engine
from xviz.core.errors import ModelError, XvizError
from xviz.core.explanation import Explanation
from xviz.core.run import Inputs
from xviz.core.sample import Eeg, Sample
from xviz.engine import Loaded, Session
from xviz.export import bundle, safe_name, table
from xviz.figures.figure import FORMATS, Figure
from xviz.figures.look import Look
from xviz.figures.style import PRESETS
from xviz.illustrate import draw, kinds
from xviz.models import MODELS
from xviz.models.card import ModelCard
from xviz.writing import put


def models() -> dict[str, str]:
    """The models that have weights: key → name.

    Examples:
        >>> import xviz
        >>> xviz.models()["mca"]
        'EEG cross-attention'
    """
    return {key: card.short for key, card in MODELS.items() if card.checkpoint is not None}


def load(model: str = "mmca") -> Loaded:
    """A model with its verified weights, ready to run.

    Args:
        model: Its key, one of ``xviz.models()``.

    Raises:
        ModelError: there is no such model, or it has no weights.
        CheckpointError: the weights are missing or were changed.

    Examples:
        >>> import xviz
        >>> xviz.load("mca").card.short
        'EEG cross-attention'
    """
    if model not in MODELS:
        raise ModelError(f"There is no model “{model}”; there are {', '.join(models())}.")
    return engine.load(MODELS[model])


def run(
    model: Loaded,
    sample: Sample,
    *,
    output: str | None = None,
    without: Mapping[str, Sequence[int]] | None = None,
    **context: float,
) -> Session:
    """A sample through a model, with every attention on record.

    Args:
        model: What ``xviz.load`` gave.
        sample: What ``xviz.read`` gave. Electrodes are matched by name; missing ones are interpolated.
        output: Whose gradients are kept; where None the model's first output, or where some outputs are true of nearly
            every sample (the walls of a room) the greatest of the others.
        without: Space → numbers of tokens that the model is not shown, counted from 0.
        context: Numbers that replace the model's own, such as ``alpha`` of mmca.

    Raises:
        SampleError: the sample does not fit the model.
        ModelError: there is no such output, token or number.

    Examples:
        >>> import xviz
        >>> from xviz.places import SAMPLES
        >>> session = xviz.run(xviz.load("mmvit"), xviz.read(SAMPLES / "mmvit/seven.flac"))
        >>> max(session.outputs, key=session.outputs.get)
        'seven'
    """
    sample = fitted(model, sample)
    inputs = engine.prepare(model, sample)
    if unknown := sorted(set(context) - set(inputs.numbers)):
        have = f"it has {', '.join(inputs.numbers)}" if inputs.numbers else "it has none"
        raise ModelError(f"{model.spec.title} has no number “{unknown[0]}” to set; {have}.")
    return _run(model, sample, inputs, output, without, context)


def again(model: Loaded, sample: Sample, options: Mapping[str, Any]) -> Session:
    """A sample through a model as its provenance says.

    Args:
        model: What ``xviz.load`` gave.
        sample: What ``xviz.read`` gave.
        options: Of the provenance: the target, numbers of the context, and tokens that were left out.

    Raises:
        SampleError: the sample does not fit the model.
        ModelError: there is no such output or token.
    """
    sample = fitted(model, sample)
    inputs = engine.prepare(model, sample)
    context = {name: float(options[name]) for name in inputs.numbers if name in options}
    without = engine.parse_left_out(str(options.get("without", "")))
    return _run(model, sample, inputs, str(options["target"]), without, context)


def _run(
    model: Loaded, sample: Sample, inputs: Inputs, output: str | None, without: Mapping[str, Sequence[int]] | None,
    context: Mapping[str, float],
) -> Session:  # fmt: skip
    inputs = engine.adjust(inputs, **context)
    if without:
        inputs = inputs.without({space: tuple(tokens) for space, tokens in without.items() if tokens})
    heard = engine.run_inputs(model, inputs, sample, output)
    if output is None and isinstance(model.spec, ModelCard) and model.spec.everywhere:
        heard = engine.regrad(model, heard, model.spec.telling(heard.outputs))
    return Session(model, sample, heard)


def fitted(model: Loaded, sample: Sample) -> Sample:
    """The sample with the electrodes that the model reads, where it is a recording.

    Raises:
        SampleError: too few of them are there.
    """
    wanted = getattr(getattr(model.spec, "settings", None), "channels", None)
    if wanted and isinstance(eeg := sample.parts.get("eeg"), Eeg):
        from xviz.data.eeg.channels import ready

        sample = replace(sample, parts={**sample.parts, "eeg": ready(eeg, wanted)})
    return sample


def figure(
    session: Session,
    *explanations: Explanation,
    kind: str | None = None,
    venue: str = "nature-double",
    credit: str = "",
    look: Look | None = None,
    **options: Any,
) -> Figure:
    """A figure for paper, at a venue's exact width, with caption and origin inside.

    Args:
        session: What ``xviz.run`` gave.
        explanations: One or more of ``xviz.explain``; docs/own-data.md says what each kind of sample can draw.
        kind: A key of ``xviz.illustrate.kinds``; the one that fits the explanations where None.
        venue: A key of ``xviz.figures.style.PRESETS``, such as "nature-single" or "acl-double".
        credit: Origin and licence of the sample, for the caption; what ``xviz.read`` noted where "".
        look: Panels, titles, colours, limits, marks and text, as ``Look(limits="shared", marks=5)``.
        options: Of the figure: ``call`` and ``head`` of a matrix, ``spread`` of views, ``links`` of a room.

    Raises:
        ModelError: no explanation, or ones that cannot be drawn together.
        XvizError: there is no such venue.

    Examples:
        >>> import xviz
        >>> from xviz.places import SAMPLES
        >>> sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
        >>> session = xviz.run(xviz.load("mmca"), sample)
        >>> figure = xviz.figure(session, xviz.explain(session, "look", picked="dog"), venue="nature-single")
        >>> [round(side) for side in figure.size_mm][0]
        89
    """
    if venue not in PRESETS:
        raise XvizError(f"There is no venue “{venue}”; there are {', '.join(PRESETS)}.")
    offered = kinds(session.run, session.model.ours)
    if not explanations and not (kind in offered and offered[str(kind)].own):
        raise ModelError("A figure needs at least one explanation; make one with xviz.explain.")
    credit = credit or session.sample.source
    return draw(session, explanations, PRESETS[venue], credit, kind=kind, options=options, look=look)


def save(result: Figure | Explanation, path: Path | str, explanations: Sequence[Explanation] = ()) -> Path:
    """Write a figure or the scores of an explanation; the ending is the format.

    Args:
        result: A figure as .pdf, .svg, .png, .eps, or .zip with all formats; an explanation as .csv.
        path: Where to; missing folders are made, an older file is replaced.
        explanations: Whose numbers go into the .zip beside the figure.

    Raises:
        XvizError: the ending does not fit.

    Examples:
        >>> import tempfile, xviz
        >>> from xviz.places import SAMPLES
        >>> session = xviz.run(xviz.load("mmvit"), xviz.read(SAMPLES / "mmvit/seven.flac"))
        >>> found = xviz.explain(session, "relevance", output="seven")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     xviz.save(found, f"{folder}/seven.csv").read_text().splitlines()[0]
        'space,token,score'
    """
    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if isinstance(result, Figure) and ending in FORMATS:
        return result.save(path)
    if isinstance(result, Figure) and ending == "zip":
        content = bundle({safe_name(path.stem): result}, explanations)
    elif isinstance(result, Explanation) and ending == "csv":
        content = table(result).encode()
    else:
        kinds = f".{', .'.join(FORMATS)} or .zip" if isinstance(result, Figure) else ".csv"
        raise XvizError(f"This is saved as {kinds}; “{path.name}” ends otherwise.")
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, content)
    return path
