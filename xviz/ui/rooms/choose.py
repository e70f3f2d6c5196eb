"""Which room the page is about: a shipped one, or files that the visitor brings and how they are read."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.cloud.read import UNITS, UPS
from xviz.data.cloud.scene import Room, candidates, read_room
from xviz.data.shipped import load_sample, samples
from xviz.models.card import ModelCard
from xviz.ui import memory, net, page, uploads

DETECT = "Detect automatically"
HELP = (
    "A cloud (PLY, PCD, LAS, LAZ, E57, OBJ, GLB, STL, PTX, PTS, XYZ, TXT, CSV, NPY, NPZ, any of them packed with gzip) "
    "with photos of the same room, all at once, or a zip of what ScanNet, ARKitScenes, Replica, 3RScan, S3DIS, "
    "mmdetection3d, COLMAP, nerfstudio, Polycam, Record3D or Stray Scanner export. They stay on the machine that runs "
    "xviz, in memory, for this visit only."
)
_WHY_SHOWN = 3  #: reasons that an error names


def choose(card: ModelCard) -> Sample:
    """The room that the visitor chose or brought.

    Raises:
        SampleError: what was given cannot be used.
    """
    with st.sidebar:
        st.header("Sample")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox("Shipped rooms", list(titles), key="room", bind="query-params")
        files = uploads.given("rooms.files", "Your own room", help_text=HELP)
        if not files:
            st.caption(page.plain(titles[title].credit))
            return _shipped(titles[title].name)
        unit = st.selectbox("Units", [DETECT, *UNITS], key="rooms.unit")
        up = st.selectbox("Up axis", [DETECT, *UPS], key="rooms.up")
        ids = tuple(sorted(file.ident for file in files))
        clouds, series = _candidates(ids, files)
        cloud, photos = _one_of("Cloud", clouds, "rooms.cloud"), _one_of("Photos", series, "rooms.photos")
        sample, room = _own(ids, _given(unit), _given(up), cloud, photos, files)
        _read(room)
    return sample


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


def _one_of(label: str, able: tuple[str, ...], key: str) -> str | None:
    """What the visitor picked among several; None leaves it to the reader."""
    if len(able) < 2:
        return None
    return _given(st.selectbox(label, [DETECT, *able], key=key))


def _given(choice: str) -> str | None:
    """A choice as readers take it."""
    return None if choice == DETECT else choice


def _read(room: Room) -> None:
    """What was chosen among the files, and what was left out and why."""

    def listed() -> None:
        photos = ", ".join(room.photos) or "none"
        cameras = f" Cameras: {room.layout}." if room.layout else " Cameras: none."
        st.caption(page.plain(f"Cloud: {room.cloud}, in {room.unit}, {room.up} up. Photos: {photos}.{cameras}"))
        if room.left_out:
            st.caption(f"{len(room.left_out):,} files were left out:")
            rows = {"file": list(room.left_out), "why": list(room.left_out.values())}
            st.dataframe(rows, hide_index=True, height=min(300, 40 + 36 * len(room.left_out)))

    page.folded("What was read", listed, key="what was read", icon=":material/fact_check:")


@memory.kept("Reading the room …")
def _shipped(name: str) -> Sample:
    return load_sample(name)


@st.cache_data(max_entries=32, show_spinner="Looking through the files …")
def _candidates(ids: tuple[str, ...], _given: list) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with net.reading(_given[0].name):
        return candidates([(file.name, file.data) for file in _given])


@memory.kept("Reading the room …", turn=True)
def _own(
    ids: tuple[str, ...], unit: str | None, up: str | None, cloud: str | None, photos: str | None, _given: list
) -> tuple[Sample, Room]:
    """The visitor's files as one sample, and how they were read.

    Raises:
        SampleError: they are no room, or photos are missing.
    """
    with net.reading(_given[0].name):
        room = read_room([(file.name, file.data) for file in _given], unit=unit, up=up, cloud=cloud, photos=photos)
    if "views" not in room.parts:
        why = "; ".join(f"{name}: {why}" for name, why in list(room.left_out.items())[:_WHY_SHOWN])
        raise SampleError(
            "This model reads a cloud and photos of the same room; only a cloud came. Add some photos (JPEG, PNG, "
            "HEIC, …), in the same upload; their cameras need not be known." + (f" Left out: {why}." if why else "")
        )
    options = {"unit": unit, "up": up, "cloud": cloud, "photos": photos}
    origin = {
        "files": [file.name for file in _given], "kind": "room",
        "options": {name: value for name, value in options.items() if value is not None},
    }  # fmt: skip
    return Sample(Path(_given[0].name).stem, room.parts, source="the visitor's own", origin=origin), room
