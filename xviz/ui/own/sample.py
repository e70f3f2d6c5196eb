"""A sample through a model that is not ours: what the visitor brings, what comes out, and how tokens are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from xviz import own_models
from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.foreign import foreign
from xviz.core.forms import Form, Words
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.core.spec import Spec
from xviz.core.tokens import TokenSpace, leaves
from xviz.draw.scale import number, signed
from xviz.engine import Loaded
from xviz.explain.available import available
from xviz.links.link import shorts
from xviz.ui import cache, inputs, page, records
from xviz.ui.forms import Forms
from xviz.ui.state import Choices, Selection

FEW = 4  #: outputs that stand as large numbers; more are a table


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened(records.Opened):
    """A sample on the page of a model that is not ours."""

    card: Spec
    loaded: Loaded
    before: Run  #: with every token
    gone: Mapping[str, tuple[int, ...]]  #: tokens that the visitor leaves out, by space
    forms: Mapping[str, Form]  #: leaf space → how its tokens are shown
    reasons: Mapping[str, str]  #: method → why it is not offered, "" where it is

    @property
    def key(self) -> str:
        """Of the page, its widgets and its address."""
        return self.card.key

    @property
    def removable(self) -> tuple[str, ...]:
        """The spaces whose tokens can be left out."""
        return tuple(self.run.inputs.tokens)

    def leaf(self, name: str) -> TokenSpace:
        """A leaf space, also of a joined one."""
        return self.run.leaves[name]

    def space_of(self, selection: Selection) -> str | None:
        """The leaf space that a selection names; None where there is none, or no such token."""
        for name, short in shorts(self.run).items():
            if short == selection.space and selection.token < len(self.leaf(name)):
                return name
        return None

    def select(self, space: str, token: int) -> Selection:
        """A token as a selection."""
        return Selection(shorts(self.run)[space], token)

    def selection(self) -> Selection | None:
        """The selected token; at the start an example, until the visitor clears it."""
        selection = self.choices.selection
        if selection is not None:
            space = self.space_of(selection)
            return selection if space is not None and selection.token not in self.gone.get(space, ()) else None
        return None if self.choices.cleared else self.example()

    def example(self) -> Selection | None:
        """A query of the attention that is shown first: the last word, or a token in the middle."""
        parts = leaves(self.run.spaces[first_call(self.run).queries])
        worded = [part for part in parts if isinstance(self.forms[part.name], Words) and len(part) > 1]
        leaf = worded[-1] if worded else max(parts, key=len)
        present = [i for i in range(len(leaf)) if i not in self.gone.get(leaf.name, ())]
        if not present:
            return None
        return self.select(
            leaf.name, present[-1] if isinstance(self.forms[leaf.name], Words) else present[len(present) // 2]
        )

    def tokens(self, selection: Selection) -> tuple[int, ...]:
        """All tokens that are shown as one with the selected one: the pieces of a word."""
        form = self.forms[str(self.space_of(selection))]
        own = form.tokens(form.thing(selection.token))
        return tuple(t for t in own if t not in self.gone.get(str(self.space_of(selection)), ())) or (selection.token,)

    def called(self, selection: Selection | None) -> str:
        """The selected token in words."""
        if selection is None:
            return f"“{self.output}”"
        space = str(self.space_of(selection))
        form = self.forms[space]
        label = form.labels[form.thing(selection.token)]
        return f"“{label}”" if isinstance(form, Words) else f"{space}: {label}"

    def target(self, selection: Selection | None = None) -> Target:
        """What is explained: the output, or what it owes to the selected token where that can be left out."""
        space = None if selection is None else self.space_of(selection)
        if selection is None or space not in self.removable:
            return Target(self.output)
        return Target(self.output, space, self.tokens(selection))


def first_call(run: Run) -> AttentionCall:
    """The attention that is shown first: the last one between different spaces, else the last."""
    crosses = [call for call in run.calls if call.queries != call.keys]
    return (crosses or list(run.calls))[-1]


def open_sample(key: str, above: st.delta_generator.DeltaGenerator) -> Opened | None:
    """Choose a sample and an output, and run the model; None where nothing was brought yet.

    Raises:
        XvizError: the model cannot be built, the sample not be read, or the run failed.
    """
    spec, choices = own_models.named(key), Choices(key)
    with st.sidebar:
        st.header("Sample")
        sample = inputs.bring(spec, _example(spec), spec.key)
    if sample is None:
        above.info(_wanted(spec), icon=":material/upload_file:")
        return None
    loaded = cache.load(key)
    choices.start(sample.digest)
    output = _output(spec)
    before = cache.run(key, sample, target=output)
    gone = split(before, choices.masked)
    run = cache.run(key, sample, gone=tuple(gone.items()), target=output) if gone else before
    return Opened(
        card=spec, choices=choices, sample=sample, run=run, before=before, output=output, loaded=loaded, gone=gone,
        forms=cache.of_run(before, Forms(sample), "forms"),
        reasons=cache.of_run(before, available, "available"),
    )  # fmt: skip


def _example(spec: Spec) -> Sample | None:
    examples = _samples(spec.key, _spec=spec)
    if not examples:
        return None
    title = st.selectbox("Example", list(examples), key=f"{spec.key}-sample", bind="query-params")
    return examples[title]


@st.cache_resource(max_entries=16, show_spinner="Reading samples …")
def _samples(key: str, _spec: Spec) -> dict[str, Sample]:
    """The samples that a spec brings.

    Raises:
        ForeignError: its function failed.
        ModelError: it gives something else.
    """
    if _spec.samples is None:
        return {}
    with foreign(f"samples= of {_spec.title}"):
        samples = dict(_spec.samples())
    if wrong := [title for title, sample in samples.items() if not isinstance(sample, Sample)]:
        raise ModelError(f"samples= of {_spec.title} must give title → Sample; “{wrong[0]}” is none.")
    return {
        str(title): replace(sample, shipped=True, origin={"shipped": str(title)}) for title, sample in samples.items()
    }


def _wanted(spec: Spec) -> str:
    wanted = "; ".join(f"{name}: {meaning}" for name, meaning in spec.wants.items())
    needs = f" It needs {page.plain(wanted)}." if wanted else ""
    return f"This model brings no sample. Give your own at the left.{needs}"


def _output(spec: Spec) -> str:
    """The output that is explained."""
    names = list(spec.outputs)
    if len(names) == 1:
        return names[0]
    return str(
        st.selectbox(
            "Explained output", names, key=f"{spec.key}-output", bind="query-params", width=300,
            help="\n\n".join(f"**{page.plain(name)}** {page.plain(meaning)}" for name, meaning in spec.outputs.items()),
        )
    )  # fmt: skip


def split(run: Run, masked: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Numbers of tokens, counted through all spaces that can be left out, → space and tokens of it.

    A space of which no token would be left keeps all of its own.
    """
    masked_of, start = {}, 0
    for name in run.inputs.tokens:
        count = len(run.spaces[name])
        own = tuple(token - start for token in masked if start <= token < start + count)
        if own and len(own) < count:
            masked_of[name] = own
        start += count
    return masked_of


def show_outputs(opened: Opened) -> None:
    """What the model gives, with the change where tokens are left out."""
    spec, outputs, before = opened.card, opened.run.outputs, opened.before.outputs
    names = list(spec.outputs)
    if len(names) <= FEW:
        for column, name in zip(st.columns(max(FEW - 1, len(names))), names, strict=False):
            change = signed(outputs[name] - before[name], ".3f") if opened.gone else None
            column.metric(
                page.plain(name), number(outputs[name]), change, help=page.plain(spec.outputs[name]),
                delta_description="from the whole sample" if change else None,
            )  # fmt: skip
        return
    rows = [
        {"output": name, "value": outputs[name], "what it is": spec.outputs[name]}
        | ({"change": outputs[name] - before[name]} if opened.gone else {})
        for name in names
    ]
    st.dataframe(rows, hide_index=True, height=180)
