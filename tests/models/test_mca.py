from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xviz import engine
from xviz.core.errors import CheckpointError, ModelError, SampleError
from xviz.core.run import Target
from xviz.core.sample import BIOSEMI32, Eeg, Picture, Sample
from xviz.explain import METHODS, eeg_cells
from xviz.explain.interventions import intervene
from xviz.models.mca import MCA, MCA_CARD, SHIPPED, load_authors, min_max, prepare, stand_in, windows
from xviz.models.mca_features import (
    Band,
    Plan,
    features,
    pad,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mca.json").read_text(encoding="utf-8"))
HALF = Plan()
SMALL = replace(SHIPPED, channels=BIOSEMI32[:8], plan=Plan(seconds=12.0, steps=12))


def golden_tokens() -> dict[str, torch.Tensor]:
    n, c, b, t = np.meshgrid(np.arange(2), np.arange(32), np.arange(5), np.arange(58), indexing="ij")
    both = {
        "de": np.sin(0.3 * n + 0.11 * c + 0.7 * b + 0.05 * t),
        "psd": np.cos(0.2 * n + 0.13 * c - 0.4 * b + 0.07 * t),
    }
    return {name: torch.from_numpy(pad(value, 60)).flatten(2) for name, value in both.items()}


def present(tokens: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: torch.ones(value.shape[:2], dtype=torch.bool) for name, value in tokens.items()}


def model(**changed: object) -> MCA:
    torch.manual_seed(0)
    return engine.freeze(MCA(replace(SHIPPED, **changed)).double())


def recording(seconds: float = 63.0, rate: float = 128.0, seed: int = 0, **changed: object) -> Eeg:
    rng = np.random.default_rng(seed)
    signal = 10 * rng.standard_normal((32, round(seconds * rate))).astype(np.float32)
    return Eeg(signal, rate, BIOSEMI32, **{"rest": 3.0, **changed})  # type: ignore[arg-type]


# the published numbers


def test_golden_fusion() -> None:
    tokens = golden_tokens()
    fused = model().fuse(tokens, present(tokens))
    assert fused.shape == (2, 32, 5, 60)
    assert fused.sum().item() == pytest.approx(GOLDEN["fused"]["sum"], abs=1e-9)
    assert fused.abs().sum().item() == pytest.approx(GOLDEN["fused"]["sum_abs"], abs=1e-9)
    for place, value in GOLDEN["fused"]["at"]:
        assert fused[tuple(place)].item() == pytest.approx(value, abs=1e-9)
    squeezed = min_max(fused)
    assert squeezed.sum().item() == pytest.approx(GOLDEN["squeezed"]["sum"], abs=1e-9)
    for place, value in GOLDEN["squeezed"]["at"]:
        assert squeezed[tuple(place)].item() == pytest.approx(value, abs=1e-9)
    assert torch.equal(min_max(fused, present(tokens)["de"]), squeezed)
    parts = windows(squeezed, 3)
    assert parts.shape == (40, 1, 32, 5, 3)
    for row, (trial, start) in {0: (0, 0), 1: (1, 0), 2: (0, 3)}.items():
        assert torch.equal(parts[row, 0], squeezed[trial, ..., start : start + 3])


def test_golden_network_under_the_authors_names() -> None:
    network = model()
    order = [
        f"{layer}.{kind}"
        for layer in ("conv11", "conv12", "conv21", "conv22", "fc_layer")
        for kind in ("weight", "bias")
    ]
    shapes = {name: parameter.shape for name, parameter in network.cnn["arousal"].named_parameters()}
    assert list(shapes) == order
    state = {
        f"module.{name}": (0.05 * torch.sin(0.37 * torch.arange(shape.numel(), dtype=torch.double) + j)).view(shape)
        for j, (name, shape) in enumerate(shapes.items())
    }
    load_authors(network, "arousal", state)
    k = torch.arange(960, dtype=torch.double)
    with torch.no_grad():
        logits = network.cnn["arousal"](((torch.sin(0.01 * k) + 1) / 2).view(2, 1, 32, 5, 3))
    assert np.abs(logits.numpy() - GOLDEN["logits"]).max() < 1e-9
    del state["module.conv11.bias"]
    with pytest.raises(CheckpointError, match="not the authors' weights"):
        load_authors(network, "arousal", state)


def test_sizes() -> None:
    assert sum(p.numel() for p in model().cnn["valence"].parameters()) == GOLDEN["parameters"]


# algebra of the attention


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), channels=st.integers(4, 9), absent=st.integers(0, 2))
def test_fusion_written_again(seed: int, channels: int, absent: int) -> None:
    rng = np.random.default_rng(seed)
    network = model(channels=BIOSEMI32[:channels])
    x, y = rng.standard_normal((2, 1, channels, 300))
    here = np.ones(channels, bool)
    here[:absent] = False
    mask = torch.from_numpy(here)[None]
    fused = network.fuse(
        {"de": torch.from_numpy(x), "psd": torch.from_numpy(y)}, {"de": mask, "psd": torch.ones_like(mask)}
    )
    for band in range(5):
        a, b = (v[0].reshape(channels, 5, 60)[:, band] for v in (x, y))

        def soft(logits: np.ndarray, keys: np.ndarray) -> np.ndarray:
            e = np.exp(logits - logits.max()) * keys
            return e / e.sum(-1, keepdims=True)

        asked = soft(a @ b.T / 60**0.5, np.ones(channels)) @ b
        asked[~here] = asked[here].mean(0)
        plain = asked + soft(b @ a.T / 60**0.5, here) @ a
        assert np.allclose(fused[0, :, band].numpy(), plain)


