"""The multiscale multiview model, written a second time in plain numpy, and what its cards say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.explain import tiny
from xviz import engine
from xviz.core.attention import listening
from xviz.core.errors import ModelError, SampleError
from xviz.core.sample import Picture, Sample, Sound
from xviz.models import MODELS
from xviz.models.counts import count, sizes
from xviz.models.mmvit import MMViT, patches, plans
from xviz.models.mmvit_cards import PAPERS, SOUND, prepare, spaces
from xviz.plates import views

Array = NDArray[np.float64]
SMALL = replace(
    SOUND, input=(16, 24), views=(((4, 3), (4, 3), (0, 0)), ((5, 6), (4, 6), (2, 0))),
    stages=("CA", "SC"), width=8, heads=2, kv_stride=((2, 2), (1, 2)), classes=("one", "two", "three"),
)  # fmt: skip
MODES = ("joint", "pairwise", "sequential", "none")


def model_of(**settings: object) -> MMViT:
    torch.manual_seed(0)
    model = MMViT(replace(SMALL, **settings)).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return model


def batch(model: MMViT, gone: float = 0.0) -> tuple[dict[str, torch.Tensor], ...]:
    torch.manual_seed(1)
    planes = torch.randn(3, model.settings.channels, *model.settings.input, dtype=torch.float64)
    tokens = patches(planes, model.settings)
    present = {name: torch.rand(t.shape[:2]) >= gone for name, t in tokens.items()}
    context = {f"cross_{i + 1}": torch.tensor([1.0, 0.3, 0.0], dtype=torch.float64) for i in range(2)}
    return tokens, present, context


# A second statement: one sample, one head, one window at a time, without batches or fused kernels


class Stated:
    def __init__(self, model: MMViT, gate: float) -> None:
        self.w = {name: t.numpy() for name, t in model.state_dict().items()}
        self.s, self.gate = model.settings, gate

    def linear(self, name: str, x: Array) -> Array:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def gelu(self, x: Array) -> Array:
        return 0.5 * x * (1 + torch.erf(torch.from_numpy(x) / 2**0.5).numpy())

    def windows(self, grid: tuple[int, int], kernel: int, stride: tuple[int, int]) -> list[list[tuple[int, int, int]]]:
        """For each pooled token the tokens in its window, as (index, row in the window, column in the window)."""
        windows_found = []
        for i in range((grid[0] + 2 * (kernel // 2) - kernel) // stride[0] + 1):
            for j in range((grid[1] + 2 * (kernel // 2) - kernel) // stride[1] + 1):
                own = []
                for a in range(kernel):
                    for b in range(kernel):
                        y, x = i * stride[0] + a - kernel // 2, j * stride[1] + b - kernel // 2
                        if 0 <= y < grid[0] and 0 <= x < grid[1]:
                            own.append((y * grid[1] + x, a, b))
                windows_found.append(own)
        return windows_found

    def pool(self, name: str, x: Array, lead: int, here: Array, windows: list) -> Array:
        kernel = self.w[f"{name}.conv.weight"][:, 0]  # d, 3, 3
        rows = [x[i] for i in range(lead)]
        for own in windows:
            rows.append(sum(np.zeros(x.shape[1]) if not here[i] else kernel[:, a, b] * x[lead + i] for i, a, b in own))
        return self.norm(f"{name}.norm", np.array(rows))

    def ask(self, name: str, shape: Any, view: dict) -> list[tuple[Array, Array, Array]]:
        """Per head: queries, keys, values; and in ``view`` which keys take part."""
        qkv = self.linear(f"{name}.qkv", self.norm(f"{name}.norm", view["x"]))
        q, k, v = np.split(qkv, 3, axis=1)
        windows = self.windows(view["grid"], shape.kernel, shape.kv_stride)
        view["keys"] = np.array([True] * view["lead"] + [any(view["here"][i] for i, _, _ in own) for own in windows])
        heads, d = [], shape.width // shape.heads
        for h in range(shape.heads):
            part = slice(h * d, (h + 1) * d)
            key = self.pool(f"{name}.pool_k", k[:, part], view["lead"], view["here"], windows)
            value = self.pool(f"{name}.pool_v", v[:, part], view["lead"], view["here"], windows)
            query = q[:, part]
            if shape.q_stride != (1, 1):
                coarse = self.windows(view["grid"], shape.kernel, shape.q_stride)
                query = self.pool(f"{name}.pool_q", query, view["lead"], view["here"], coarse)
            heads.append((query, key, value))
        return heads

    def attend(self, q: Array, k: Array, v: Array, keys: Array) -> Array:
        logits = np.where(keys, q @ k.T / np.sqrt(q.shape[1]), -np.inf)
        weights = np.exp(logits - logits.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True) @ v

    def mixed(self, kind: str, asked: list, views: list[dict]) -> list[Array | None]:
        count, heads = len(views), len(asked[0])
        if kind == "joint":
            keys, values = np.concatenate([v["keys"] for v in views]), []
            for h in range(heads):
                q, k, v = (np.concatenate([view[h][part] for view in asked]) for part in range(3))
                values.append(self.attend(q, k, v, keys))
            ends = np.cumsum([len(view[0][0]) for view in asked])[:-1]
            return list(np.split(np.concatenate(values, 1), ends))
        others = {
            "own": lambda i: [i],
            "pairwise": lambda i: [j for j in range(count) if j != i],
            "sequential": lambda i: [i + 1] if i + 1 < count else [],
        }[kind]
        answers = []
        for i in range(count):
            each = [
                np.concatenate(
                    [self.attend(asked[i][h][0], *asked[j][h][1:], views[j]["keys"]) for h in range(heads)], 1
                )
                for j in others(i)
            ]
            answers.append(np.mean(each, 0) if each else None)
        return answers

    def close(self, name: str, shape: Any, view: dict, mixed: Array | None, gate: float) -> dict:
        view = dict(view)
        kept = view["x"]
        if shape.before != shape.width:
            kept = self.linear(f"{name}.widen", self.norm(f"{name}.norm", kept))
        if shape.q_stride != (1, 1):
            windows = self.windows(view["grid"], 3, shape.q_stride)
            rows, here = list(kept[: view["lead"]]), []
            for own in windows:
                shown = [kept[view["lead"] + i] for i, _, _ in own if view["here"][i]]
                rows.append(np.max(shown, 0) if shown else np.zeros(kept.shape[1]))
                here.append(bool(shown))
            kept, view["here"] = np.array(rows), np.array(here)
            view["grid"] = tuple((n + 2 - 3) // 2 + 1 for n in view["grid"])
        if mixed is not None:
            kept = kept + gate * self.linear(f"{name}.out", mixed)
        inner = self.norm(f"{name}.norm_mlp", kept)
        through = self.linear(f"{name}.mlp.2", self.gelu(self.linear(f"{name}.mlp.0", inner)))
        view["x"] = (self.linear(f"{name}.widen_mlp", inner) if shape.after != shape.width else kept) + through
        return view

    def __call__(self, tokens: Mapping[str, Array], present: Mapping[str, Array]) -> Array:
        views = []
        for index, (kernel, stride, padding) in enumerate(self.s.views):
            x = self.linear(f"embed.{index}", tokens[f"view{index + 1}"]) + self.w[f"place.{index}"][0]
            sides = zip(self.s.input, kernel, stride, padding, strict=True)
            lead = int(index == 0)
            if lead:
                x = np.concatenate([(self.w["first"] + self.w["place_first"])[0], x])
            grid = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in sides)
            views.append({"x": x, "grid": grid, "lead": lead, "here": present[f"view{index + 1}"]})
        for plan in plans(self.s):
            layers = [f"{plan.stage}.{plan.block}.views.{index}" for index in range(len(views))]
            asked = [self.ask(name, plan.shape, view) for name, view in zip(layers, views, strict=True)]
            answers = self.mixed(plan.kind, asked, views)
            gate = self.gate if plan.crosses else 1.0
            views = [
                self.close(name, plan.shape, view, answer, gate)
                for name, view, answer in zip(layers, views, answers, strict=True)
            ]
        return self.linear("classify", self.norm("norm", views[0]["x"][0]))


@pytest.mark.parametrize("gone", [0.0, 0.3])
@pytest.mark.parametrize(("cross", "expand"), [*((mode, "attention") for mode in MODES), ("joint", "mlp")])
def test_outputs_equal_the_plain_statement(cross: str, expand: str, gone: float) -> None:
    model = model_of(cross=cross, expand=expand)
    tokens, present, context = batch(model, gone)
    outputs = torch.stack(list(model(tokens, present, context).values()), 1).detach().numpy()
    for row, gate in enumerate(context["cross_1"].tolist()):
        arrays = ({name: t[row].numpy() for name, t in these.items()} for these in (tokens, present))
        np.testing.assert_allclose(outputs[row], Stated(model, gate)(*arrays), atol=1e-10)


def test_the_forms_of_cross_attention_differ() -> None:
    outputs = [torch.stack(list(model_of(cross=mode)(*batch(model_of(cross=mode))).values())) for mode in MODES]
    for index, outputs_of_mode in enumerate(outputs):
        for other in outputs[index + 1 :]:
            assert (outputs_of_mode - other).abs().max() > 1e-3


def test_absent_patches_take_no_part() -> None:
    model = model_of()
    tokens, present, context = batch(model, 0.3)
    loud = {name: torch.where(present[name][..., None], t, 50.0) for name, t in tokens.items()}
    for name, value in model(tokens, present, context).items():
        torch.testing.assert_close(model(loud, present, context)[name], value)


def test_switching_a_stage_off_leaves_views_apart_there() -> None:
    model = model_of(stages=("A", "SC"))  # only the last block lets the views meet
    tokens, present, context = batch(model)
    other = {**tokens, "view2": tokens["view2"] + 1}
    off = {**context, "cross_2": torch.zeros(3, dtype=torch.float64)}
    for name in model.settings.classes:
        assert (model(tokens, present, off)[name] == model(other, present, off)[name]).all()
        assert (model(tokens, present, {})[name] != model(other, present, {})[name]).all()


@pytest.mark.parametrize("cross", MODES)
def test_every_call_names_spaces_of_its_size_and_every_step_is_heard(cross: str) -> None:
    card = tiny.mmvit(cross)
    loaded = tiny.model(card)
    run = tiny.ran(loaded, tiny.inputs_of(card.key))  # Run refuses calls that do not fit
    listed = [name.strip() for step in card.paths["one"] for name in step.split("+")]
    assert listed == [call.name for call in run.calls]
    joint = [call.name for call in run.calls if call.name.endswith("joint")]
    assert bool(joint) == (cross == "joint")


@pytest.mark.parametrize("settings", [{"cross": "sideways"}, {"expand": "never"}, {"stages": ("C", "C")},
                                      {"stages": ("SC",)}, {"stages": ("C", "")}])  # fmt: skip
def test_settings_that_make_no_model_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        MMViT(replace(SMALL, **settings))


# Size


def test_the_papers_scale_has_the_size_of_the_estimate_and_one_view_that_of_mvit_b() -> None:
    rows = {row["form"]: row for row in sizes()}
    for row in rows.values():
        assert row["millions"] == pytest.approx(row["estimate"], rel=0.003)
        assert row["billions"] == pytest.approx(row["estimated"], rel=0.012)
    assert round(rows["one view, widening as MViT v1"]["millions"], 1) == 37.0


def test_multiply_adds_by_hand() -> None:
    small = replace(SMALL, input=(4, 4), views=(((2, 2), (2, 2), (0, 0)),), stages=("A",), kv_stride=((1, 1),))
    n, w = 5, 8  # class token and four patches
    linear = 4 * 4 * w + n * w * 3 * w + n * w * w + 2 * n * w * 4 * w + w * 3
    pool, attention = 2 * 2 * 4 * 4 * 9, 2 * n * n * w  # two convolutions, two heads, four places, four channels
    assert count(small)[1] == linear + pool + attention


# Preparing


def sound(seconds: float = 1.0, rate: float = 8000.0) -> Sample:
    time = np.arange(round(seconds * rate)) / rate
    return Sample("tone", {"sound": Sound(np.sin(2 * np.pi * 440 * time).astype(np.float32) * 0.3, rate)})


def test_a_sound_becomes_two_views_whose_cells_tile_the_spectrogram() -> None:
    inputs = prepare(sound(), SOUND)
    for name, patch in (("view1", 64), ("view2", 128)):
        space = inputs.spaces[name]
        assert inputs.tokens[name].shape == (len(space), patch)
        painted = space.paint(np.arange(len(space), dtype=float))
        assert painted.shape == SOUND.input
        assert set(painted.ravel()) == set(range(len(space)))
    assert inputs.spaces["view1"].label(0).startswith("0.00–0.05 s, ")
    assert inputs.spaces["view2"].label(0).startswith("0.00–0.20 s, ")


def test_patches_of_a_later_stretch_are_named_by_the_time_of_the_file_as_its_axis_is() -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(12_800).astype(np.float32)
    sample = Sample("later", {"sound": Sound(signal, 8000.0, start=3.25)})
    named = prepare(sample, SOUND).spaces
    assert named["view1"].label(0).startswith("3.25–3.30 s, ")
    assert named["view2"].label(1).startswith("3.45–3.65 s, ")
    assert [text for _, text in views.plane(MODELS["mmvit"], sample).x_ticks][:2] == ["3.4", "3.6"]


def test_a_tone_is_loudest_where_its_cell_says() -> None:
    inputs = prepare(sound(), SOUND)
    for name in ("view1", "view2"):
        loudest = int(inputs.tokens[name].mean(1).argmax())
        low, high = inputs.spaces[name].label(loudest).split(", ")[1].removesuffix(" Hz").split("–")
        assert float(low) - 10 <= 440 <= float(high) + 10


def test_a_longer_or_faster_sound_is_told() -> None:
    assert prepare(sound(1.6), SOUND).notes == ()
    assert "2 s" not in prepare(sound(2.0), SOUND).notes[0]
    assert "not heard" in prepare(sound(2.0), SOUND).notes[0]
    assert "resampled from 192000 Hz" in prepare(sound(0.5, 192_000.0), SOUND).notes[0]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Sound(np.zeros(8000, np.float32), 8000.0), "silent here"),
        (Sound(np.ones(1, np.float32), 8000.0), r"at least 50 ms is needed; this one has 0\.12 ms \(1 samples"),
        (Picture(np.zeros((4, 4, 3), np.uint8)), "needs a sound"),
    ],
)
def test_what_cannot_be_heard_is_refused(part: Any, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        prepare(Sample("bad", {"sound": part}), SOUND)


def test_a_picture_is_prepared_for_the_papers_scale() -> None:
    settings = replace(PAPERS, input=(32, 32), stages=("C", "SC"), kv_stride=((2, 2), (1, 1)))
    pixels = np.zeros((64, 48, 3), np.uint8)
    pixels[:32] = 255
    inputs = prepare(Sample("half", {"picture": Picture(pixels)}), settings)
    middle = inputs.tokens["view2"].mean(1).reshape(4, 4)
    assert (middle[0] > 0).all()
    assert (middle[3] < 0).all()
    assert inputs.spaces["view1"].label(0) == "0–8 % from the left, 0–8 % from the top"


def test_pooled_cells_know_what_they_cover() -> None:
    cells = spaces(SMALL, lambda a, b: f"{a}–{b}", lambda a, b: f"{a}–{b}", upright=True)
    keys = cells["view1.keys1"]  # 4 × 8 patches of 4 × 3, kernel 3, stride 2
    assert keys.grid == (2, 4)
    np.testing.assert_allclose(keys.cover.sum(1), 1)
    corner = np.flatnonzero(keys.cover[0])
    assert corner.tolist() == [0, 1, 8, 9]  # the window begins before the border
    np.testing.assert_allclose(keys.boxes[0], [0, 0, 4.5, 6])
    np.testing.assert_allclose(keys.reach[3], [15, 0, 24, 8])
    deep = cells["view1.stage2.keys2"]
    assert deep.base() is cells["view1"]
    assert deep.of is cells["view1.stage2"]


def test_listening_changes_nothing() -> None:
    model = model_of()
    inputs = batch(model, 0.2)
    with listening() as tape:
        heard = model(*inputs)
    assert len(tape) == 6
    for name, value in model(*inputs).items():
        assert torch.equal(value, heard[name])


def test_the_engine_runs_the_cards_model_for_every_class() -> None:
    card = tiny.mmvit("joint")
    loaded = engine.untrained(card)
    for name in card.outputs:
        assert np.isfinite(engine.run(loaded, tiny.tone(), name).outputs[name])
