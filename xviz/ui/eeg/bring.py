"""What the visitor brings: files of one recording, how they are read, and what is done to the signal."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from xviz.core.provenance import digest
from xviz.core.sample import Eeg
from xviz.data.eeg.condition import HUM, REFERENCES, Condition, hum
from xviz.data.eeg.condition import conditioned as condition_of
from xviz.data.eeg.overview import Overview, of_recording
from xviz.data.eeg.read import UNITS, EegFile, Gaps, Stretch, open_eeg, overview_of
from xviz.data.shipped import ShippedSample
from xviz.ui import memory, net, page, state, uploads

LIMIT_MB = 500
MISSING = {"interpolate": "interpolated from their neighbours", "leave out": "left out"}
DETECT = "detect automatically"  #: the unit of the numbers
NATIVE = "native montage"
MONTAGES = {"model": "the model's 32 electrodes", NATIVE: "native: channels as they are"}
TABLES = (".csv", ".tsv", ".txt", ".npy", ".mat", ".npz")  #: what may not say its rate
GAPS: dict[str, Gaps] = {"kept as they are": "keep", "closed": "close"}


@dataclass(frozen=True, eq=False)
class File:
    """One file of a recording."""

    name: str
    data: bytes
    uploaded: str = ""  #: what Streamlit calls this upload and no other; "" for a shipped file


Files = tuple[File, ...]


@dataclass(frozen=True)
class Options:
    """How a recording is read."""

    unit: str | None
    rate: float | None
    missing: str
    gaps: Gaps
    avoid: bool  #: whether stretches that are marked bad are kept out
    keep_bads: bool  #: whether channels that are marked bad are used
    rest: float | None  #: s before the stretch that are taken as rest; None for the recording's own


def uploaded() -> Files:
    """The visitor's files, none while there are none."""
    files = uploads.given(
        "eeg.file", "Your own recording", megabytes=LIMIT_MB,
        help_text="EDF, BDF, GDF, FIF (parts and epochs too), EEGLAB .set and .fdt, BrainVision's three files, "
        "Neuroscan and ANT .cnt, Nihon Kohden, Persyst, Micromed, XDF, an .mff as a zip, OpenBCI, Muse and Emotiv "
        "files, DEAP, SEED, DREAMER, MAT, NPZ, NPY, CSV; BIDS with its tables. Several files of one recording at once, "
        "or a zip. It stays on the machine that runs xviz; files of EEG systems are kept there in a private folder "
        "while they are read, then deleted.",
    )  # fmt: skip
    return tuple(File(file.name, file.data, file.ident) for file in files)


def options(files: Files) -> Options:
    """Import options, in the sidebar."""
    tables = any(file.name.lower().endswith(TABLES) for file in files)
    with st.expander("Import options"):
        unit = st.selectbox(
            "Unit", [DETECT, *UNITS], key="unit",
            help="Inferred from the file and from how large its numbers are; the unit used is shown above the result.",
        )  # fmt: skip
        rate = None
        if tables:
            rate = st.number_input(
                "Sampling rate, Hz", 1.0, 100_000.0, None, key="rate", placeholder="as the file says",
                help="Needed where the file has no column of time; what is given here counts before the file.",
            )  # fmt: skip
        missing = st.radio(
            "Missing, flat or broken electrodes", list(MISSING), format_func=MISSING.get, key="missing",
            help="Interpolated with spherical splines (MNE), or left out: the model then runs without them.",
        )  # fmt: skip
        gaps = st.radio(
            "Gaps", list(GAPS), key="gaps", horizontal=True,
            help="Gaps are not numbers. Closed, what was recorded before and after a gap stands together.",
        )  # fmt: skip
        avoid = st.toggle("Leave out stretches marked bad", True, key="avoid", help="BAD_… annotations of the file.")
        keep_bads = st.toggle(
            "Use channels marked bad", False, key="keep bads", help="The file's own list of bad channels."
        )
        rest = st.number_input(
            "Rest before the stretch, s", 0.0, 60.0, 0.0, 1.0, key="rest",
            help="Features are measured from it, 2 s or more; 0 for the rest that the file brings, if any.",
        )  # fmt: skip
    return Options(
        None if unit == DETECT else unit, rate, str(missing), GAPS[str(gaps)], avoid, keep_bads, rest or None
    )


