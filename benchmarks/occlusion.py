"""What leaving tokens out costs: ``python benchmarks/occlusion.py [--samples bedroom …] [--batches 4 16 64]``.

For each shipped sample every token is left out once, in passes of so many at a time, beside a plain loop of single
passes (timed over at most 64 of them and scaled). Seconds are of the processor, the best of some repeats, in one
process; the scores of both ways are compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SAMPLES = ("bedroom", "two-five", "cat", "high-valence-high-arousal")
LOOPED, REPEATS = 64, 2


def spent(work: Callable[[], object]) -> float:
    """Seconds of the processor, the best of some repeats."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def measured(name: str, batches: list[int]) -> None:
    """Print the row of one sample."""
    import torch

    from xviz import engine
    from xviz.core.run import Target
    from xviz.data.shipped import load_sample, sample
    from xviz.explain.probe import players, probe, repeated, shown
    from xviz.models import MODELS

    loaded = engine.load(MODELS[sample(name).card])
    run = engine.run(loaded, load_sample(name))
    inputs, count = run.inputs, len(players(run.inputs))
    target = Target(max(run.outputs, key=run.outputs.__getitem__))
    kept = ~torch.eye(count).bool()

    def left_out(rows: torch.Tensor, batch: int) -> torch.Tensor:
        value = probe(loaded, inputs, target, batch=batch)
        return value(repeated(inputs.tokens, len(rows)), shown(inputs, rows))

    with torch.no_grad():
        few = kept[:LOOPED]
        loop = spent(lambda: left_out(few, 1)) * count / len(few)
        apart = float((left_out(few, 1) - left_out(few, 64)).abs().max())
        seconds = {batch: spent(lambda batch=batch: left_out(kept, batch)) for batch in batches}
    cells = " ".join(f"{batch}: {value:.2f} s ({loop / value:.1f}×)" for batch, value in seconds.items())
    print(
        f"{name}: {count} tokens, one by one {loop:.2f} s; in passes of {cells}; scores apart {apart:.1e}", flush=True
    )


def main() -> None:
    """Measure every sample asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", nargs="+", default=list(SAMPLES))
    parser.add_argument("--batches", nargs="+", type=int, default=[8, 64])
    asked = parser.parse_args()
    for name in asked.samples:
        measured(name, asked.batches)


if __name__ == "__main__":
    main()
