"""From a question to its parts: the target that fits the run, the calls and heads that are meant, the answer's record.

Every method asks here first, so that all of them refuse the same questions with the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xviz.core.attention import AttentionCall
from xviz.core.cells import Cells, pooled_leaves
from xviz.core.errors import ModelError
from xviz.core.explanation import NO_FACTS, Explanation, Facts
from xviz.core.provenance import Plain
from xviz.core.run import Inputs, Run, Target
from xviz.core.tokens import TokenSpace, leaves, place
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress

Rows = dict[str, Tensor]  #: leaf space name → (n,) one number per token, float64


def check(loaded: Loaded, run: Run, target: Target, *, attention: bool = False) -> Target:
    """The target, each focus token once, if the run can be asked about it.

    Methods of attention take the view of any token that asks, also of pooled ones and of the model's own; all others
    only that of the tokens that the model is fed, since they leave these out.

    Raises:
        ModelError: no such output, space or token, an empty focus, or a focus token that takes no part.
    """
    if target.output not in loaded.spec.outputs:
        have = ", ".join(loaded.spec.outputs)
        raise ModelError(f"{loaded.spec.title} has no output “{target.output}”; it has {have}.")
    if target.space is None:
        return target
    asking = {name for c in run.calls for name in names(run.spaces[c.queries])} if attention else set()
    if target.space not in {*run.inputs.tokens, *asking}:
        have = ", ".join(dict.fromkeys([*run.inputs.tokens, *sorted(asking)]))
        raise ModelError(f"There are no tokens “{target.space}” to take the view of; there are {have}.")
    if not target.tokens:
        raise ModelError(f"No token of “{target.space}” is picked. Pick one, or ask without a space.")
    tokens = tuple(dict.fromkeys(int(token) for token in target.tokens))
    place(run.spaces[target.space], target.space, tokens)
    mask = present(run.inputs, run.spaces[target.space])
    if absent := [t for t in tokens if not mask[t]]:
        raise ModelError(f"Token {absent[0]} of “{target.space}” was left out of this run. Pick one that is present.")
    return replace(target, tokens=tokens)


def whole(method: Method, call: str | None, head: int | None) -> None:
    """Refuse a call or a head for a method that explains the whole model.

    Raises:
        ModelError: a call or a head was named.
    """
    if call is not None or head is not None:
        raise ModelError(f"{method.title} explains the whole model; it cannot be asked about one layer or head.")


def calls(run: Run, target: Target, call: str | None) -> tuple[AttentionCall, ...]:
    """The call of that name, or all calls of the run; with a focus, those in which its space may ask.

    Raises:
        ModelError: no such call, or the focus asks in none of them.
    """
    named = run.calls if call is None else (run.call(call),)
    if target.space is None:
        return named
    asking = tuple(c for c in named if target.space in names(run.spaces[c.queries]))
    if not asking:
        where = "in no attention of this model" if call is None else f"not in “{call}”"
        raise ModelError(f"Tokens of “{target.space}” ask {where}. Pick a token of another space, or another layer.")
    return asking


def path(loaded: Loaded, run: Run, output: str, call: str | None) -> tuple[tuple[AttentionCall, ...], ...]:
    """The steps from the tokens to an output, each one or more calls.

    ``card.paths`` lists them; without a list these are all calls of the run, one after another. Calls that read the
    same tokens side by side, as both directions of a co-attention layer do, are one entry: ``"a.attention +
    b.attention"``.

    Raises:
        ModelError: there is no such call, or nobody said whether tokens go around the attention.
    """
    if call is not None:
        return ((run.call(call),),)
    if reason := unknown_residual(loaded, run):
        raise ModelError(reason)
    listed = loaded.spec.paths.get(output)
    if listed is None:
        return tuple((c,) for c in run.calls)
    return tuple(tuple(run.call(name.strip()) for name in step.split("+")) for step in listed)


def unknown_residual(loaded: Loaded, run: Run) -> str:
    """Why attention cannot be followed through the layers, in a sentence; "" where it can.

    Rollout and relevance assume that a residual connection goes around every attention: that is known of our models
    and of PyTorch's own layers, and a spec can say it.
    """
    if loaded.spec.residual:
        return ""
    if loaded.spec.residual is False:
        return (
            f"{loaded.spec.title} has attention without a residual connection around it; following attention through "
            "the layers assumes one. Ask about one layer instead."
        )
    parts = dict(loaded.module.named_modules())
    for name in (call.name.partition("#")[0] for call in run.calls):
        steps = name.split(".")
        inside = [parts.get(".".join(steps[:count])) for count in range(len(steps) + 1)]
        if not any(isinstance(part, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)) for part in inside):
            return (
                f"Nobody said whether a residual connection goes around “{name}”. If one goes around every attention "
                f"of {loaded.spec.title}, say residual=True in its spec; or ask about one layer."
            )
    return ""


def sources(
    run: Run, target: Target, steps: tuple[tuple[AttentionCall, ...], ...], reads: tuple[str, ...] = ()
) -> Rows:
    """1 at every token whose row is asked for, 0 elsewhere, for every leaf space on the path.

    With a focus these are its tokens, without one all present tokens of the spaces that ask on the path or, where the
    card says from which spaces outputs are read (``card.reads``), of these alone.

    Raises:
        ModelError: the focus asks nothing on the path.
    """
    every = [call for step in steps for call in step]
    asking = {name for call in every for name in names(run.spaces[call.queries])}
    if target.space is not None and target.space not in asking:
        raise ModelError(
            f"No attention on the way to “{target.output}” is asked by “{target.space}”. "
            f"Pick a token of {', '.join(sorted(asking))}, or another output."
        )
    rows: Rows = {}
    for leaf in (leaf for call in every for space in (call.queries, call.keys) for leaf in leaves(run.spaces[space])):
        rows[leaf.name] = torch.zeros(len(leaf), dtype=torch.float64)
        if leaf.name == target.space:
            rows[leaf.name][list(target.tokens)] = 1.0
        elif target.space is None and leaf.name in asking and (not reads or leaf.name in reads):
            rows[leaf.name][present(run.inputs, leaf)] = 1.0
    return rows


def names(space: TokenSpace) -> tuple[str, ...]:
    """The names of the leaves of a space."""
    return tuple(leaf.name for leaf in leaves(space))


def present(inputs: Inputs, leaf: TokenSpace) -> Tensor:
    """Which tokens of a leaf take part, (n,) bool; all where the inputs do not say, as for class tokens.

    A pooled token takes part where any of those that it covers does.
    """
    if isinstance(leaf, Cells) and leaf.of is not None:
        return torch.from_numpy(leaf.cover > 0)[:, present(inputs, leaf.of)].any(1)
    return inputs.present[leaf.name] if leaf.name in inputs.present else torch.ones(len(leaf), dtype=torch.bool)


def of_heads(call: AttentionCall, values: Tensor, head: int | None) -> Tensor:
    """(h, …) values of the heads → (…), float64: those of one head, or their mean.

    Raises:
        ModelError: there is no such head.
    """
    return mixed(call, values.double(), head)


def mixed(call: AttentionCall, values: Tensor, head: int | None) -> Tensor:
    """(h, …) values of the heads → (…), of the type that they have: those of one head, or their mean.

    Raises:
        ModelError: there is no such head.
    """
    if head is None:
        return values.mean(0)
    if not 0 <= head < call.heads:
        raise ModelError(f"“{call.name}” has {call.heads} heads, counted from 0; there is no head {head}.")
    return values[head]


def add(rows: Rows, space: TokenSpace, values: Tensor) -> None:
    """Add (…, n) values of a space, leaf by leaf, to rows; a leaf that is not there yet begins at zero."""
    start = 0
    for leaf in leaves(space):
        part = values[..., start : start + len(leaf)]
        rows[leaf.name] = rows[leaf.name] + part if leaf.name in rows else part
        start += len(leaf)


def born(run: Run, steps: tuple[tuple[AttentionCall, ...], ...]) -> list[list[Cells]]:
    """For each step the pooled leaves whose tokens are made there, the deepest first.

    A pooled space that asks, anywhere in the run, is a sequence: it is pooled where it first appears and carried on
    from there. One that only answers is pooled anew, from what its tokens have become, in every step.
    """
    carried = {name for call in run.calls for name in names(run.spaces[call.queries])}
    earlier: set[str] = set()
    fresh = []
    for step in steps:
        involved = {
            leaf.name: leaf for c in step for space in (c.queries, c.keys) for leaf in leaves(run.spaces[space])
        }
        fresh.append(pooled_leaves([leaf for name, leaf in involved.items() if name not in earlier]))
        earlier |= set(involved) & carried
    return fresh


def shares(run: Run, leaf: Cells) -> Tensor:
    """(n, tokens of ``leaf.of``) equal shares of the present tokens that each pooled one covers; rows sum to one."""
    cover = torch.from_numpy(leaf.cover > 0) & present(run.inputs, leaf.source)
    return cover.double() / cover.sum(1, keepdim=True).clamp_min(1)


def ground(run: Run, rows: Rows, pooled: Sequence[Cells]) -> Rows:
    """The rows (…, n) without those of some pooled leaves, shared out among the tokens that each was pooled from."""
    rows = dict(rows)
    for leaf in pooled:
        if leaf.name in rows:
            add(rows, leaf.source, rows.pop(leaf.name) @ shares(run, leaf))
    return rows


def grounded(run: Run, rows: Rows) -> Rows:
    """The rows with everything shared out among the tokens that the model is fed."""
    while pooled := pooled_leaves([run.spaces[name] for name in rows]):
        rows = ground(run, rows, pooled[:1])
    return rows


def gather(rows: Rows, space: TokenSpace) -> Tensor:
    """The numbers of all tokens of a space, (…, n)."""
    return torch.cat([rows[name] for name in names(space)], -1)


def tell(progress: Progress | None, share: float, words: str) -> None:
    """Report how far the work is, if anybody listens."""
    if progress is not None:
        progress(min(float(share), 1.0), words)


def answer(
    method: Method,
    run: Run,
    target: Target,
    scores: Mapping[str, Tensor | NDArray[np.float64]],
    facts: Facts = NO_FACTS,
    **options: Plain,
) -> Explanation:
    """The scores as an explanation whose provenance says how to make it again, with facts about them as a whole."""
    focus = None if target.space is None else f"{target.space} {list(target.tokens)}"
    return Explanation(
        scores={name: np.asarray(values, dtype=np.float64) for name, values in scores.items()},
        method=method.key,
        target=target.output if method.kind == "attention" else target.text(),
        unit=method.unit,
        signed=method.signed,
        provenance=run.provenance.but(method=method.key, target=target.output, focus=focus, **options),
        focus=None if target.space is None else (target.space, target.tokens),
        facts=facts,
    )
