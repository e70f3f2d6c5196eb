"""Which room: a shipped one or the visitor's own files, and what outputs are worth for it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.cloud.read import SUFFIXES, UNITS, UPS
from xviz.data.cloud.scene import read_scene
from xviz.data.shipped import load_sample, samples
from xviz.models.card import ModelCard
from xviz.ui import page

KINDS = (*(suffix.removeprefix(".") for suffix in SUFFIXES), "zip", "jpg", "jpeg", "png", "webp", "json")
DETECT = "detect automatically"  #: the unit of coordinates
HELP = (
    "A cloud (PLY, PCD, LAS, LAZ, XYZ, TXT, CSV, PTS, ASC, NPY, NPZ) and photos of the same room in one upload, or a "
    "zip of an exported ScanNet scene. Pose and intrinsics files with the names of the photos give their cameras. "
    "Files stay in the memory of the machine that runs xviz, for this visit only."
)


def choose(card: ModelCard) -> Sample:
    """The room that the visitor chose or brought.

    Raises:
        SampleError: what was given cannot be used.
    """
    with st.sidebar:
        st.subheader("Sample")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox("Shipped rooms", list(titles), key="room", bind="query-params")
        given = st.file_uploader(
            "Your own room", type=list(KINDS), accept_multiple_files=True, key="rooms.files", max_upload_size=1024,
            help=HELP,
        )  # fmt: skip
        if not given:
            st.caption(page.plain(titles[title].credit))
            return _shipped(titles[title].name)
        unit = st.selectbox("Units", [DETECT, *UNITS], key="rooms.unit")
        up = st.selectbox("Up axis", list(UPS), index=list(UPS).index("z"), key="rooms.up")
    ids = tuple(sorted(file.file_id for file in given))
    return _own(ids, None if unit == DETECT else unit, up, given)


def warn(sample: Sample) -> None:
    """What the outputs are worth for this room, above them."""
    kinds = {shipped.title: shipped.kind for shipped in samples("mit")}
    if not sample.shipped:
        st.warning(
            "**The model was trained on composed rooms only**, and nothing was measured on your own. Its classes may "
            "be wrong; the attention is exactly what it used.",
            icon=":material/warning:",
        )
    elif kinds.get(sample.name) == "real":
        st.warning(
            "**The model was trained on composed rooms only; this is a real scan**, on which nothing was measured. Its "
            "classes may be wrong; the attention is exactly what it used.",
            icon=":material/warning:",
        )


@st.cache_resource(max_entries=4, show_spinner="Reading the room …")
def _shipped(name: str) -> Sample:
    return load_sample(name)


@st.cache_resource(max_entries=2, show_spinner="Reading the room …")
def _own(ids: tuple[str, ...], unit: str | None, up: str, _given: list) -> Sample:
    """The visitor's files as one sample.

    Raises:
        SampleError: they are no room, or photos are missing.
    """
    parts = read_scene([(file.name, file.getvalue()) for file in _given], unit=unit, up=up)
    if "views" not in parts:
        raise SampleError(
            "This model needs a cloud and photos of the same room, but the upload has only a cloud. Add some photos "
            "(JPEG, PNG or WebP) to the same upload; their cameras need not be known."
        )
    return Sample(Path(_given[0].name).stem, parts, source="the visitor's own")