def montage() -> bool:
    """Whether channels are shown as they are."""
    chosen = st.radio(
        "Montage", list(MONTAGES), format_func=MONTAGES.get, key="montage",
        help="The trained network reads 32 electrodes by name. Features and attention are a formula without weights "
        "and work on any channels: bipolar ones, few ones, unnamed ones.",
    )  # fmt: skip
    return chosen == NATIVE


def condition(eeg: Eeg) -> Condition:
    """Reference and filters; none by default, as the network was trained."""
    loud = hum(eeg)
    with st.expander("Reference and filters"):
        reference = st.selectbox(
            "Reference", REFERENCES, key="reference",
            help="As recorded by default: the network was trained so. REST is MNE's reference at infinity.",
        )  # fmt: skip
        high = st.number_input("High-pass, Hz", 0.0, 100.0, 0.0, 0.1, key="high pass", help="0 for none.")
        low = st.number_input("Low-pass, Hz", 0.0, 1000.0, 0.0, 1.0, key="low pass", help="0 for none.")
        notches = [0.0, *HUM]
        notch = st.selectbox(
            "Notch", notches, key="notch", format_func=lambda hz: f"{hz:g} Hz and multiples" if hz else "none",
            help="Against mains hum; it lies above the model's bands, which end at 45 Hz.",
        )  # fmt: skip
        st.caption(f"Mains hum found at {loud:g} Hz." if loud else "No mains hum found at 50 or 60 Hz.")
        if eeg.reference:
            st.caption(page.plain(f"Recorded against {eeg.reference}."))
    return Condition(reference, float(high), float(low), float(notch))


def digest_of(files: Files) -> str:
    """What tells these files from others: of their content and endings, computed once for each upload."""
    key = "eeg.digest " + " ".join(file.uploaded for file in files)
    known = state.widget(key) if all(file.uploaded for file in files) else None
    if known is None:
        known = digest(*(piece for file in files for piece in (file.name.lower().rpartition(".")[2], file.data)))
        state.set_widget(key, known)
    return str(known)


def opened(files: Files, name: str, wanted: Options, part: int | Stretch = 0) -> EegFile:
    """All recordings of the files, of a long one a part.

    Raises:
        SampleError: they cannot be read.
    """
    return _opened(name, wanted.unit, wanted.rate, part, wanted.gaps, files)


@memory.kept("Reading the recording …", turn=True)
def _opened(
    digest: str, unit: str | None, rate: float | None, part: int | Stretch, gaps: Gaps, _files: Files
) -> EegFile:
    with net.reading(_files[0].name):
        return open_eeg(*_pairs(_files), unit=unit, rate=rate, part=part, gaps=gaps)


def _pairs(files: Files) -> list[tuple[str, bytes]]:
    return [(file.name, file.data) for file in files]


@memory.kept("Filtering …")
def conditioned(digest: str, wanted: Condition, _eeg: Eeg) -> Eeg:
    """A recording with another reference and filters; see ``xviz.data.eeg.condition``."""
    return condition_of(_eeg, wanted)


@memory.kept("Looking through the recording …", turn=True)
def overview(digest: str, _files: Files) -> Overview | None:
    """All of a long recording at a glance."""
    with net.reading(_files[0].name):
        return overview_of(*_pairs(_files))


@memory.kept()
def overview_in_memory(digest: str, _eeg: Eeg) -> Overview:
    """The same of a recording that was read as a whole."""
    return of_recording(_eeg)


def shipped(example: ShippedSample) -> Files:
    """The file of a shipped recording."""
    return (File(example.files["eeg"], example.path("eeg").read_bytes()),)
