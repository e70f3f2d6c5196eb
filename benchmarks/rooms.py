"""What clouds of many points cost: ``python benchmarks/rooms.py [--points 100000 1000000 5000000]``.

Each size is a process of its own, so that its peak memory is its own. A room of eight by six metres is scanned in so
many points, written as a binary PLY like ScanNet's, and goes all the way that an upload goes: read, supervoxels,
tokens (of points and of 16 photos), forward with every attention call heard, and what the browser is sent; then the
attributions of voxels and of one photo's pixels. Seconds are those of the clock, and of the processor, which other
work on the machine changes less. Ratios are of the processor's seconds: to the smallest size of the same run, and to
a sort of as many numbers in the same process. Weights do not change the time: where no checkpoint is shipped, an
untrained model is timed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PHOTOS = 16
SIZES = (100_000, 1_000_000, 5_000_000)


def scanned(count: int):
    """(points, 3) metres and (points, 3) colours: floor, walls and twenty boxes with 2 mm of noise."""
    import numpy as np

    rng = np.random.default_rng(0)
    low = np.vstack([[0, 0, 0], np.column_stack([rng.random((20, 2)) * [7, 5], np.zeros(20)])])
    sides = np.vstack([[8, 6, 3], rng.random((20, 3)) * [1.2, 1.2, 1.5] + 0.3])
    which = rng.choice(21, count, p=(areas := sides.prod(1) ** (2 / 3)) / areas.sum())
    inside = rng.random((count, 3))
    face = rng.integers(0, 3, count)
    inside[np.arange(count), face] = np.where(which == 0, face != 2, rng.integers(0, 2, count)) * rng.integers(
        0, 2, count
    )
    xyz = low[which] + inside * sides[which] + rng.normal(0, 0.002, (count, 3))
    rgb = rng.integers(40, 220, (21, 3))[which] + rng.integers(-10, 11, (count, 3))
    return xyz.astype(np.float32), rgb.clip(0, 255).astype(np.uint8)


def written(count: int) -> bytes:
    """The scan as a binary PLY."""
    import numpy as np

    xyz, rgb = scanned(count)
    kinds = [*((axis, "<f4") for axis in "xyz"), *((name, "u1") for name in ("red", "green", "blue", "alpha"))]
    table = np.zeros(count, kinds)
    for (name, _), values in zip(kinds, [*xyz.T, *rgb.T, np.full(count, 255)], strict=True):
        table[name] = values
    names = [f"property {'float' if kind == '<f4' else 'uchar'} {name}" for name, kind in kinds]
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {count}", *names, "end_header", ""]
    return "\n".join(head).encode() + table.tobytes()


def measured(count: int) -> dict[str, float]:
    """Seconds of each step, and the greatest memory of this process in MiB."""
    import numpy as np

    from xviz import engine
    from xviz.core.run import Target
    from xviz.core.sample import Photos, Sample
    from xviz.data.cloud.read import read_cloud
    from xviz.data.shipped import load_sample
    from xviz.drawings.points import geometry
    from xviz.explain import voxels as finer
    from xviz.models import MODELS
    from xviz.models.clouds import cut
    from xviz.models.voxels import voxels_and_pixels

    found: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun, worked = time.perf_counter(), time.process_time()
        yield
        found[f"{name}, s"], found[f"{name}, processor s"] = time.perf_counter() - begun, time.process_time() - worked

    card = MODELS["mit"]
    loaded = engine.load(card) if card.checkpoint else engine.untrained(card)
    real = load_sample("kinect")
    photo = real.parts["views"].images[0]
    views = Photos((photo,) * PHOTOS, tuple(f"{i}.jpg" for i in range(PHOTOS)))
    engine.run(loaded, Sample("warm", {"points": real.parts["points"], "views": views}))  # imports, caches, weights
    data = written(count)
    with timed("sort"):
        np.sort(np.random.default_rng(0).random(count))
    with timed("read"):
        cloud = read_cloud(data, name="room.ply")
    del data
    with timed("supervoxels"):
        made = cut(cloud, card.settings)
    sample = Sample("room", {"points": cloud, "views": views})
    with timed("tokens, supervoxels and photos included"):
        inputs = engine.prepare(loaded, sample)
    with timed("forward"):
        run = engine.run_inputs(loaded, inputs, sample)
    with timed("prepared for the browser"):
        sent = geometry(cloud.xyz, colours=cloud.rgb, segments=made.of_point)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with timed("voxels and pixels found"):
        small = voxels_and_pixels(sample, card.settings)
    for method in finer.METHODS:
        with timed(f"{method}, tokens read"):
            reading = finer.read(loaded, run, small, Target(card.target), method)
        with timed(f"{method}, voxels"):
            finer.trace_voxels(loaded, small, reading)
        with timed(f"{method}, one photo"):
            finer.trace_photo(loaded, small, reading, 0)
    found |= {
        "voxels": len(small.voxels),
        "peak memory before voxels and pixels, MiB": before,
        "supervoxels": len(run.spaces["supervoxels"]),
        "sent, MiB": (len(sent.still) + len(sent.rest or b"")) / 2**20,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    return found


def main() -> None:
    """Print the measurements of every size as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=SIZES)
    parser.add_argument("--one", type=int, help="measure one size in this process")
    said = parser.parse_args()
    if said.one:
        print(json.dumps(measured(said.one)))
        return
    rows: dict[int, dict[str, float]] = {}
    for count in said.points:
        command = [sys.executable, str(Path(__file__)), "--one", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        rows[count] = json.loads(done.stdout.splitlines()[-1])
        first = rows[said.points[0]]
        end = ", processor s"
        steps = {name.removesuffix(end): value for name, value in rows[count].items() if name.endswith(end)}
        sort = steps.pop("sort")
        ratios = {name: round(value / first[name + end], 1) for name, value in steps.items()}
        sorts = {name: round(value / sort, 1) for name, value in steps.items()}
        shown = {name: round(value, 3) for name, value in rows[count].items()}
        told = {f"/ {said.points[0]:,} points": ratios, "/ sort of as many numbers": sorts}
        print(json.dumps({"points": count, **shown, **told}, indent=1), flush=True)


if __name__ == "__main__":
    main()
