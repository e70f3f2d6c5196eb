"""Damaged files against every reader: what is no sentence of ours, dies, takes too long or too much is counted.

Each input runs in a child of its own, forked from a process that has imported the readers, in an empty folder, with a
limit of seconds and of memory. The inputs are those of ``tests/data/mutations.py``: the same number is the same file.

    python benchmarks/fuzz.py --inputs 10000 --seconds 600
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data")]
LIMIT_S, LIMIT_MB = 10, 2048


def child(seed: Any, readers: dict[str, Any], pipe: int) -> None:
    """Read one input and say how it ended, into the pipe; never returns."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        told: dict[str, object] = {}
        try:
            held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            most = held + 2 * LIMIT_MB * 2**20  # of addresses; of memory in use, half is the bar
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            readers[seed.reader](seed.name, seed.data)
            told["end"] = "read"
        except BaseException as error:
            ours = type(error).__module__ == "xviz.core.errors"
            last = traceback.extract_tb(error.__traceback__)
            own = [f for f in last if "/xviz/" in f.filename] or last
            place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
            told = {"end": "refused"} if ours else {"end": "foreign", "what": f"{type(error).__name__} at {place}"}
            told["text"] = str(error)[:160]
        if left := sorted(path.name for path in Path(folder).iterdir()):
            told = {"end": "wrote", "what": ", ".join(left)[:120]}
        os.chdir("/")
    told["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    os.write(pipe, json.dumps(told).encode())
    os._exit(0)


def tried(seed: Any, readers: dict[str, Any], before: float) -> dict[str, Any]:
    """How one input ends, in a child."""
    out, into = os.pipe()
    begun = time.monotonic()
    if (pid := os.fork()) == 0:
        os.close(out)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        child(seed, readers, into)
    os.close(into)
    ready, _, _ = select.select([out], [], [], LIMIT_S)
    said = os.read(out, 1 << 16) if ready else b""
    os.close(out)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - begun
    if not ready:
        return {"end": "slow", "what": f"over {LIMIT_S} s", "seconds": seconds, "mb": 0.0}
    if not said:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)
        return {"end": "died", "what": f"signal {number}", "seconds": seconds, "mb": 0.0}
    told = json.loads(said)
    if told["mb"] - before > LIMIT_MB:
        told |= {"end": "large", "what": f"{told['mb'] - before:.0f} MB"}
    return told | {"seconds": seconds}


def work(share: int, workers: int, inputs: int, seconds: float, only: str, field: str, queue: Any) -> None:
    """Try every input whose number is this worker's."""
    warnings.simplefilter("ignore")
    mutations = importlib.import_module("mutations")
    readers, made = mutations.readers(), list(mutations.seeds())
    made += [mutations.Seed(*seed) for seed in field_seeds(field)] if field else []
    made = tuple(seed for seed in made if not only or seed.reader == only)
    for seed in made:  # whatever readers import when they first read
        try:
            readers[seed.reader](seed.name, seed.data)
        except Exception as error:
            if type(error).__module__ != "xviz.core.errors":  # some good files are refused with good reason
                queue.put((-1, seed.reader, seed.name, {"end": "foreign", "what": f"good file: {error!r}"[:200]}))
    before, until = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.time() + seconds
    for number in range(share, inputs, workers):
        if time.time() > until:
            break
        seed = mutations.mutation(number, made)
        queue.put((number, seed.reader, seed.name, tried(seed, readers, before)))
    queue.put(None)


def field_seeds(folder: str) -> list[tuple[str, str, bytes]]:
    """Files of a folder of files as people have them, by the name of the folder that each kind lies in."""
    kinds = {"clouds": "room", "eeg": "eeg", "picture": "picture", "sound": "sound"}
    return [
        (kinds[path.relative_to(folder).parts[0]], path.name, path.read_bytes())
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] in kinds and path.name != "README"
    ]


def main() -> None:
    """Run, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--reader", default="", help="picture, regions, sound, eeg, room or text alone")
    parser.add_argument("--field", default="", help="folder of further good files: clouds, eeg, picture, sound")
    given = parser.parse_args()
    context, begun = get_context("spawn"), time.time()
    queue = context.Queue()
    shares = [
        context.Process(
            target=work,
            args=(i, given.workers, given.inputs, given.seconds, given.reader, given.field, queue),
        )
        for i in range(given.workers)
    ]
    for share in shares:
        share.start()
    ends: Counter[tuple[str, str]] = Counter()
    found: dict[str, list[int]] = {}
    slowest, largest, running = 0.0, 0.0, given.workers
    while running:
        if (one := queue.get()) is None:
            running -= 1
            continue
        number, reader, name, told = one
        ends[reader, told["end"]] += 1
        slowest, largest = max(slowest, told.get("seconds", 0)), max(largest, told.get("mb", 0))
        if told["end"] not in ("read", "refused"):
            found.setdefault(f"{reader} {Path(name).suffix}: {told['end']}, {told.get('what')}", []).append(number)
    total = sum(ends.values())
    print(f"{total:,} inputs in {time.time() - begun:.0f} s; slowest {slowest:.1f} s, most memory {largest:.0f} MB")
    for reader in sorted({reader for reader, _ in ends}):
        print(f"  {reader}: " + ", ".join(f"{n:,} {end}" for (of, end), n in sorted(ends.items()) if of == reader))
    for what, numbers in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"  {len(numbers)} × {what}; numbers {numbers[:5]}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