def test_directions_and_order() -> None:
    tokens = golden_tokens()
    network, here = model(), present(tokens)
    fused = network.fuse(tokens, here)
    turned = network.fuse({"de": tokens["psd"], "psd": tokens["de"]}, here)
    assert torch.allclose(fused, turned)
    order = torch.randperm(32)
    assert torch.allclose(network.fuse({n: t[:, order] for n, t in tokens.items()}, here), fused[:, order])


def test_an_absent_electrode_takes_no_part() -> None:
    tokens = {name: value[:, :9] for name, value in golden_tokens().items()}
    network, here = model(channels=BIOSEMI32[:9]), present(tokens)
    for name in here:
        here[name][:, 7] = False
    other = {name: value.clone() for name, value in tokens.items()}
    for value in other.values():
        value[:, 7] = 50.0
    context = {"window": torch.tensor([-1.0, -1.0])}
    assert all(
        torch.equal(a, b)
        for a, b in zip(network(tokens, here, context).values(), network(other, here, context).values(), strict=True)
    )
    assert not torch.equal(
        network(tokens, present(tokens), context)["arousal"], network(tokens, here, context)["arousal"]
    )


def test_stand_in_is_the_mean_of_the_others() -> None:
    answers = torch.arange(8.0).view(1, 1, 4, 2)
    filled = stand_in(answers, torch.tensor([[True, False, True, False]]))
    assert filled[0, 0, 1].tolist() == filled[0, 0, 3].tolist() == [2, 3]
    assert torch.equal(filled[0, 0, [0, 2]], answers[0, 0, [0, 2]])


def test_standardised_features_do_not_depend_on_scale() -> None:
    tokens = golden_tokens()
    network = model(standardise=True)
    for name, factor in (("de", 2.0), ("psd", 3.0)):
        getattr(network, f"{name}_scale").fill_(factor)
    plain = model().fuse({"de": tokens["de"] / 2, "psd": tokens["psd"] / 3}, present(tokens))
    assert torch.allclose(network.fuse(tokens, present(tokens)), plain)


def test_dropout_is_off_unless_asked_for() -> None:
    tokens = golden_tokens()
    for dropout, same in ((0.0, True), (0.3, False)):
        network = MCA(replace(SHIPPED, dropout=dropout)).double().train()
        assert torch.equal(network.fuse(tokens, present(tokens)), network.fuse(tokens, present(tokens))) == same


def test_windows_of_time() -> None:
    tokens = {name: value[:, :8] for name, value in golden_tokens().items()}
    network, here = model(channels=BIOSEMI32[:8]), present(tokens)
    with torch.no_grad():
        every = network.over_time(tokens, here)["valence"]
        mean = network(tokens, here, {"window": torch.tensor([-1.0, -1.0])})["valence"]
        chosen = network(tokens, here, {"window": torch.tensor([4.0, 19.0])})["valence"]
    assert every.shape == (2, 20)
    assert torch.allclose(mean, every.mean(1))
    assert torch.allclose(chosen, torch.stack([every[0, 4], every[1, 19]]), rtol=0, atol=1e-12)
    fused = min_max(network.fuse(tokens, here))
    low, high = network.cnn["valence"](fused[1:, None, ..., 12:15])[0]
    assert every[1, 4].item() == pytest.approx((high - low).item(), abs=1e-12)


