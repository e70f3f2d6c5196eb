"""Ship rooms of the test part as samples: ``xviz samples mit --data DIR --rooms NAME …``.

Each is a zip in ScanNet's layout, as `xviz.train.mit.packing` packs them: the cloud thinned, eight photos with
their cameras, and in samples.json the classes and the makers of every model in it. Labels and depths are not shipped.
"""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from xviz.data.shipped import FOLDER, ShippedSample, Truth
from xviz.geometry.thinning import thin
from xviz.train.mit.packing import ship
from xviz.train.mit.scanning import Scan
from xviz.train.mit.scenefiles import COLOURED, cloud_bytes

MOST, PHOTOS = 60_000, 8  #: points and photos of a sample
PHOTO_BYTES = 25_000  #: of one JPEG


def sample(scene: Path) -> tuple[ShippedSample, dict[str, bytes]]:
    """What samples.json says of a scene, and the files of its zip.

    Args:
        scene: Folder of a scene that “xviz make rooms” wrote.
    """
    metadata = json.loads((scene / "tags.json").read_text(encoding="utf-8"))
    name = scene.name
    raw = (scene / f"{name}_vh_clean_2.ply").read_bytes()
    table = np.frombuffer(raw.split(b"end_header\n", 1)[1], COLOURED)
    xyz, rgb = (np.stack([table[c] for c in names], 1) for names in (("x", "y", "z"), ("red", "green", "blue")))
    indices = thin(xyz, MOST).kept
    xyz = np.round(xyz[indices] * 1024) / 1024  # whole 1024ths of a metre pack better
    files = {
        f"{name}_vh_clean_2.ply": cloud_bytes(
            Scan(xyz.astype(np.float32), rgb[indices], np.zeros(len(indices), np.uint8)), COLOURED
        )
    }
    count = len(list((scene / "color").glob("*.jpg")))
    for number in np.linspace(0, count, PHOTOS, endpoint=False).astype(int):
        files[f"color/{number}.jpg"] = small_jpeg((scene / "color" / f"{number}.jpg").read_bytes())
        files[f"pose/{number}.txt"] = (scene / "pose" / f"{number}.txt").read_bytes()
    for path in ("intrinsic/intrinsic_color.txt", f"{name}.txt"):
        files[path] = (scene / path).read_bytes()
    key = metadata["kind"].replace(" ", "-")
    title = f"{metadata['kind'].capitalize()} (composed)"
    truth = Truth(classes=tuple(metadata["classes"]))
    zipped = {"room": f"{key}.zip"}
    return ShippedSample("mit", key, title, "composed", credit(metadata["credits"]), zipped, truth=truth), files


def credit(lines: list[str]) -> str:
    """One sentence that names every model, maker and licence of a room.

    Args:
        lines: Credit lines of the models, as `xviz.train.common.furniture` writes them.
    """
    titles_of = defaultdict(list)
    for line in lines:
        title, maker, licence = re.fullmatch(r"“(.+)” by (.+), (\S+), from .+", line).groups()
        titles_of[maker, licence].append(title)
    parts = [f"{', '.join(titles)} by {maker} ({licence})" for (maker, licence), titles in sorted(titles_of.items())]
    return (
        "Composed, scanned and photographed here, from models of the Sweet Home 3D furniture libraries that no "
        f"training room holds: {'; '.join(parts)}. Sizes, colours and triangles were changed."
    )


def small_jpeg(raw: bytes) -> bytes:
    """The photo as a JPEG of at most `PHOTO_BYTES`."""
    with Image.open(io.BytesIO(raw)) as image:
        for quality in range(90, 20, -5):
            small = io.BytesIO()
            image.save(small, "JPEG", quality=quality, optimize=True)
            if len(small.getvalue()) <= PHOTO_BYTES:
                break
    return small.getvalue()


def make(data: Path, rooms: Sequence[str], out: Path = FOLDER / "mit") -> None:
    """Ship rooms.

    Args:
        data: Folder that “xviz make rooms” wrote.
        rooms: Names of scenes of its test part.
        out: Folder of the samples.
    """
    for name in rooms:
        example, files = sample(data / "test" / name)
        archive = ship(example, files, out)
        print(f"{archive.name}: {archive.stat().st_size / 1e6:.2f} MB, {', '.join(example.truth.classes)}")
