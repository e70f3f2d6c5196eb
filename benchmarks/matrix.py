"""A large attention matrix from q and k: ``OMP_NUM_THREADS=1 python benchmarks/matrix.py [--tokens 4096 8192]``.

The overview is what a browser is sent once: every row made and pooled, packed. A part is what it is sent when somebody
looks closer. Seconds of the processor, the best of ``--repeats``; memory is what making both adds to the peak of a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from xviz.core.attention import AttentionCall
from xviz.draw.scale import sequential
from xviz.drawings import matrix
from xviz.drawings.overview import Overview, Part, overview
from xviz.plates.pooling import exact, pooled

FEATURES = 64  #: of a head


def call(tokens: int, heads: int) -> AttentionCall:
    """Random queries and keys, float32."""
    random = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(heads, tokens, FEATURES, generator=random) for _ in range(3))
    return AttentionCall("attention", "tokens", "tokens", q, k, v, FEATURES**-0.5)


def look(given: AttentionCall, head: int | None) -> Overview:
    """The overview, packed."""
    names = [f"token {i}" for i in range(given.q.shape[1])]
    small = pooled(given, head, (names, names))
    return overview(small.cells, names, names, sequential(small.weights, label="attention weight"))


def closer(given: AttentionCall, head: int | None, seen: Overview, side: int) -> bytes:
    """A part of so many cells a side from the middle, packed."""
    first = (given.q.shape[1] - side) // 2
    part = Part(first, first + side, first, first + side)
    return seen.tile(part, exact(given, head, part))


def timed(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the processor, the least of all repeats."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def measure(tokens: int, heads: int, repeats: int) -> dict[str, float]:
    """All numbers of a matrix."""
    small, given = call(64, heads), call(tokens, heads)
    closer(small, None, look(small, None), 32)  # imports and first uses
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = look(given, None)
    sent = len(seen.still) + len(matrix.large(seen, parts=True).payload)
    parts = {side: closer(given, None, seen, side) for side in (256, 1024)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "overview, mean of heads, s": timed(lambda: look(given, None), repeats),
        "overview, one head, s": timed(lambda: look(given, 0), repeats),
        "overview, MB": sent / 1e6,
        **{f"part of {side}, ms": 1000 * timed(lambda s=side: closer(given, None, seen, s), repeats) for side in parts},
        **{f"part of {side}, MB": len(message) / 1e6 for side, message in parts.items()},
        "memory added, MiB": (peak - before) / 1024,
        "all weights of all heads in float32, MiB": heads * tokens**2 * 4 / 2**20,
    }


def main() -> None:
    """Print a line for each number of tokens, each measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[4096, 8192])
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.tokens[0], options.heads, options.repeats)))
        return
    for tokens in options.tokens:
        own = ["--one", "--tokens", str(tokens), "--heads", str(options.heads), "--repeats", str(options.repeats)]
        done = subprocess.run([sys.executable, __file__, *own], capture_output=True, text=True, check=True)
        print(json.dumps({"tokens": tokens, "heads": options.heads, **json.loads(done.stdout)}, indent=2))


if __name__ == "__main__":
    main()
