"""Put a room among the samples that come with xviz: a zip in ScanNet's layout, and its entry in samples.json."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from xviz.data.shipped import FOLDER, ShippedSample, read, write

_WHEN = (1980, 1, 1, 0, 0, 0)  #: the same every time, so that the same room is the same zip


def ship(example: ShippedSample, files: Mapping[str, bytes], folder: Path = FOLDER / "mit") -> Path:
    """Write the zip and the entry, in the place of an older one of the same name; composed rooms stand first.

    Args:
        example: what samples.json says of it.
        files: path inside the zip → bytes.
        folder: of the samples.
    """
    folder.mkdir(parents=True, exist_ok=True)
    to = folder / example.files["room"]
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _WHEN), files[name], zipfile.ZIP_DEFLATED, 9)
    listing = folder / "samples.json"
    others = [shipped for shipped in read(listing) if shipped.name != example.name] if listing.exists() else []
    write(listing, sorted([*others, example], key=lambda shipped: shipped.kind))
    return to
