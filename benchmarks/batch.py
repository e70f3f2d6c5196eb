"""A batch of spoken digits: killed and resumed, beside a loop by hand, on Ray, and its memory.

    OMP_NUM_THREADS=1 python benchmarks/batch.py kills --data FOLDER --samples 2000
    OMP_NUM_THREADS=1 python benchmarks/batch.py loop --data FOLDER --samples 200
    OMP_NUM_THREADS=1 python benchmarks/batch.py ray --data FOLDER --samples 200
    OMP_NUM_THREADS=1 python benchmarks/batch.py memory --data FOLDER --samples 2000

FOLDER is the recordings of the Free Spoken Digit Dataset. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

METHODS = ("look", "relevance", "received")


def words(data: Path, out: Path, samples: int) -> list[str]:
    """The command."""
    return [
        sys.executable, "-m", "xviz", "batch", "mmvit", "--data", str(data), "--label-pattern", r"^(\d)_", "--methods",
        *METHODS, "--targets", "predicted", "--steps", "0", "--out", str(out), "--limit", str(samples),
    ]  # fmt: skip


def kills(data: Path, samples: int, folder: Path) -> dict[str, object]:
    """Started, killed twice at random, finished; beside an undisturbed run."""
    import pandas as pd

    began = time.perf_counter()
    subprocess.run(words(data, folder / "whole", samples), check=True, stdout=subprocess.DEVNULL)
    whole, after = time.perf_counter() - began, []
    chance = random.Random(0)
    for _ in range(2):
        running = subprocess.Popen(words(data, folder / "killed", samples), stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.25, 0.45) * whole)
        running.kill()
        running.wait()
        rows = folder / "killed/rows.jsonl"
        after.append(rows.read_bytes().count(b"\n") if rows.exists() else 0)
    subprocess.run(words(data, folder / "killed", samples), check=True, stdout=subprocess.DEVNULL)
    tables = [pd.read_parquet(folder / name / "table.parquet").drop(columns="seconds") for name in ("whole", "killed")]
    twice = int(tables[1]["index"].duplicated().sum())
    return {
        "samples": len(tables[1]), "seconds undisturbed": round(whole, 1), "kept at each kill": after,
        "rows twice": twice, "tables identical": tables[0].equals(tables[1]),
        "correct": round(float(tables[0]["correct"].mean()), 4),
    }  # fmt: skip


def _opened(data: Path):
    import torch

    from xviz.batch import listing, work
    from xviz.batch.measure import Wanted

    torch.set_num_threads(1)
    items, _ = listing.listing(data, pattern=r"^(\d)_")
    wanted = Wanted("mmvit", METHODS, ("predicted",), steps=0)
    return work.opened(wanted), wanted, items


def loop(data: Path, samples: int, folder: Path) -> dict[str, object]:
    """Seconds of the processor for a sample, batch and loop by hand, in turn; the median of each."""
    from statistics import median

    import xviz
    from xviz import engine
    from xviz.batch.measure import measure
    from xviz.batch.store import Store
    from xviz.batch.work import plan

    loaded, wanted, items = _opened(data)
    store = Store(folder / "out", plan(loaded, wanted, items, data))
    by_hand, in_batch, bare = [], [], []
    for item in items[:samples]:
        began = time.process_time()
        sample = xviz.read(item.origin["files"][0])
        outputs = engine.outputs(loaded, engine.prepare(loaded, sample))
        target = max(outputs, key=outputs.get)
        session = xviz.run(loaded, sample, output=target)
        for method in METHODS:
            xviz.explain(session, method, output=target, picked=("class", 0) if method == "look" else None)
        by_hand.append(time.process_time() - began)
        began = time.process_time()
        done = measure(loaded, item, wanted)
        bare.append(time.process_time() - began)
        store.add(*done)
        in_batch.append(time.process_time() - began)
    store.close()
    hand, batch = median(by_hand), median(in_batch)
    return {
        "samples": samples, "by hand, ms": round(1e3 * hand, 2), "batch, ms": round(1e3 * batch, 2),
        "of it writing, ms": round(1e3 * (batch - median(bare)), 2), "batch / by hand": round(batch / hand, 3),
    }  # fmt: skip


def on_ray(data: Path, samples: int, folder: Path) -> dict[str, object]:
    """From the first sample that is done to the last, one process and two workers."""
    import pandas as pd

    from xviz.batch import work
    from xviz.batch.workers import on_ray as way

    loaded, wanted, items = _opened(data)
    found: dict[str, object] = {"samples": samples}
    for name, chosen in (("one process", None), ("2 workers", way("local", workers=2))):
        times: list[float] = []
        work.run(
            loaded, wanted, items, folder / name, data=data, limit=samples, way=chosen,
            tell=lambda share, text, times=times: times.append(time.perf_counter()),
        )  # fmt: skip
        found[f"{name}, samples a second"] = round((len(times) - 5) / (times[-1] - times[4]), 2)
    found["times"] = round(found["2 workers, samples a second"] / found["one process, samples a second"], 2)  # type: ignore[operator]
    tables = [
        pd.read_parquet(folder / n / "table.parquet").drop(columns="seconds") for n in ("one process", "2 workers")
    ]
    numbers = tables[0].select_dtypes("number")
    found["tables identical"] = tables[0].equals(tables[1])
    found["greatest difference"] = float((numbers - tables[1][numbers.columns]).abs().max().max())
    return found


def memory(data: Path, samples: int, folder: Path) -> dict[str, object]:
    """The greatest memory of the command's own process, MiB."""
    found: dict[str, object] = {}
    for count in (50, samples):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        subprocess.run(words(data, folder / str(count), count), check=True, stdout=subprocess.DEVNULL)
        found[f"{count} samples"] = round(max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024)
    return {**found, "times": round(found[f"{samples} samples"] / found["50 samples"], 3)}  # type: ignore[operator]


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "loop", "ray", "memory"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=200)
    given = parser.parse_args()
    chosen = {"kills": kills, "loop": loop, "ray": on_ray, "memory": memory}[given.what]
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({given.what: chosen(given.data, given.samples, Path(folder))}, indent=1))


if __name__ == "__main__":
    main()
