"""What a batch keeps of one sample and target: outputs, attention in numbers, how methods agree and are faithful."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz import engine, opening
from xviz.batch.listing import Item
from xviz.batch.modality import shapley, swapped
from xviz.batch.sanity import randomised, sanity
from xviz.core.attention import AttentionCall
from xviz.core.cells import Cells
from xviz.core.errors import SampleError, XvizError
from xviz.core.explanation import Explanation
from xviz.core.provenance import digest
from xviz.core.run import Inputs, Run, Target
from xviz.core.tokens import TokenSpace, leaves
from xviz.engine import Loaded, Session
from xviz.explain.ask import Question
from xviz.explain.faithfulness import agreement, areas
from xviz.plates.any import asking
from xviz.plates.plate import asker
from xviz.session import fitted

PREDICTED, LABEL = "predicted", "label"  #: targets that are another output for each sample

Row = dict[str, Any]
Arrays = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Wanted:
    """What is asked of every sample; plain, so that it can be sent to another process."""

    model: str
    methods: tuple[str, ...]
    targets: tuple[str, ...]
    steps: int = 8  #: of deletion and insertion; 0 for none
    seeds: int = 5  #: random orders beside them
    seed: int = 0
    heads: bool = True  #: whether entropy and mass of every head are kept
    sanity: bool = False  #: whether methods are asked again of models with random weights
    modalities: bool = False  #: whether Shapley values over modalities and swaps are kept


@lru_cache(maxsize=2)
def stages(loaded: Loaded, seed: int) -> list[tuple[str, Loaded]]:
    """The randomised models, made once in a process."""
    return randomised(loaded, seed)


def measure(loaded: Loaded, item: Item, wanted: Wanted) -> tuple[list[Row], Arrays]:
    """Rows, one for each target, and scores by ``METHOD TARGET SPACE``; a sample that fails is a row with its reason.

    Everything else that is no `XvizError` passes through: it is a bug, or the end of memory.
    """
    began = time.perf_counter()
    row: Row = {
        "index": item.index,
        "sample": item.name,
        "label": item.label,
        **{f"in.{k}": v for k, v in item.beside.items()},
    }
    try:
        sample = opening.sample(loaded, item.origin, local)
        sample = fitted(loaded, sample)
        inputs = engine.prepare(loaded, sample)
        targets = _targets(loaded, inputs, item, wanted)
        run = engine.run_inputs(loaded, inputs, sample, targets[0])
    except XvizError as error:
        return [{**row, "target": None, "error": _plain(error, item), "seconds": time.perf_counter() - began}], {}
    row |= {"sample_digest": sample.digest, **_outputs(loaded, run, item)}
    row |= attention(run, heads=wanted.heads)
    read = time.perf_counter() - began
    rows: list[Row] = []
    arrays: Arrays = {}
    for target in dict.fromkeys(targets):
        began = time.perf_counter()
        own = {**row, "target": target}
        try:
            session = Session(loaded, sample, engine.regrad(loaded, run, target))
            explanations = answers(session, target, wanted.methods)
            own |= _methods(session, target, explanations, wanted)
            if wanted.sanity:
                own |= sanity(session, target, explanations, stages(loaded, wanted.seed))
            if wanted.modalities:
                own |= shapley(session, target)
                if item.partner is not None:
                    own |= swapped(session, fitted(loaded, opening.sample(loaded, item.partner, local)), target)
            for method, explanation in explanations.items():
                arrays |= {f"{method} {target} {space}": scores for space, scores in explanation.scores.items()}
            own["scores_digest"] = digest(
                *(explanation.scores[s] for explanation in explanations.values() for s in explanation.scores)
            )
        except XvizError as error:
            own["error"] = _plain(error, item)
        rows.append({**own, "seconds": read + time.perf_counter() - began})
        read = 0.0
    return rows, arrays


def _plain(error: XvizError, item: Item) -> str:
    """The reason on one line, without the folders that somebody works in: those above the files of the sample."""
    text = str(error)
    named = [*opening.files(item.origin), *opening.files(item.partner or {})]
    files = [Path(name) for name in named if "://" not in name]
    folders = {str(folder) for file in files for folder in (file.parent, *file.absolute().parents)}
    for folder in sorted(folders - {".", Path().absolute().anchor}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w./\\-]){re.escape(folder)}[/\\]", "", text)
    return " ".join(text.split())


def local(name: str) -> Path:
    """Where a file lies on this machine; an address such as s3://… is copied into a cache first.

    Raises:
        SampleError: it cannot be reached.
    """
    if "://" not in name:
        return Path(name)
    import fsspec

    try:
        copied = fsspec.open_local(f"filecache::{name}", filecache={"same_names": True})
    except (OSError, ValueError, ImportError) as error:
        raise SampleError(f"{name} cannot be reached ({error}).") from error
    return Path(str(copied))


def _outputs(loaded: Loaded, run: Run, item: Item) -> Row:
    """Outputs, the greatest where exactly one is true, and whether it is the label."""
    row: Row = {f"output.{name}": float(value) for name, value in run.outputs.items()}
    if len(run.outputs) > 1:
        row["predicted"] = max(run.outputs, key=lambda name: run.outputs[name])
        if (truth := known(loaded, item.label)) is not None:
            row |= {"truth": truth, "correct": row["predicted"] == truth}
    return row


def known(loaded: Loaded, label: str | None) -> str | None:
    """The output that a label means: its name, or its number counted from 0; None where it is none."""
    outputs = list(loaded.spec.outputs)
    if label is None or label in outputs:
        return label
    number = label.removesuffix(".0")
    return outputs[int(number)] if number.isdecimal() and int(number) < len(outputs) else None


def _targets(loaded: Loaded, inputs: Inputs, item: Item, wanted: Wanted) -> list[str]:
    """The outputs that are explained for this sample; the model is run only where one depends on the sample."""
    targets = wanted.targets or (loaded.spec.target,)
    own = {name for name in (PREDICTED, LABEL) if name in targets and name not in loaded.spec.outputs}
    if not own:
        return list(targets)
    outputs = engine.outputs(loaded, inputs)
    best = max(outputs, key=lambda name: outputs[name])
    means = {PREDICTED: best, LABEL: known(loaded, item.label) or best}
    return [means[target] if target in own else target for target in targets]


def answers(session: Session, target: str, methods: Sequence[str]) -> dict[str, Explanation]:
    """Method → explanation."""
    ask = asker(session)
    return {method: ask(Question(method, asking(session, method, target, None))) for method in methods}


def _methods(session: Session, target: str, explanations: Mapping[str, Explanation], wanted: Wanted) -> Row:
    """Agreement of each two methods, and areas under deletion and insertion beside random orders."""
    row: Row = {}
    for a, b in combinations(explanations, 2):
        for space in explanations[a].scores:
            shared = space in explanations[b].scores and len(explanations[a].scores[space]) > 2
            if shared and len(explanations[b].scores[space]) == len(explanations[a].scores[space]):
                row[f"agreement.{a}.{b}.{space}"] = agreement(explanations[a], explanations[b], space).spearman
    for method, explanation in explanations.items():
        row |= {
            f"{method}.{name}": value for name, value in explanation.facts.numbers.items() if not isinstance(value, str)
        }
    spaces = [name for name in session.run.inputs.tokens if len(session.run.spaces[name]) > 1]
    scored = {
        m: explanation
        for m, explanation in explanations.items()
        if explanation.facts.ranked and set(spaces) <= set(explanation.scores)
    }
    if wanted.steps and scored and spaces:
        orders = list(scored.values())
        for kind in ("deletion", "insertion"):
            under, chance = areas(
                session.model, session.run, Target(target), orders, spaces, kind=kind, steps=wanted.steps,
                seeds=range(wanted.seed, wanted.seed + wanted.seeds),
            )  # fmt: skip
            row |= {f"{kind}.{method}": float(area) for method, area in zip(scored, under, strict=True)}
            row |= {f"{kind}.random": float(chance.mean()), f"{kind}.random.sd": float(chance.std())}
    return row


# Attention in numbers


def base(leaf: TokenSpace) -> str:
    """What a leaf belongs to: pooled cells to their view."""
    return leaf.base().name if isinstance(leaf, Cells) else leaf.name


def attention(run: Run, *, heads: bool = True) -> Row:
    """Of every call the mass that queries of each space give to keys of each; of every head entropy and mass across.

    Entropy is the mean over queries, divided by its greatest, the logarithm of the number of keys with weight: 1 is
    uniform. Mass across is the mean weight that a token of the sample gives to tokens of other spaces of it; class
    tokens, which are the model's own, count on neither side.
    """
    row: Row = {}
    for call in run.calls:
        mass, entropy, across, names = numbers(run, call)
        for query, to_keys in zip(names[0], mass.mean(0).tolist(), strict=True):
            for key, value in zip(names[1], to_keys, strict=True):
                row[f"mass.{call.name}.{query}>{key}"] = value
        if heads:
            for head, (own, away) in enumerate(zip(entropy.tolist(), across.tolist(), strict=True), 1):
                row[f"head.{call.name}.{head}.entropy"] = own
                row[f"head.{call.name}.{head}.across"] = None if math.isnan(away) else away
    return row


def numbers(run: Run, call: AttentionCall) -> tuple[Tensor, Tensor, Tensor, tuple[list[str], list[str]]]:
    """(h, query spaces, key spaces) mass, (h,) entropy and (h,) mass across of a call, and the names of its spaces."""
    sides = [leaves(run.spaces[name]) for name in (call.queries, call.keys)]
    names = tuple(list(dict.fromkeys(base(leaf) for leaf in side)) for side in sides)
    kinds, onto = (
        torch.from_numpy(np.eye(len(own))[np.repeat([own.index(base(leaf)) for leaf in side], [*map(len, side)])])
        for own, side in zip(names, sides, strict=True)
    )
    mass = torch.zeros(call.heads, len(names[0]), len(names[1]), dtype=torch.float64)
    total, queries = torch.zeros(call.heads, dtype=torch.float64), torch.zeros(len(names[0]), dtype=torch.float64)
    for part in call.slices():
        weights = call.rows(part).double()  # (h, queries of the part, k)
        received = weights @ onto  # (h, queries of the part, key spaces)
        taking_part = received.sum(-1).mean(0) > 0.5  # a query that takes no part has no weights
        mass += kinds[part].T @ received
        queries += kinds[part][taking_part].sum(0)
        spread = torch.special.entr(weights).sum(-1) / weights.count_nonzero(-1).clamp_min(2).double().log()
        total += spread[:, taking_part].sum(1)
    mass /= queries.clamp_min(1)[None, :, None]
    fed = {base(run.spaces[name]) for name in run.inputs.tokens} or {*names[0], *names[1]}
    away = torch.from_numpy(np.array([[q != k and {q, k} <= fed for k in names[1]] for q in names[0]], np.float64))
    own = queries * torch.from_numpy(np.array([query in fed for query in names[0]], np.float64))
    across = ((mass * away).sum(-1) * own).sum(-1) / own.sum()
    return mass, total / queries.sum().clamp_min(1), across, (names[0], names[1])
