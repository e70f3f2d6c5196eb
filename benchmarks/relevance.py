"""What rollout and relevance cost: ``python benchmarks/relevance.py [--supervoxels 500 1500 3000] [--tokens 4096]``.

Rooms of so many supervoxels with 16 photos, random features, through the shipped model; then a model of four layers
of joint attention over two modalities of the same size, 4 heads of 8; then co-attention of one to six layers with 40
tokens a side. Each case is a process of its own, so that its peak memory is its own. Seconds are those of the clock,
the best of some repeats, and of the processor. Ratios, in the same process, are to the run itself: one forward and
one backward pass with every attention heard. ``--chunks`` times the largest joint model by weights made at a time.
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

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PHOTOS, LAYERS, HEADS, WIDTH = 16, 4, 4, 32
REPEATS = 3


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor, each the best of some repeats."""
    clock, worked = [], []
    for _ in range(REPEATS):
        begun, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - begun)
        worked.append(time.process_time() - used)
    return min(clock), min(worked)


def memory() -> float:
    """The greatest memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def room(count: int):
    """The shipped model of rooms and its inputs: so many supervoxels, 16 photos."""
    import torch

    from xviz import engine
    from xviz.core.run import Inputs
    from xviz.core.tokens import Joined, Named, PatchGrid
    from xviz.models import MODELS

    loaded = engine.load(MODELS["mit"])
    settings, random = loaded.card.settings, torch.Generator().manual_seed(0)
    parts = Named("supervoxels", ("",) * count), PatchGrid("patches", ("",) * PHOTOS, settings.grid)
    spaces = {}
    for classes, part in zip(("classes_3d", "classes_2d"), parts, strict=True):
        first = Named(classes, settings.classes)
        spaces |= {one.name: one for one in (first, part, Joined(f"{classes}+{part.name}", (first, part)))}
    widths = {"supervoxels": settings.width, "patches": settings.view_width}
    tokens = {part.name: torch.randn(len(part), widths[part.name], generator=random) for part in parts}
    present = {name: torch.ones(len(values), dtype=torch.bool) for name, values in tokens.items()}
    places = torch.rand(count, 3, generator=random) * torch.tensor([8.0, 6.0, 3.0])
    return loaded, Inputs(tokens, present, spaces, {"places": places})


def built(layers: int, count: int, *, joint: bool):
    """An untrained model of two modalities of so many tokens each: joint attention, or co-attention."""
    import torch
    from torch import nn

    from xviz import engine
    from xviz.core.run import Inputs
    from xviz.core.tokens import Joined, Named
    from xviz.models.card import ModelCard
    from xviz.models.layers import Attention, Unit

    unit = {"width": WIDTH, "heads": HEADS, "hidden": WIDTH}

    class Model(nn.Module):
        def __init__(self, _: object) -> None:
            super().__init__()
            for name in ("both",) if joint else ("left", "right"):
                self.add_module(name, nn.ModuleList(Unit(name, **unit) for _ in range(layers)))
            for name, ends in {} if joint else {"asks": ("left", "right"), "answers": ("right", "left")}.items():
                ask = {"width": WIDTH, "heads": HEADS}
                self.add_module(name, nn.ModuleList(Attention(*ends, **ask) for _ in range(layers)))

        def forward(self, tokens, present, context):
            left, right = tokens["left"], tokens["right"]
            here, there = present["left"], present["right"]
            for i in range(layers):
                if joint:
                    both = self.both[i](torch.cat([left, right], 1), torch.cat([here, there], 1))
                    left, right = both.split([left.shape[1], right.shape[1]], 1)
                else:
                    left, right = self.left[i](left, here), self.right[i](right, there)
                    left, right = left + self.asks[i](left, right, there), right + self.answers[i](right, left, here)
            return {"score": (left.mean(1) * right.mean(1)).sum(-1), "left": left.mean((1, 2))}

    steps = [f"both.{i}.attention" for i in range(layers)]
    if not joint:
        each = (("left.{}.attention", "right.{}.attention", "asks.{} + answers.{}") for _ in range(layers))
        steps = [name.format(i, i) for i, names in enumerate(each) for name in names]
    card = ModelCard(
        key="timed", title="timed", short="timed", icon="", story="", paper="", wants={}, checkpoint=None,
        outputs={"score": "score", "left": "left"}, settings={}, build=Model, prepare=lambda *_: None,
        paths=dict.fromkeys(("score", "left"), tuple(steps)),
    )  # fmt: skip
    ends = tuple(Named(name, ("",) * count) for name in ("left", "right"))
    tokens = {end.name: torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(0)) for end in ends}
    present = {end.name: torch.ones(count, dtype=torch.bool) for end in ends}
    spaces = {space.name: space for space in (*ends, Joined("both", ends))}
    return engine.untrained(card), Inputs(tokens, present, spaces, {})


def measured(kind: str, count: int, power: int) -> dict[str, float]:
    """Seconds, ratios and memory of one case: so many supervoxels, joint tokens or layers of co-attention."""
    from xviz import engine
    from xviz.core import attention
    from xviz.core.run import Target
    from xviz.core.sample import Sample, Text
    from xviz.explain import METHODS

    if kind == "room":
        loaded, inputs = room(count)
    elif kind == "joint":
        loaded, inputs = built(LAYERS, count // 2, joint=True)
    else:
        loaded, inputs = built(count, 40, joint=False)
    attention.CHUNK = 2**power
    sample = Sample("made", {"text": Text(("made",))})
    run = engine.run_inputs(loaded, inputs, sample)
    told = dict(
        zip(("run, s", "run, processor s"), timed(lambda: engine.run_inputs(loaded, inputs, sample)), strict=True)
    )
    for method in ("rollout", "relevance"):
        explain, before = METHODS[method].explain, memory()
        clock, worked = timed(lambda: explain(loaded, run, Target(run.target)))  # noqa: B023
        told |= {f"{method}, s": clock, f"{method}, processor s": worked, f"{method} / run": clock / told["run, s"]}
        told[f"{method}, further memory, MiB"] = memory() - before
    return told | {"peak memory, MiB": memory()}


def main() -> None:
    """Print the measurements of every case as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--supervoxels", type=int, nargs="*", default=(500, 1500, 3000))
    parser.add_argument("--tokens", type=int, nargs="*", default=(1024, 2048, 4096))
    parser.add_argument("--layers", type=int, nargs="*", default=(1, 2, 3, 4, 5, 6))
    parser.add_argument("--chunks", type=int, nargs="*", default=(), help="powers of two")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "COUNT", "CHUNK"), help="measure one case in this process")
    said = parser.parse_args()
    if said.one:
        print(json.dumps(measured(said.one[0], int(said.one[1]), int(said.one[2]))))
        return
    cases = [("room", count, 19) for count in said.supervoxels] + [("joint", count, 19) for count in said.tokens]
    cases += [("layers", count, 19) for count in said.layers] + [("joint", 4096, power) for power in said.chunks]
    for kind, count, power in cases:
        command = [sys.executable, str(Path(__file__)), "--one", kind, str(count), str(power)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        told = {name: round(value, 3) for name, value in json.loads(done.stdout.splitlines()[-1]).items()}
        print(json.dumps({kind: count, "weights at a time": f"2^{power}", **told}), flush=True)


if __name__ == "__main__":
    main()
