"""Three streams in the manner of the Multimodal Transformer (Tsai et al., 2019): sound, face and words.

    xviz check examples/streams.py:SPEC

Every stream asks the two others (six cross-attentions), then itself. The data are planted: all three streams carry a
sign, cheerful or sad, each at a time of its own, and one word says which stream is meant (“hear”, “look”, “read”). So
the stream and the time that the answer comes from are known; the signs of the two other streams mean nothing.

    python -m examples.streams --train    # a minute on two cores; writes streams.safetensors beside this file
    python -m examples.streams --measure  # how often each method's strongest token is the planted one
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

WIDTH, HEADS = 24, 4
SOUND = ("loudness", "pitch", "brightness", "noise", "rhythm", "breath")
FACE = ("brows", "eyes", "cheeks", "mouth", "head")
WORDS = ("well", "it", "was", "that", "film", "we", "saw", "then", "so", "and", "good", "bad", "hear", "look", "read")
GOOD, BAD, CUES = 10, 11, (12, 13, 14)  # places in WORDS; the cues in the order of the streams
STEPS = {"sound": 24, "face": 12, "words": 8}
SECONDS = 2.4


class Crossmodal(nn.Module):
    """One stream asks another; a residual connection goes around attention and feed-forward layer."""

    def __init__(self) -> None:
        super().__init__()
        self.of_queries, self.of_keys, self.of_forward = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.forward_layers = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, asks: Tensor, answers: Tensor) -> Tensor:
        """(b, n, width) and (b, m, width) → (b, n, width)."""
        keys = self.of_keys(answers)
        asks = asks + self.attention(self.of_queries(asks), keys, keys, need_weights=False)[0]
        return asks + self.forward_layers(self.of_forward(asks))


class Streams(nn.Module):
    """Log-odds that the stream which is meant sounds, looks or reads cheerful."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.ModuleDict({"sound": nn.Linear(len(SOUND), WIDTH), "face": nn.Linear(len(FACE), WIDTH)})
        self.first["words"] = nn.Embedding(len(WORDS), WIDTH)
        self.places = nn.ParameterDict({name: 0.1 * torch.randn(count, WIDTH) for name, count in STEPS.items()})
        self.cross = nn.ModuleDict(
            {asks: nn.ModuleDict({other: Crossmodal() for other in STEPS if other != asks}) for asks in STEPS}
        )
        self.own = nn.ModuleDict(
            {name: nn.TransformerEncoderLayer(2 * WIDTH, HEADS, 4 * WIDTH, 0.0, batch_first=True) for name in STEPS}
        )
        self.answer = nn.Sequential(nn.Linear(6 * WIDTH, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, 1))

    def forward(self, sound: Tensor, face: Tensor, words: Tensor) -> Tensor:
        """(b, 24, 6), (b, 12, 5) and (b, 8) → (b,)."""
        given = {"sound": sound, "face": face, "words": words}
        low = {name: self.first[name](value) + self.places[name] for name, value in given.items()}
        read = []
        for asks, others in self.cross.items():
            both = torch.cat([layer(low[asks], low[other]) for other, layer in others.items()], -1)
            read.append(self.own[asks](both).mean(1))
        return self.answer(torch.cat(read, -1))[:, 0]


def planted(count: int, seed: int) -> dict[str, Tensor]:
    """Samples whose answer is known to come from one time of one stream.

    Returns:
        sound (n, 24, 6), face (n, 12, 5), words (n, 8), answer (n,) 0 or 1, stream (n,) which one is meant, signs
        (n, 3) the token of each stream's sign, cue (n,) the word that says which stream.
    """
    draw = torch.Generator().manual_seed(seed)
    every = torch.arange(count)

    def some(most: int, *shape: int) -> Tensor:
        return torch.randint(0, most, shape or (count,), generator=draw)

    sound, face = (0.3 * torch.randn(count, STEPS[n], c, generator=draw) for n, c in (("sound", 6), ("face", 5)))
    words, cheerful = some(GOOD, count, STEPS["words"]), some(2, count, 3)
    sign, stream = 2.0 * cheerful - 1, some(3)
    at = torch.stack([some(steps) for steps in STEPS.values()], 1)
    sound[every, at[:, 0], 0] += 1.5  # loud either way; the pitch rises or falls
    sound[every, at[:, 0], 1] += 1.5 * sign[:, 0]
    face[every, at[:, 1], 2] += 1.5  # cheeks move either way; the mouth goes up or down
    face[every, at[:, 1], 3] += 1.5 * sign[:, 1]
    words[every, at[:, 2]] = torch.where(cheerful[:, 2] == 1, GOOD, BAD)
    cue = (at[:, 2] + 1 + some(STEPS["words"] - 1)) % STEPS["words"]
    words[every, cue] = torch.tensor(CUES)[stream]
    answer = cheerful[every, stream].float()
    return {
        "sound": sound, "face": face, "words": words, "answer": answer, "stream": stream, "signs": at, "cue": cue
    }  # fmt: skip


FILE = Path(__file__).with_suffix(".safetensors")