def test_other_montages_and_bands() -> None:
    bands = (Band("slow", (1, 3), (0.5, 3)), Band("alpha", (8, 13), (8, 12)))
    network = MCA(replace(SHIPPED, channels=("a", "b", "c", "d", "e", "f"), plan=Plan(bands=bands), labels=("x",)))
    tokens = {name: torch.randn(1, 6, 120) for name in ("de", "psd")}
    assert list(network(tokens, present(tokens), {"window": torch.tensor([-1.0])})) == ["x"]
    with pytest.raises(ModelError, match="needs 4 electrodes or more; got 3"):
        MCA(replace(SHIPPED, channels=("a", "b", "c")))
    with pytest.raises(ModelError, match="60 steps cannot be cut into windows of 7"):
        MCA(replace(SHIPPED, block=7))


# preparing


def test_prepare() -> None:
    eeg = recording()
    order = np.random.default_rng(0).permutation(32)
    shuffled = replace(eeg, signal=eeg.signal[order], channels=tuple(np.array(BIOSEMI32)[order].tolist()))
    inputs, other = (prepare(Sample("x", {"eeg": electrodes}), SHIPPED) for electrodes in (eeg, shuffled))
    assert inputs.tokens["de"].shape == (32, 300)
    assert inputs.notes == ()
    assert all(torch.equal(inputs.tokens[name], other.tokens[name]) for name in ("de", "psd"))
    entropy, power = features(eeg.signal.astype(float), 384, HALF)
    assert torch.allclose(inputs.tokens["psd"], torch.from_numpy(power).flatten(1).float())
    assert torch.allclose(inputs.tokens["de"], torch.from_numpy(entropy).flatten(1).float())
    assert inputs.spaces["psd"].label(14) == "Oz"


