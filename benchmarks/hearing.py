"""What hearing a module from outside costs: ``python benchmarks/hearing.py [--tokens 8192] [--attnread FOLDER]``.

A causal Hugging Face decoder of random weights, 12 heads of 64 features. Each way is a process of its own, so that its
peak memory is its own: above the loaded model, as Linux counts it. Seconds are the processor's, one thread, the best of
``--repeats``, plain and heard in turn, since other work on the machine changes them less.

"run" is a forward and a backward pass, as the app makes for a sample with a target; "look" is a forward pass alone.
"eager" forms all weights (``output_attentions=True``). The package attnread, if a folder with it is given
(``pip install --target FOLDER``), recovers one head of one layer by passing identities for values, one pass for each
64 tokens; it is measured with ``--attnread-tokens``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
WAYS = ("run", "heard run", "look", "heard look", "eager look")


def model(layers: int, how: str):
    """The decoder, in evaluation mode, its parameters frozen."""
    import torch
    from transformers import LlamaConfig, LlamaModel

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=100, hidden_size=768, intermediate_size=3072, num_hidden_layers=layers, num_attention_heads=12,
        max_position_embeddings=16384, attn_implementation=how, use_cache=False,
    )  # fmt: skip
    return LlamaModel(config).eval().requires_grad_(False)


def once(module, tokens: int, way: str) -> None:
    """One pass in one of the ways."""
    import torch

    from xviz.core.listen import calls, hearing, targets

    given = torch.randn(1, tokens, 768, generator=torch.Generator().manual_seed(1))
    if way.endswith("run"):
        given.requires_grad_()
        if way == "run":
            torch.autograd.grad(module(inputs_embeds=given).last_hidden_state.sum(), given)
            return
        with hearing(module, batch=1) as tape:
            out = module(inputs_embeds=given).last_hidden_state.sum()
            grads = torch.autograd.grad(out, [given, *targets(tape)])
        calls(module, tape, grads[1:])
        return
    with torch.inference_mode():
        if way == "heard look":
            with hearing(module, batch=1) as tape:
                module(inputs_embeds=given)
            calls(module, tape)
        else:
            module(inputs_embeds=given, output_attentions=way == "eager look")


def memory(name: str) -> float:
    """A line of the process's status, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


def peak(args: argparse.Namespace) -> dict[str, float]:
    """Peak memory of one way above the loaded model, and its seconds."""
    module = model(args.layers, "eager" if args.way.startswith("eager") else "sdpa")
    once(module, 64, args.way)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak of what was loaded
    before, start = memory("VmRSS"), time.process_time()
    once(module, args.tokens, args.way)
    return {"seconds": round(time.process_time() - start, 2), "MiB": round(memory("VmHWM") - before)}


def turns(args: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of plain and heard passes in turn, in one process."""
    module = model(args.layers, "sdpa")
    ways = WAYS[:4]
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for way in ways:
        once(module, 64, way)
    for _ in range(args.repeats):
        for way in ways:
            start = time.process_time()
            once(module, args.tokens, way)
            seconds[way].append(round(time.process_time() - start, 3))
    return seconds


def recover(args: argparse.Namespace) -> dict[str, float]:
    """One head of one layer with attnread, and all of its layers heard, of fewer tokens."""
    import torch
    from attnread import extract_attention
    from transformers import LlamaForCausalLM

    module = LlamaForCausalLM(model(args.layers, "sdpa").config).eval().requires_grad_(False)
    given = {"inputs_embeds": torch.randn(1, args.attnread_tokens, 768, generator=torch.Generator().manual_seed(1))}
    start = time.process_time()
    found = extract_attention(module, given, heads=[(0, 3)])["text", 0, 3][0]
    theirs, start = time.process_time() - start, time.process_time()

    from xviz.core.listen import calls, hearing

    with torch.inference_mode(), hearing(module, batch=1) as tape:
        module(**given)
    rows = calls(module, tape)[0].rows()[3]
    ours = time.process_time() - start
    return {"attnread": round(theirs, 2), "heard": round(ours, 2), "apart": float((found - rows).abs().max())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--attnread", type=Path)
    parser.add_argument("--attnread-tokens", type=int, default=1024)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        import torch

        torch.set_num_threads(1)
        work = {"turns": turns, "attnread": recover}.get(args.way, peak)
        print(json.dumps(work(args)))
        return
    path = [str(args.attnread)] if args.attnread else []
    for way in [*args.ways, *(["turns"] if args.repeats else []), *(["attnread"] if path else [])]:
        command = [sys.executable, "-W", "ignore", __file__, *sys.argv[1:], "--way", way]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        if way == "attnread":
            environment["PYTHONPATH"] = os.pathsep.join(path)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        print(json.dumps({way: json.loads(done.stdout.splitlines()[-1])}), flush=True)


if __name__ == "__main__":
    main()
