"""The same work by xviz and by plain peers: ``OMP_NUM_THREADS=1 python benchmarks/peers.py [--tokens 2048] [--write]``.

Peers are what people write or install instead:

- capture: ``torch.nn.MultiheadAttention`` that gives every weight of four layers; a Hugging Face decoder that does so
  (``attn_implementation="eager"``, ``output_attentions=True``) beside the same decoder heard with fused attention; and
  attnread, if a folder with it is given (``pip install --target FOLDER attnread``), for one head of one layer;
- relevance: the rule of Chefer et al. (ICCV 2021, equations 5 and 6) with every map and gradient dense;
- integrated gradients: ``captum.attr.IntegratedGradients`` on the same module, with as many steps;
- payload: all weights of all layers and heads as JSON, as BertViz gives them to a browser;
- heatmap and cloud: Plotly's figure as it goes to a browser; for the cloud also PyVista's plotter as its server streams
  it: colours anew, a rendered view, a JPEG.

Seconds of the processor, the best of three; bytes where what a browser is sent counts. ``--write`` keeps the record and
puts its table into ``benchmarks/README.md``; both hold what this run measured and nothing else.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from torch import Tensor, nn

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RECORD, TOLD = ROOT / "benchmarks" / "peers.json", ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- peers -->", "<!-- /peers -->"
LAYERS, HEADS, WIDTH = 4, 8, 256
STEPS = 64
POINTS, TOKENS = 150_000, 1_500
Array = NDArray[Any]


def best(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    times = []
    for _ in range(3):
        gc.collect()
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def capture(count: int) -> tuple[float, float]:
    """Seconds: four layers of self-attention whose weights can be read afterwards."""
    from xviz.core.attention import Attend
    from xviz.core.tape import listening

    layers = [nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval() for _ in range(LAYERS)]
    tokens = torch.randn(1, count, WIDTH, generator=torch.Generator().manual_seed(0))

    def dense() -> list[Tensor]:
        x, kept = tokens, []
        for layer in layers:
            x, weights = layer(x, x, x, average_attn_weights=False)
            kept.append(weights)
        return kept

    def heard() -> list[Tensor]:
        attend, x = Attend("tokens", "tokens"), tokens
        with listening() as tape:
            for layer in layers:
                projected = nn.functional.linear(x, layer.in_proj_weight, layer.in_proj_bias)
                parts = (part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in projected.chunk(3, 2))
                x = layer.out_proj(attend(*parts).transpose(1, 2).flatten(2))
        return list(tape)

    with torch.no_grad():
        return best(heard), best(dense)


def decoder(count: int) -> tuple[float, float]:
    """Seconds: a Hugging Face decoder of two layers, run once, whose weights can be read afterwards."""
    from hearing import model, once

    fast, eager = model(2, "sdpa"), model(2, "eager")
    return best(lambda: once(fast, count, "heard look")), best(lambda: once(eager, count, "eager look"))


def recovered(count: int) -> tuple[float, float]:
    """Seconds: the rows of one head of one layer of such a decoder, by attnread, and of every head heard."""
    from argparse import Namespace

    from hearing import recover

    seconds = recover(Namespace(layers=2, attnread_tokens=count))
    return seconds["heard"], seconds["attnread"]


def relevance(count: int) -> tuple[float, float]:
    """Seconds: relevance of every token for one output of four layers of joint attention, after the run."""
    from relevance import built

    from xviz import engine
    from xviz.core.run import Target
    from xviz.core.sample import Sample, Text
    from xviz.explain import METHODS

    loaded, inputs = built(LAYERS, count // 2, joint=True)
    run = engine.run_inputs(loaded, inputs, Sample("made", {"text": Text(("made",))}))

    def dense() -> Tensor:
        whole = torch.eye(count)
        for call in run.calls:
            gradients = call.grad_out @ call.v.transpose(-1, -2)
            whole = whole + (call.rows() * gradients).clamp(min=0).mean(0) @ whole
        return whole

    return best(lambda: METHODS["relevance"].explain(loaded, run, Target(run.target))), best(dense)


def integrated() -> tuple[float, float]:
    """Seconds: integrated gradients of regions and words of the first shipped picture."""
    from xviz import engine
    from xviz.core.run import Target
    from xviz.data.shipped import samples
    from xviz.explain.methods import gradients
    from xviz.models import MODELS

    loaded = engine.load(MODELS["mmca"])
    run = engine.run(loaded, samples("mmca")[0].load())
    inputs, target = run.inputs, Target(run.target)
    names, start = list(inputs.tokens), engine.baseline(loaded, run.inputs)

    def plain() -> object:
        def forward(*tensors: Tensor) -> Tensor:
            size = len(tensors[0])
            present = {name: here.expand(size, -1) for name, here in inputs.present.items()}
            context = {name: value.expand(size, *value.shape) for name, value in inputs.context.items()}
            return loaded.module(dict(zip(names, tensors, strict=True)), present, context)[run.target]

        ends = tuple(inputs.tokens[name][None] for name in names)
        return IntegratedGradients(forward).attribute(
            ends, tuple(start[name][None] for name in names), n_steps=STEPS, internal_batch_size=64
        )

    return best(lambda: gradients.integrate(loaded, run, target, steps=(STEPS,))), best(plain)


def payload() -> tuple[float, float]:
    """MB: both sides of the attention of the first shipped picture and sentence, linked, and every weight as JSON."""
    from xviz import engine, linked
    from xviz.data.shipped import samples
    from xviz.models import MODELS

    loaded, sample = engine.load(MODELS["mmca"]), samples("mmca")[0].load()
    run = engine.run(loaded, sample)
    page = linked.show(engine.Session(loaded, sample, run)).page.encode()
    weights = json.dumps([call.rows().tolist() for call in run.calls])
    return len(page) / 1e6, len(weights) / 1e6


def heatmap(size: int = 1024) -> tuple[float, float]:
    """MB that a browser is sent for a matrix of so many rows."""
    from xviz.draw import scale
    from xviz.drawings import matrix

    weights = torch.rand(size, size, generator=torch.Generator().manual_seed(0)).softmax(1).numpy()
    names = [f"token {i}" for i in range(size)]
    colours = scale.sequential(weights, label="attention weight")
    drawn = matrix.matrix(weights, row_labels=names, column_labels=names, scale=colours, axes=("query", "key"))
    return len(drawn.payload) / 1e6, len(go.Figure(go.Heatmap(z=weights, x=names, y=names)).to_json()) / 1e6


def picked() -> tuple[Array, Array, Array]:
    """A cloud of 150,000 points: places, the token of each (1,500 in all), and scores of the tokens."""
    random = np.random.default_rng(0)
    xyz, token = random.random((POINTS, 3), np.float32), random.integers(0, TOKENS, POINTS)
    return xyz, token, random.random(TOKENS).astype(np.float32)


def shown() -> Callable[[], bytes]:
    """What makes the message of another pick in that cloud."""
    from xviz.draw import scale
    from xviz.drawings import points

    xyz, token, scores = picked()
    cloud = points.geometry(xyz, segments=token, labels=[f"supervoxel {i}" for i in range(TOKENS)])
    return lambda: points.points(cloud, scores, scale=scale.sequential(scores, label="attention weight")).payload


def cloud() -> tuple[float, float]:
    """MB that a browser is sent when another token is picked."""
    xyz, token, scores = picked()
    marker = {"size": 2, "color": scores[token]}
    figure = go.Figure(go.Scatter3d(x=xyz[:, 0], y=xyz[:, 1], z=xyz[:, 2], mode="markers", marker=marker))
    return len(shown()()) / 1e6, len(figure.to_json()) / 1e6


def streamed() -> tuple[float, float]:
    """Seconds of the server for a pick: a message with colours, and a view that PyVista renders and packs as JPEG."""
    from io import BytesIO

    import pyvista as pv
    from PIL import Image

    xyz, token, scores = picked()
    mesh, plotter = pv.PolyData(xyz), pv.Plotter(off_screen=True, window_size=[800, 480])
    mesh["weight"] = scores[token]
    plotter.add_mesh(mesh, scalars="weight", point_size=2, style="points")
    plotter.show(auto_close=False)

    def view() -> None:
        mesh["weight"] = scores[::-1][token]
        plotter.render()
        Image.fromarray(plotter.screenshot(return_img=True)).convert("RGB").save(BytesIO(), "JPEG")

    own, other = best(shown()), best(view)
    plotter.close()
    return own, other


def table(record: Mapping[str, Mapping[str, object]]) -> str:
    """The record as Markdown."""
    rows = [f"| {k} | {v['xviz']} | {v['what']} | {v['peer']} | {v['peer / xviz']} |" for k, v in record.items()]
    return "\n".join(["| what | xviz | peer | its number | peer / xviz |", "|---|---|---|---|---|", *rows])


def main() -> None:
    """Print every comparison, and keep it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--attnread", type=Path, metavar="FOLDER", help="where attnread was installed to")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    count = options.tokens
    torch.set_num_threads(1)
    work = {
        f"capture of 4 layers, {count:,} tokens, s": (lambda: capture(count), "MultiheadAttention with weights"),
        f"capture of a decoder of 2 layers, {count:,} tokens, s": (lambda: decoder(count), "Hugging Face, eager"),
        f"relevance, 4 layers, {count:,} tokens, s": (lambda: relevance(count), "dense maps"),
        f"integrated gradients, {STEPS} steps, s": (integrated, "Captum alone"),
        "attention of a picture and a sentence, MB": (payload, "all weights as JSON"),
        "matrix of 1,024 × 1,024, MB": (heatmap, "Plotly"),
        "pick in a cloud of 150,000 points, MB": (cloud, "Plotly"),
        "pick in a cloud of 150,000 points, s": (streamed, "PyVista, streamed"),
    }
    if options.attnread:
        sys.path.append(str(options.attnread))
        work["one head of one layer of the decoder, 1,024 tokens, s"] = (lambda: recovered(1024), "attnread")
    record = {}
    for name, (measure, peer) in work.items():
        own, other = measure()
        record[name] = {"xviz": float(f"{own:.3g}"), "peer": float(f"{other:.3g}"), "what": peer}
        record[name]["peer / xviz"] = float(f"{other / own:.3g}")
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if options.write:
        RECORD.write_text(text, encoding="utf-8")
        told = TOLD.read_text(encoding="utf-8")
        before, after = told.split(BEGIN)[0], told.split(END)[1]
        TOLD.write_text(f"{before}{BEGIN}\n{table(record)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