def untrained() -> Streams:
    """The model with random weights, the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Streams().eval()


def build() -> Streams:
    """The model with the weights of ``--train``."""
    model = untrained()
    model.load_state_dict({name: value.float() for name, value in load_file(FILE).items()})
    return model


# what its owner writes for xviz
from xviz import Inputs, Named, Sample, Series, Spec, Steps, Text  # noqa: E402


def read(sample: Sample) -> Inputs:
    """2.4 seconds: sound at 10 Hz, face at 5 Hz, eight words."""
    sound, face = (torch.from_numpy(sample.part(name, Series).values.T.copy()) for name in ("sound", "face"))
    words = sample.part("words", Text).words
    spaces = (
        Steps("sound", STEPS["sound"], STEPS["sound"] / SECONDS, channels=SOUND),
        Steps("face", STEPS["face"], STEPS["face"] / SECONDS, channels=FACE),
        Named("words", words),
    )
    numbers = torch.tensor([WORDS.index(word) for word in words])
    return Inputs.of(*spaces, tokens={"sound": sound, "face": face}, words=numbers)


def baseline(model: nn.Module) -> dict[str, Tensor]:
    """Nothing happens: the channels' own mean, which is zero, and the word “and”."""
    nothing = {"sound": torch.zeros(1, len(SOUND)), "face": torch.zeros(1, len(FACE))}
    return {**nothing, "words": model.first["words"].weight[WORDS.index("and")].detach()[None]}


def sample_of(data: dict[str, Tensor], number: int) -> Sample:
    """One of the planted samples as a person would bring it."""
    sound, face = (
        Series(data[name][number].T.contiguous().numpy(), channels, STEPS[name] / SECONDS)
        for name, channels in (("sound", SOUND), ("face", FACE))
    )
    words = Text(tuple(WORDS[word] for word in data["words"][number].tolist()))
    return Sample(f"planted {number}", {"sound": sound, "face": face, "words": words})


def samples() -> dict[str, Sample]:
    """The first planted sample of each stream that is meant."""
    data = planted(40, seed=5)
    numbers = [int((data["stream"] == stream).nonzero()[0]) for stream in range(3)]
    return {f"The {name} is meant": sample_of(data, number) for name, number in zip(STEPS, numbers, strict=True)}


GIVEN = {
    "outputs": {"cheerful": "log-odds that the stream which is meant is cheerful"},
    "read": read,
    "call": lambda model, tokens, present, given: {"cheerful": model(tokens["sound"], tokens["face"], given["words"])},
    "features": {"words": "first.words"},
    "baseline": baseline,
    "residual": True,  # one goes around every attention
    "samples": samples,
}
SPEC = Spec(title="Three streams", build=build, weights="trained on planted data by “streams.py --train”", **GIVEN)
UNTRAINED = Spec(title="Three streams, untrained", build=untrained, weights="random: nothing is a result", **GIVEN)


def train(steps: int = 600, seed: int = 0, batch: int = 128) -> tuple[Streams, float]:
    """A model trained on planted data, new ones at every step; and the share of new samples that it gets right."""
    torch.manual_seed(seed)
    model = Streams()
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for step in range(steps):
        data = planted(batch, seed=1000 + 100_000 * seed + step)
        loss = nn.functional.binary_cross_entropy_with_logits(
            model(data["sound"], data["face"], data["words"]), data["answer"]
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step:5}  loss {loss.item():.3f}", flush=True)
    model.eval()
    data = planted(2000, seed=7)
    with torch.no_grad():
        right = (model(data["sound"], data["face"], data["words"]) > 0) == (data["answer"] > 0.5)
    return model, float(right.float().mean())


def found(spec: Spec, method: str, count: int = 30) -> float:
    """In how many of the planted samples the strongest token is the sign of the stream that is meant.

    Tokens of all three streams take part, but for the cue, which matters too.
    """
    import numpy as np

    from xviz import engine
    from xviz.core.run import Target
    from xviz.explain import METHODS

    loaded, data, hits = engine.built(spec), planted(count, seed=11), 0
    for number in range(count):
        run = engine.run(loaded, sample_of(data, number))
        scores = METHODS[method].explain(loaded, run, Target("cheerful")).scores
        strength = {name: np.abs(scores[name]) for name in STEPS}
        strength["words"][int(data["cue"][number])] = 0
        best = max(STEPS, key=lambda name: strength[name].max())
        stream = int(data["stream"][number])
        hits += best == list(STEPS)[stream] and int(strength[best].argmax()) == int(data["signs"][number, stream])
    return hits / count


def main() -> None:
    """Train, or measure."""
    import argparse
    import time

    from safetensors.torch import save_file

    from xviz.explain import METHODS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--steps", type=int, default=600)
    args = parser.parse_args()
    if args.train:
        began = time.perf_counter()
        model, right = train(args.steps)
        save_file({name: value.half().contiguous() for name, value in model.state_dict().items()}, FILE)
        print(
            f"{time.perf_counter() - began:.0f} s; {right:.1%} of 2,000 new samples right; {FILE.stat().st_size} bytes"
        )
    if args.measure:
        for key, method in METHODS.items():
            if method.needs_focus or method.needs_convolution:
                continue
            shares = [f"{found(spec, key):.0%}" for spec in (SPEC, UNTRAINED)]
            print(f"{method.title:32} trained {shares[0]:>5}, untrained {shares[1]:>5}", flush=True)


if __name__ == "__main__":
    main()
