"""Put a room among the samples that come with xviz: a zip in ScanNet's layout, and its entry in samples.json."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from xviz.data.shipped.rooms import FOLDER, RoomExample

_WHEN = (1980, 1, 1, 0, 0, 0)  #: the same every time, so that the same room is the same zip


def ship(example: RoomExample, files: Mapping[str, bytes], folder: Path = FOLDER) -> Path:
    """Write the zip and the entry, in the place of an older one of the same key; composed rooms stand first.

    Args:
        example: what samples.json says of it.
        files: path inside the zip → bytes.
        folder: of the samples.
    """
    folder.mkdir(parents=True, exist_ok=True)
    to = folder / example.file
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _WHEN), files[name], zipfile.ZIP_DEFLATED, 9)
    listing = folder / "samples.json"
    entries = json.loads(listing.read_text(encoding="utf-8")) if listing.exists() else []
    entries = [entry for entry in entries if entry["key"] != example.key] + [asdict(example)]
    entries.sort(key=lambda entry: entry["kind"])
    listing.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return to
