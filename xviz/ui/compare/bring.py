"""The sample of a side: one that comes with its model, or the visitor's own files, with a sentence where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from xviz.core.errors import SampleError
from xviz.core.foreign import foreign
from xviz.core.provenance import digest
from xviz.core.sample import Part, Picture, Sample
from xviz.core.spec import Spec
from xviz.data.read import held
from xviz.data.shipped import ShippedSample, samples
from xviz.data.text import read_text
from xviz.models.card import ModelCard
from xviz.opening import encoded
from xviz.ui import inputs, net, page, uploads

OWN = "Your own files …"
KINDS = {"picture": "picture", "sound": "sound", "eeg": "eeg", "points": "room"}  #: part → how its files are read
LIMIT_MB = 500
Files = tuple[tuple[str, bytes], ...]
Example = ShippedSample | Sample | None  #: None for the visitor's own


def example(key: str, spec: Spec) -> Example:
    """The sample that comes with a model; None where the visitor gives files."""
    if not isinstance(spec, ModelCard):
        theirs = _theirs(spec.key, spec)
        if not theirs:
            return None
        title = str(
            st.selectbox("Sample", list(theirs), key=f"{key}-{spec.key}-sample", width=260, bind="query-params")
        )
        return theirs[title]
    shipped = {sample_.title: sample_ for sample_ in samples(spec.key)}
    key_ = f"{key}-{spec.key}-sample"
    chosen = str(st.selectbox("Sample", [*shipped, OWN], key=key_, width=260, bind="query-params"))
    return shipped.get(chosen)


def sample(key: str, spec: Spec, chosen: Example) -> Sample | None:
    """The sample itself; None while the visitor has given nothing.

    Raises:
        SampleError: what was given cannot be used.
    """
    if not isinstance(spec, ModelCard):
        with st.expander("Your own files or sentence", expanded=chosen is None):
            return inputs.bring(spec, chosen if isinstance(chosen, Sample) else None, f"{key}-{spec.key}")
    if isinstance(chosen, ShippedSample):
        sentence = None
        if chosen.sentences:
            key_ = f"{key}-{chosen.name}-sentence"
            sentence = st.text_input("Sentence", chosen.sentences[0], key=key_, bind="query-params")
        return _shipped(spec.key, chosen.name, sentence)
    return _own(key, spec)


def _own(key: str, spec: ModelCard) -> Sample | None:
    """A sample of the visitor's own files."""
    part = next(name for name in KINDS if name in spec.wants)
    uploaded = uploads.given(
        f"{key}-{spec.key}-files", "Your own files", megabytes=LIMIT_MB,
        help_text=f"{'; '.join(spec.wants.values())}. {page.KEPT}",
    )  # fmt: skip
    files = tuple((file.name, file.data) for file in uploaded)
    text = st.text_input("Sentence", "", key=f"{key}-{spec.key}-own sentence") if "text" in spec.wants else None
    if not files or text == "":
        st.info(f"Give {spec.wants[part]}{'' if text is None else ', and a sentence'}.", icon=":material/upload_file:")
        return None
    which = digest(*(piece for file in files for piece in file))
    parts, origin = _read(spec.key, which, KINDS[part], spec, files)
    if text is not None:
        parts, origin = {**parts, "text": read_text(text)}, {**origin, "texts": {"text": text}}
    return Sample(files[0][0], parts, source=inputs.OWN, origin=origin)


@st.cache_resource(max_entries=8, show_spinner="Reading the files …")
def _read(
    key: str, digest: str, kind: str, _spec: ModelCard, _files: Files
) -> tuple[Mapping[str, Part], Mapping[str, Any]]:
    """The parts of files, and how they are read again.

    Raises:
        SampleError: they cannot be used.
    """
    with net.reading(_files[0][0]):
        parts = held(_files, kind)
    names = [name for name, _ in _files]
    if kind == "room" and "views" in _spec.wants and "views" not in parts:
        raise SampleError("This model reads a cloud and photos of the same room. Give both, in the same upload.")
    if kind == "picture" and "text" in _spec.wants:  # regions are found once, whatever the sentence
        picture = parts["picture"]
        assert isinstance(picture, Picture)
        regions = encoded(picture, _spec.settings.regions)
        origin = {"parts": {"picture": names[0]}, "regions": len(regions.boxes)}
        return {"picture": picture, "regions": regions}, origin
    return parts, {"files": names, "kind": kind}


@st.cache_resource(max_entries=16, show_spinner="Reading the sample …")
def _shipped(model: str, name: str, sentence: str | None) -> Sample:
    sample_ = next(sample_ for sample_ in samples(model) if sample_.name == name)
    return sample_.load(sentence) if sample_.sentences else sample_.load()


@st.cache_resource(max_entries=16, show_spinner="Reading samples …")
def _theirs(key: str, _spec: Spec) -> dict[str, Sample]:
    """The samples that a spec brings, each with its name as its origin.

    Raises:
        ForeignError: its function failed.
    """
    if _spec.samples is None:
        return {}
    with foreign(f"samples= of {_spec.title}"):
        samples_ = dict(_spec.samples())
    return {
        str(title): replace(sample_, shipped=True, origin={"shipped": str(title)})
        for title, sample_ in samples_.items()
    }
