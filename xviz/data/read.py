"""``xviz.read``: a sample out of files of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from xviz.core.errors import SampleError
from xviz.core.sample import Part, Sample
from xviz.data.eeg.checks import KINDS

Read = Callable[[Sequence[Path], Mapping[str, Any]], Mapping[str, Part]]


def read(*files: Path | str, text: str | None = None, kind: str | None = None, **options: Any) -> Sample:
    """A sample out of one or more files: a picture, a sound, an EEG recording, or a scanned room with its photos.

    Args:
        files: Where they lie; several files, a folder or a zip are one room, or one recording of EEG in several files.
        text: A sentence that belongs to the sample.
        kind: "picture", "sound", "eeg" or "room", where the ending does not tell (.npz, .csv, .zip).
        options: Of the reader: ``unit`` and ``rate`` of an EEG recording, ``start`` and ``channel`` of a sound,
            ``unit`` and ``up`` of a cloud.

    Raises:
        SampleError: a file is missing, of no known kind, damaged, or out of limits.

    Examples:
        >>> import xviz
        >>> from xviz.places import SAMPLES
        >>> sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
        >>> sample.parts["picture"].pixels.shape, sample.parts["text"].words[:3]
        ((398, 512, 3), ('a', 'dog', 'house'))
        >>> sound = xviz.read(SAMPLES / "mmvit/seven.flac").parts["sound"]
        >>> round(sound.seconds, 2)
        1.6
    """
    paths = [Path(file).expanduser() for file in files]
    if missing := next((path for path in paths if not path.exists()), None):
        raise SampleError(f"There is no file {missing}. Give the path of one that is there.")
    parts: dict[str, Part] = {}
    if paths:
        try:
            parts |= _reader(paths, kind)(paths, options)
        except ModuleNotFoundError as error:
            raise SampleError(
                f"Reading {paths[0].name} needs the package {error.name}. Run: pip install “xviz[eeg,rooms]”."
            ) from error
    if text is not None:
        parts["text"] = import_module("xviz.data.text").read_text(text)
    if not parts:
        raise SampleError("A sample needs a file or a text; give the path of a file.")
    texts = {} if text is None else {"text": text}
    origin = {"files": [path.name for path in paths], "texts": texts, "kind": kind, "options": dict(options)}
    return Sample(
        paths[0].name if paths else text or "", parts, source="your own",
        origin={name: value for name, value in origin.items() if value},
    )  # fmt: skip


def _picture(paths: Sequence[Path], options: Mapping[str, Any]) -> Mapping[str, Part]:
    return {"picture": import_module("xviz.data.picture").read_picture(paths[0], **options)}


def _sound(paths: Sequence[Path], options: Mapping[str, Any]) -> Mapping[str, Part]:
    return {"sound": import_module("xviz.data.sound").read_sound(paths[0].read_bytes(), paths[0].name, **options)}


def _eeg(paths: Sequence[Path], options: Mapping[str, Any]) -> Mapping[str, Part]:
    return {"eeg": import_module("xviz.data.eeg.read").read_eeg(*paths, **options)}


def _room(paths: Sequence[Path], options: Mapping[str, Any]) -> Mapping[str, Part]:
    scene = import_module("xviz.data.cloud.scene")
    whole = paths[0] if len(paths) == 1 and (paths[0].is_dir() or paths[0].suffix.lower() == ".zip") else None
    return scene.read_scene(whole or [(path.name, path.read_bytes()) for path in paths], **options)


READERS: Mapping[str, Read] = {"picture": _picture, "sound": _sound, "eeg": _eeg, "room": _room}
#: kind → endings of which it is the first meaning
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "picture": (
        ".png", ".jpg", ".jpeg", ".jfif", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif", ".bmp", ".jp2",
        ".ppm", ".pgm", ".pnm", ".pbm", ".pfm", ".mpo", ".apng",
    ),
    "sound": (
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".aac", ".webm", ".mka", ".aif", ".aiff",
        ".caf", ".w64", ".rf64", ".au", ".amr", ".3gp", ".wma", ".wv",
    ),
    "eeg": (
        *(ending for ending in KINDS if ending.count(".") == 1), ".fdt", ".vmrk", ".eeg", ".21e", ".dat", ".mat",
        ".tsv",
    ),
    "room": (
        ".ply", ".pcd", ".las", ".laz", ".e57", ".xyz", ".txt", ".pts", ".ptx", ".asc", ".npy", ".obj", ".glb",
        ".gltf", ".stl", ".bin", ".gz", ".npts", ".xyzrgb", ".xyzn",
    ),
}  # fmt: skip
AMBIGUOUS = {".npz": ("eeg", "room"), ".csv": ("eeg", "room"), ".zip": ("room", "eeg")}


def _reader(paths: Sequence[Path], kind: str | None) -> Read:
    """The reader of a kind, or of what the endings tell.

    Raises:
        SampleError: they do not tell, or there is no such kind.
    """
    if kind is not None:
        if kind not in READERS:
            raise SampleError(f"Files are of the kinds {', '.join(READERS)}; “{kind}” is none of these.")
        return READERS[kind]
    if len(paths) > 1 or paths[0].is_dir():
        return READERS["eeg" if _brain(paths) else "room"]
    ending = paths[0].suffix.lower()
    if paths[0].name.lower().endswith(".fif.gz"):
        return READERS["eeg"]
    if ending == ".txt" and _starts(paths[0], 8) == b"%OpenBCI":
        return READERS["eeg"]
    for name, endings in ENDINGS.items():
        if ending in endings:
            return READERS[name]
    if ending in AMBIGUOUS:
        return _first(("room", "eeg") if ending == ".csv" and _places(paths[0]) else AMBIGUOUS[ending])
    if import_module("xviz.data.kinds").of(_starts(paths[0], 512)):  # a picture, or what its reader refuses by name
        return READERS["picture"]
    known = ", ".join(ending for endings in (*ENDINGS.values(), AMBIGUOUS) for ending in endings)
    raise SampleError(f"The ending “{ending}” of {paths[0].name} is none of {known}. Say what it is with kind=….")


def _starts(path: Path, count: int) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as opened:
        return opened.read(count)


def _places(path: Path) -> bool:
    """Whether the first line of a table names x, y and z side by side, behind one other column at most, or points."""
    with path.open("rb") as opened:
        line = opened.readline(1 << 16).decode("latin-1").lower()
    cells = [cell.strip(' "\r\n#/') for cell in re.split("[,;\\t]", line)]
    return ["x", "y", "z"] in (cells[:3], cells[1:4]) or sum(bool(re.match(r"points.*:[012]$", c)) for c in cells) == 3


def _brain(paths: Sequence[Path]) -> bool:
    """Whether several files, or a folder, are a recording of EEG: one of them is of an EEG system."""
    files = [file for path in paths for file in ([path, *path.rglob("*")] if path.is_dir() else [path])]
    endings = {ending for ending in ENDINGS["eeg"] if ending not in (".tsv", ".dat", ".mat")}
    return any(file.suffix.lower() in endings or file.name.lower().endswith(".fif.gz") for file in files[:10_000])


def _first(kinds: Sequence[str]) -> Read:
    """The first of some readers that can read a file."""

    def read(paths: Sequence[Path], options: Mapping[str, Any]) -> Mapping[str, Part]:
        reasons = []
        for kind in kinds:
            try:
                return READERS[kind](paths, options)
            except SampleError as error:
                reasons.append(f"as {kind}: {error}")
        raise SampleError(f"{paths[0].name} cannot be read {'; '.join(reasons)}")

    return read


def held(files: Sequence[tuple[str, bytes]], kind: str, **options: Any) -> Mapping[str, Part]:
    """The parts of files that are in memory, as uploads are.

    Args:
        files: Names and contents, of one sample.
        kind: "picture", "sound", "eeg" or "room".
        options: Of the reader.

    Raises:
        SampleError: they cannot be read.
    """
    name, content = files[0]
    if kind == "picture":
        return {"picture": import_module("xviz.data.picture").read_picture(content, name=name, **options)}
    if kind == "sound":
        return {"sound": import_module("xviz.data.sound").read_sound(content, name, **options)}
    if kind == "eeg":
        return {"eeg": import_module("xviz.data.eeg.read").read_eeg(*files, **options)}
    return import_module("xviz.data.cloud.scene").read_scene(list(files), **options)
