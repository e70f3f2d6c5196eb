"""What a visitor gives in the place of a sample's parts: a file or a sentence for each, read by the part's kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import streamlit as st

from xviz.core.errors import SampleError
from xviz.core.provenance import digest
from xviz.core.sample import Eeg, Part, Photos, Picture, PointCloud, Regions, Sample, Series, Sound, Text
from xviz.core.spec import Spec
from xviz.data.cloud.scene import read_photos, read_scene
from xviz.data.eeg.read import SUFFIXES, read_eeg
from xviz.data.picture import read_picture
from xviz.data.read import ENDINGS
from xviz.data.regions import read_regions
from xviz.data.series import ENDINGS as ENDINGS_OF_SERIES
from xviz.data.series import read_series
from xviz.data.sound import read_sound
from xviz.data.text import read_text
from xviz.links.link import typed_key
from xviz.ui import net, page, uploads

Files = tuple[tuple[str, bytes], ...]  #: names and contents

PICTURES = ("png", "jpg", "jpeg", "webp")
LARGEST = 200  #: MB of a file
OWN = "the visitor's own"


@dataclass(frozen=True)
class Kind:
    """How parts of a kind are brought."""

    noun: str
    endings: tuple[str, ...]
    read: Callable[[Files], Part]
    several: bool = False  #: whether one part takes several files


def _cloud(files: Files) -> Part:
    return read_scene(list(files))["points"]


#: type of a part → how it is brought; a text is typed
KINDS: Mapping[type, Kind] = {
    Picture: Kind("picture", PICTURES, lambda files: read_picture(files[0][1], name=files[0][0])),
    Sound: Kind("sound", ("wav", "flac", "ogg", "mp3"), lambda files: read_sound(files[0][1], files[0][0])),
    Eeg: Kind(
        "recording", tuple(suffix.removeprefix(".") for suffix in SUFFIXES),
        lambda files: read_eeg(files[0][1], name=files[0][0]),
    ),
    PointCloud: Kind(
        "point cloud", (*(ending.removeprefix(".") for ending in ENDINGS["room"]), "zip", "npz"), _cloud, True
    ),
    Photos: Kind("photos", (*PICTURES, "zip"), lambda files: read_photos(list(files)), True),
    Series: Kind(
        "series", tuple(ending.removeprefix(".") for ending in ENDINGS_OF_SERIES),
        lambda files: read_series(files[0][1], files[0][0]),
    ),
    Regions: Kind("regions", ("npz",), lambda files: read_regions(files[0][1])),
}  # fmt: skip
#: word in a part's name, or in what the spec says of it → its kind, where no sample of the model shows it
NAMED: Mapping[str, type] = {
    "pictures": Photos, "photos": Photos, "images": Photos, "frames": Photos, "video": Photos, "views": Photos,
    "picture": Picture, "image": Picture, "photo": Picture, "regions": Regions, "boxes": Regions,
    "eeg": Eeg, "electrodes": Eeg, "cloud": PointCloud, "points": PointCloud, "scan": PointCloud,
    "sound": Sound, "audio": Sound, "speech": Sound, "music": Sound, "series": Series, "channels": Series,
    "text": Text, "words": Text, "sentence": Text, "caption": Text, "question": Text,
}  # fmt: skip


def kind_of(name: str, about: str) -> type | None:
    """The kind of a part by its name, else by what the spec says of it; None where neither tells."""
    for text in (name, about):
        words = re.findall(r"[a-z]+", text.lower())
        named = next((NAMED[word] for word in words if word in NAMED), None)
        if named is not None:
            return named
    return None


def _any(files: Files) -> Part:
    """A part by the ending of its file."""
    ending = PurePath(files[0][0]).suffix.lower().removeprefix(".")
    kind = next((kind for kind in KINDS.values() if ending in kind.endings), None)
    if kind is None:
        known = ", ".join(dict.fromkeys(ending_ for kind in KINDS.values() for ending_ in kind.endings))
        raise SampleError(f"What “{files[0][0]}” is cannot be told from its name. Give it one of the endings {known}.")
    return kind.read(files[:1])


UNKNOWN = Kind("file", tuple(dict.fromkeys(ending for kind in KINDS.values() for ending in kind.endings)), _any)


def bring(spec: Spec, example: Sample | None, place: str) -> Sample | None:
    """The example with what the visitor gives in the place of its parts; None where there is nothing yet.

    Args:
        spec: Says in ``wants`` what each part is.
        example: A sample of the model, whose parts tell what can be given.
        place: How keys of widgets begin.

    Raises:
        SampleError: a file cannot be read.
    """
    kinds = {name: type(part) for name, part in ({} if example is None else example.parts).items()}
    kinds |= {name: kind_of(name, about) or object for name, about in spec.wants.items() if name not in kinds}
    if not kinds:
        kinds = {"picture": Picture, "text": Text, "sound": Sound}
    parts = dict(example.parts) if example is not None else {}
    own: list[str] = []
    origin: dict[str, Any] = {} if example is None else dict(example.origin)
    for name, kind in kinds.items():
        own_part = _part(spec, place, name, kind, parts.get(name))
        if own_part is not None:
            parts[name] = own_part[0]
            own.append(own_part[1][0])
            side, named = ("texts", own_part[1][0]) if kind is Text else ("parts", own_part[1])
            origin[side] = {**origin.get(side, {}), name: named[0] if len(named) == 1 else list(named)}
    if not own:
        return example
    missing = [name for name in spec.wants if name in kinds and name not in parts]
    if missing:
        raise SampleError(f"{spec.title} needs also: {', '.join(missing)}. Give each of them.")
    return Sample(own[0], parts, source=OWN, origin=origin)


def _part(spec: Spec, prefix: str, name: str, kind: type, example: Part | None) -> tuple[Part, tuple[str, ...]] | None:
    """What was given for one part, and the names of its files; None where nothing was."""
    label, key = f"Your own {name}", f"{prefix} {name}"
    about = page.plain(spec.wants.get(name, ""))
    if kind is Text:
        return _sentence(label, prefix, name, about, example if isinstance(example, Text) else None)
    reader = KINDS.get(kind, UNKNOWN)
    help_text = f"A {reader.noun}. {about} {page.KEPT}".replace("  ", " ")
    uploaded = uploads.given(key, label, megabytes=LARGEST, help_text=help_text, many=reader.several)
    files = tuple((file.name, file.data) for file in uploaded)
    if not files:
        return None
    return _read(reader.noun, digest(*(part for pair in files for part in pair)), files), tuple(
        name for name, _ in files
    )


def _sentence(
    label: str, page_key: str, name: str, about: str, example: Text | None
) -> tuple[Part, tuple[str, ...]] | None:
    """A sentence that was typed, where it differs from the example's."""
    before = "" if example is None else example.source or " ".join(example.words)
    key = typed_key(page_key, name, before)
    typed = st.text_input(label, value=before, key=key, max_chars=2000, help=about or None)
    if not typed.strip() or typed == before:
        return None
    return read_text(typed), (typed,)


@st.cache_resource(max_entries=16, show_spinner="Reading the file …")
def _read(noun: str, digest: str, _files: Files) -> Part:
    """A part out of files; the digest is of their names and contents."""
    reader = next((reader for reader in KINDS.values() if reader.noun == noun), UNKNOWN)
    with net.reading(_files[0][0]):
        return reader.read(_files)