def test_prepare_says_what_it_changed() -> None:
    eeg = recording(64.0, 256.0, rest=0.0)
    signal = eeg.signal.copy()
    signal[3], signal[4] = 7.0, np.nan
    inputs = prepare(Sample("x", {"eeg": replace(eeg, signal=signal)}), SHIPPED)
    notes = " ".join(inputs.notes)
    for words in ("from 256 to 128 Hz", f"no signal: {BIOSEMI32[3]}, {BIOSEMI32[4]}", "no rest", "first 60 of 64 s"):
        assert words in notes
    assert inputs.present["de"].sum() == 30
    assert not inputs.tokens["psd"][3].any()
    short = prepare(Sample("x", {"eeg": recording(43.0)}), SHIPPED)
    assert "has 40 of 60 s" in " ".join(short.notes)
    assert torch.isfinite(short.tokens["de"]).all()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (recording(1.0, rest=0.0), "reads 60 s, and at least 30 s; this recording has 1 s"),
        (recording(32.0), "this recording has 29 s after its rest"),
        (replace(recording(), channels=tuple(f"E{i}" for i in range(32))), "has 0: none"),
        (recording(63.0, 64.0), "more than 90 samples a second"),
        (Picture(np.zeros((4, 4, 3), np.uint8)), "“eeg”; the sample has a picture there"),
    ],
)
def test_prepare_refuses(part: object, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        prepare(Sample("x", {"eeg": part}), SHIPPED)  # type: ignore[dict-item]


# engine and methods


@pytest.fixture(scope="module")
def loaded() -> engine.Loaded:
    return engine.untrained(replace(MCA_CARD, settings=SMALL))


@pytest.fixture(scope="module")
def run(loaded: engine.Loaded):
    return engine.run(loaded, Sample("x", {"eeg": recording(15.0)}), "arousal")


def test_the_attention_on_record_is_the_models(run) -> None:
    assert [(call.name, call.queries, call.keys, call.heads) for call in run.calls] == [
        ("de_to_psd", "de", "psd", 5),
        ("psd_to_de", "psd", "de", 5),
    ]
    entropy, power = (run.inputs.tokens[name].view(8, 5, 12).transpose(0, 1) for name in ("de", "psd"))
    plain = (entropy @ power.mT / 12**0.5).softmax(-1)
    assert torch.allclose(run.calls[0].rows(), plain, atol=1e-5)
    assert torch.allclose(run.calls[1].rows().sum(-1), torch.ones(5, 8), atol=1e-5)
    assert float(run.calls[0].grad_rows().abs().sum()) > 0


@pytest.mark.parametrize("key", [key for key, method in METHODS.items() if not method.needs_convolution])
def test_every_method_runs(key: str, loaded: engine.Loaded, run) -> None:
    target = Target("arousal", "de", (6,)) if METHODS[key].needs_focus else Target("arousal")
    options = {"n_steps": 8} if key == "integrated" else {"n_samples": 80} if key == "shap" else {}
    explanation = METHODS[key].explain(loaded, run, target, **options)
    assert all(scores.shape == (8,) for scores in explanation.scores.values())
    assert sum(np.abs(scores).sum() for scores in explanation.scores.values()) > 0
    assert set(explanation.scores) <= {"de", "psd"}


def test_heads_are_bands(loaded: engine.Loaded, run) -> None:
    explanation = METHODS["look"].explain(loaded, run, Target("arousal", "de", (3,)), call="de_to_psd", head=2)
    assert np.allclose(explanation.scores["psd"], run.calls[0].rows([3])[2, 0])


def test_windows_are_asked_for_by_context(loaded: engine.Loaded, run) -> None:
    sample = Sample("x", {"eeg": recording(15.0)})
    third = engine.run(loaded, sample, "arousal", window=2)
    every = loaded.module.over_time(engine.batched(run.inputs.tokens), engine.batched(run.inputs.present))
    assert third.outputs["arousal"] == pytest.approx(every["arousal"][0, 2].item(), abs=1e-6)
    assert run.outputs["arousal"] == pytest.approx(every["arousal"].mean().item(), abs=1e-6)


@pytest.mark.parametrize("window", [-1.0, 2.0])
def test_methods_that_leave_out_run_one_label_alone(loaded: engine.Loaded, run, window: float, monkeypatch) -> None:
    windows_read: dict[str, int] = {"valence": 0, "arousal": 0}

    def noted(label: str, cnn: object):
        forward = cnn.forward

        def read(parts: torch.Tensor) -> torch.Tensor:
            windows_read[label] += len(parts)
            return forward(parts)

        return read

    for label, cnn in loaded.module.cnn.items():
        monkeypatch.setattr(cnn, "forward", noted(label, cnn))
    asked = engine.adjust(run.inputs, window=window)
    sample = Sample("x", {"eeg": recording(15.0)})
    again = engine.run_inputs(loaded, asked, sample, "arousal")
    windows_read |= {"valence": 0, "arousal": 0}
    scores = METHODS["occlusion"].explain(loaded, again, Target("arousal")).scores
    count = 1 + sum(int(here.sum()) for here in asked.present.values())
    every = loaded.module.steps // loaded.module.block
    assert windows_read == {"valence": 0, "arousal": count * (every if window < 0 else 1)}
    assert every > 1
    without = engine.outputs(loaded, asked.without({"psd": (5,)}))["arousal"]
    assert scores["psd"][5] == pytest.approx(again.outputs["arousal"] - without, abs=1e-5)


def test_other_weights_change_the_answer(loaded: engine.Loaded, run) -> None:
    assert abs(intervene(loaded, run, "uniform").change("arousal")[0]) > 1e-7


def test_cells_are_finer_than_tokens(loaded: engine.Loaded, run) -> None:
    target = Target("arousal")
    fine = eeg_cells.integrated(loaded, run, target, steps=(8,))[0]
    coarse = METHODS["integrated"].explain(loaded, run, target, n_steps=8)
    for name, scores in coarse.scores.items():
        assert fine[name].shape == (8, 60)
        assert np.allclose(fine[name].sum(1), scores, atol=1e-6)
    groups = eeg_cells.bands(run, 5)
    losses = eeg_cells.leave_out(loaded, run, target, groups)
    assert losses.shape == (40,)
    tokens = {name: value.clone() for name, value in run.inputs.tokens.items()}
    for value in tokens.values():
        value[6, 24:36] = 0.0  # the baseline of an untrained model
    changed = replace(run.inputs, tokens=tokens)
    assert losses[6 * 5 + 2] == pytest.approx(
        run.outputs["arousal"] - engine.outputs(loaded, changed)["arousal"], abs=1e-6
    )
    with pytest.raises(ModelError, match="one number for each feature of “de”"):
        eeg_cells.leave_out(loaded, run, target, {"de": groups["de"][:3], "psd": groups["psd"]})
    with pytest.raises(ModelError, match="cannot be cut into 7 bands"):
        eeg_cells.bands(run, 7)
