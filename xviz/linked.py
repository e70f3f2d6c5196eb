"""Both sides of every attention of a run, linked, as one object for a notebook and one HTML file for a colleague.

The page holds the live components of the app, with the rows of attention inside: it asks nothing of any server. A row
is kept as shares of its greatest weight in 255 steps, so that what is read from it is exact to half a step.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError, XvizError
from xviz.core.explanation import Explanation
from xviz.core.forms import Form, OnHead, Words, form
from xviz.core.grounds import Source
from xviz.core.run import Run
from xviz.core.sample import Sample
from xviz.core.tokens import leaves
from xviz.draw.scale import Scale
from xviz.draw.scalp import field, flat
from xviz.drawings.drawing import Drawing, Surround
from xviz.drawings.offline import components, document
from xviz.drawings.payload import pack
from xviz.drawings.points import beginning
from xviz.drawings.scripts import read
from xviz.drawings.tokens import draw, scaled
from xviz.engine import Session
from xviz.explain import METHODS, session_of

MOST = 12_000_000  #: bytes of weights in a page
HEIGHT = 720  #: of the frame in a notebook, CSS pixels
CELLS = 40  #: of a side of the field between electrodes
ELECTRODES = 128  #: most for which the field between them goes along
LEAD = (
    "Left are queries, right are keys. Click a token to the left to see its attention, one to the right to see the "
    "attention that it gets; Esc returns to the mean over all queries. Weights are rounded to 1/255 of the greatest of "
    "each row."
)
BODY = '<form id="choices" class="choices"></form><main id="sides"></main><p id="now" role="status"></p>'


@dataclass(frozen=True, eq=False)
class Shown:
    """A page with linked drawings: a notebook shows it, ``save`` writes it."""

    title: str
    page: str  #: the HTML of the whole page
    height: int  #: of the frame in a notebook, CSS pixels
    notes: tuple[str, ...]  #: what was left out, in sentences

    def _repr_html_(self) -> str:
        """The page in a frame of its own, which may run scripts and reach nothing outside."""
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts" title="{html.escape(self.title)}" '
            f'style="width:100%;height:{self.height}px;border:0"></iframe>'
        )

    def __repr__(self) -> str:
        """What it is, and how to see it, where no HTML is shown."""
        return f"Shown({self.title!r}, {len(self.page) / 1e6:.1f} MB; .save('page.html') writes it)"

    def save(self, path: Path | str) -> Path:
        """Write the page as one HTML file that opens offline; missing folders are made.

        Raises:
            XvizError: the name does not end in .html.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise XvizError(f"The page is saved as .html; “{path.name}” ends otherwise.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.page, encoding="utf-8")
        return path


def show(what: Session | Run | Explanation, *explanations: Explanation, title: str = "", height: int = HEIGHT) -> Shown:
    """Both sides of every attention, linked by clicking, with layers and heads to choose.

    Args:
        what: A session, a run, or what ``xviz.explain`` gave. A run alone knows no sample: its tokens are drawn on what
            the model was fed, or by their names.
        explanations: Scores of methods, to be chosen beside attention.
        title: Of the page; model and sample where "".
        height: Of the frame in a notebook, CSS pixels.

    Raises:
        ModelError: an explanation did not come from ``xviz.explain``, and no session was given; or it scores tokens
            that the run has not.

    Examples:
        >>> import xviz
        >>> from xviz import engine
        >>> from xviz.finding import spec
        >>> given = spec("examples/captioner.py:SPEC")
        >>> shown = xviz.show(engine.run(engine.built(given), given.samples()["A red square"]))
        >>> shown.title, shown.notes
        ('captioner, square', ())
    """
    scored: tuple[Explanation, ...] = (what, *explanations) if isinstance(what, Explanation) else explanations
    source = session_of(what) if isinstance(what, Explanation) else what
    run, sample = (source.run, source.sample) if isinstance(source, Session) else (source, None)
    model_title = source.model.spec.title if isinstance(source, Session) else run.provenance.model
    page_title = title or f"{model_title}, {run.provenance.sample}"
    names = _names(run, scored)
    forms = {name: _form(run, name, sample) for name in names}
    drawings = {name: beginning(draw(space_form, surround=Surround(title=name))) for name, space_form in forms.items()}
    titles = getattr(source.model.spec, "calls", {}) if isinstance(source, Session) else {}
    calls, arrays, notes = _attention(run, {name: call.title for name, call in titles.items()})
    scores = [_scored(explanation, forms, arrays, number) for number, explanation in enumerate(scored)]
    panels = [_panel(number, name, forms[name], drawings[name], arrays) for number, name in enumerate(names)]
    index = pack({"calls": calls, "explanations": scores, "panels": panels}, **arrays)
    code = components({drawing.kind: f"xviz_{drawing.kind}" for drawing in drawings.values()})
    mounts = ", ".join(f"{kind}: xviz_{kind}" for kind in dict.fromkeys(d.kind for d in drawings.values()))
    page = document(
        page_title, lead=LEAD, body=BODY, caption=_caption(run, sample, notes),
        data=_data(index, list(drawings.values())),
        code="\n".join([code, f"const MOUNTS = {{ {mounts} }};", read("message.js", "offline.js", "linked.js")]),
    )  # fmt: skip
    return Shown(page_title, page, height, notes)


def _names(run: Run, explanations: Sequence[Explanation]) -> tuple[str, ...]:
    """The leaf spaces that are drawn.

    Raises:
        ModelError: an explanation scores tokens that the run has not.
    """
    names = [leaf.name for call in run.calls for side in (call.queries, call.keys) for leaf in leaves(run.spaces[side])]
    for explanation in explanations:
        for name, scores in explanation.scores.items():
            if name not in run.spaces or len(run.spaces[name]) != len(scores):
                raise ModelError(f"The explanation scores “{name}”, {len(scores)} tokens; the run has other tokens.")
        names += list(explanation.scores)
    return tuple(dict.fromkeys(names))


def _form(run: Run, name: str, sample: Sample | None) -> Form:
    return form(run.spaces[name], Source(sample, run.inputs))


def _attention(
    run: Run, titles: Mapping[str, str]
) -> tuple[list[dict[str, object]], dict[str, NDArray], tuple[str, ...]]:
    """What the page knows of calls, their rows, and what was left out: cross-attention comes first, means before heads.

    Args:
        run: Of the sample.
        titles: Name of a call → what it is for people, where a card says it.

    Returns:
        One record for each call that fits, the arrays ``c0h-1`` (its mean) and ``c0h2`` with their greatest weights,
        and sentences.
    """
    order = sorted(range(len(run.calls)), key=lambda i: run.calls[i].queries == run.calls[i].keys)
    sizes = {i: run.calls[i].q.shape[1] * run.calls[i].k.shape[1] for i in order}
    left, fitting, whole = MOST, [], set()
    for i in order:
        if sizes[i] <= left:
            fitting.append(i)
            left -= sizes[i]
    for i in fitting:
        if run.calls[i].heads > 1 and sizes[i] * run.calls[i].heads <= left:
            whole.add(i)
            left -= sizes[i] * run.calls[i].heads
    arrays: dict[str, NDArray] = {}
    records: list[dict[str, object]] = []
    for i in sorted(fitting):
        call, sides = run.calls[i], (run.calls[i].queries, run.calls[i].keys)
        arrays |= _rows(call, f"c{i}", heads=i in whole)
        queries, keys = ([leaf.name for leaf in leaves(run.spaces[side])] for side in sides)
        heads = call.heads if i in whole else 0
        title = titles.get(call.name, f"{call.name}: {sides[0]} to {sides[1]}")
        records.append(
            {"id": f"c{i}", "title": title, "queries": queries, "keys": keys,
             "all": call.heads, "heads": heads, "count": [call.q.shape[1], call.k.shape[1]], "note": call.note}
        )  # fmt: skip
    lost = [run.calls[i].name for i in order if i not in fitting]
    plain = [run.calls[i].name for i in fitting if run.calls[i].heads > 1 and i not in whole]
    notes = []
    if lost:
        notes.append(f"Left out, so that the page stays below {2 * MOST / 1e6:.0f} MB: {', '.join(lost)}.")
    if plain:
        notes.append(f"The mean of all heads alone, so that the page stays small: {', '.join(plain)}.")
    return records, arrays, tuple(notes)


def _rows(call: AttentionCall, key: str, *, heads: bool) -> dict[str, NDArray]:
    """The rows as the page keeps them: (q, k) levels of 255 and (q,) greatest weights, of the mean and of each head."""
    parts_of: dict[str, list[NDArray]] = {}
    for part in call.slices():
        rows = call.rows(part).float().numpy()
        maps = {-1: rows.mean(0), **(dict(enumerate(rows)) if heads else {})}
        for head, weights in maps.items():
            greatest = weights.max(1, initial=np.finfo(np.float32).tiny)
            levels = np.round(255 * weights / greatest[:, None]).astype(np.uint8)
            parts_of.setdefault(f"{key}h{head}", []).append(levels)
            parts_of.setdefault(f"{key}h{head}most", []).append(greatest.astype(np.float32))
    return {name: np.concatenate(parts) for name, parts in parts_of.items()}


def _panel(number: int, name: str, space_form: Form, drawing: Drawing, arrays: dict[str, NDArray]) -> dict[str, object]:
    """What the page knows of a space: which component draws it, and which thing each token belongs to."""
    if isinstance(space_form, Words):
        arrays[f"of{number}"] = space_form.of_token.astype(np.uint32)
    if isinstance(space_form, OnHead) and len(space_form) <= ELECTRODES:
        places = flat(space_form.positions)
        each = [field(places, unit, cells=CELLS, reach=1.3) for unit in np.eye(len(space_form))]
        arrays[f"field{number}"] = np.array(each, np.float32)
    return {
        "name": name, "kind": drawing.kind, "count": space_form.count, "labels": list(space_form.labels),
        "cells": CELLS, "still": drawing.still is not None,
    }  # fmt: skip


def _asked(explanation: Explanation, forms: Mapping[str, Form]) -> str:
    """The output that is explained, and what it is owed to under its name on the page."""
    if not explanation.owed or explanation.focus is None or explanation.focus[0] not in forms:
        return explanation.target
    space_form, tokens = forms[explanation.focus[0]], explanation.focus[1]
    indices = dict.fromkeys(
        int(space_form.of_token[token]) if isinstance(space_form, Words) else token for token in tokens
    )
    return f"{explanation.output} owed to {', '.join(f'“{space_form.labels[index]}”' for index in indices)}"


def _scored(
    explanation: Explanation, forms: Mapping[str, Form], arrays: dict[str, NDArray], number: int
) -> dict[str, object]:
    """What the page knows of an explanation: one scale for all of its spaces, since its scores have one unit."""
    painted = {name: forms[name].painted(scores) for name, scores in explanation.scores.items()}
    scales = [
        scaled(forms[name], explanation.scores[name], signed=explanation.signed, label=explanation.unit)
        for name in painted
    ]
    scale = Scale(min(s.low for s in scales), max(s.high for s in scales), explanation.signed, explanation.unit)
    for index, values in enumerate(painted.values()):
        arrays[f"e{number}s{index}"] = np.asarray(values, np.float32)
    arrays[f"e{number}lut"] = scale.lut()
    title = METHODS[explanation.method].title if explanation.method in METHODS else explanation.method
    return {
        "title": f"{title}, {_asked(explanation, forms)}", "spaces": list(painted), "scale": scale.header(np.zeros(0)),
        "note": " ".join(explanation.facts.sentences), "ranked": explanation.facts.ranked,
    }  # fmt: skip


def _data(index: bytes, drawings: Sequence[Drawing]) -> dict[str, bytes]:
    data = {"index": index, "attention-lut": pack({}, lut=Scale(0, 1).lut())}
    for number, drawing in enumerate(drawings):
        data[f"panel-{number}"] = drawing.payload
        if drawing.still is not None:
            data[f"still-{number}"] = drawing.still
    return data


def _caption(run: Run, sample: Sample | None, notes: Sequence[str]) -> str:
    """Where it comes from, what was noted, what was left out."""
    was = run.provenance
    sentences = [*notes, *run.inputs.notes, *([sample.source] if sample is not None and sample.source else [])]
    origin = f"Model {was.model}, weights {was.checkpoint} ({was.checkpoint_sha256[:12]}), sample {was.sample} "
    return " ".join([origin + f"({was.sample_digest[:12]}), xviz {was.versions.get('xviz', '')}.", *sentences])
