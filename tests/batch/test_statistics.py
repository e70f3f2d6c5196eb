"""Statistics over a batch, restated in plain numbers: bootstrap, areas beside chance, random weights, modalities."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from xviz import cli, engine, opening
from xviz.batch import modality, sanity
from xviz.batch.measure import answers
from xviz.batch.opened import open_archive, open_folder
from xviz.batch.statistics import faithfulness, heads, means, modalities, plain, statistics
from xviz.core.errors import SampleError
from xviz.core.run import Target
from xviz.core.sample import Picture, Sample
from xviz.engine import Session
from xviz.explain.probe import probe
from xviz.session import run

OWN = "examples/captioner.py:SPEC"
TARGET = "next word"


def picture(seed: int) -> Sample:
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return Sample(f"noise {seed}", {"picture": Picture(pixels)})


@pytest.fixture(scope="module")
def session() -> Session:
    return run(opening.model(OWN), picture(0))


# Means


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(3, 2, (900, 1))
    [mean] = means(values)
    error = values.std(ddof=1) / np.sqrt(900)
    assert mean.mean == pytest.approx(values.mean())
    assert mean.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert mean.high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_samples_without_a_value_do_not_count_and_columns_are_drawn_together() -> None:
    column = np.arange(50.0)
    holed = np.where(column % 5 == 0, np.nan, column)
    first, second, none = means(np.stack([column, holed, np.full(50, np.nan)], 1))
    assert (first.count, second.count, none.count) == (50, 40, 0)
    assert second.mean == pytest.approx(np.nanmean(holed))
    assert np.isnan(none.mean)
    both = means(np.stack([column, column + 1], 1))
    assert both[1].low - both[0].low == pytest.approx(1)
    assert means(np.zeros((0, 1)))[0].count == 0


# Tables


def test_methods_are_held_against_random_orders_of_the_same_samples() -> None:
    table = pd.DataFrame(
        {
            "index": range(4), "deletion.a": [1.0, 2, 3, 4], "deletion.b": [5.0, 5, 5, 5],
            "deletion.random": [2.0, 3, 4, 3], "insertion.a": [9.0, 9, 9, np.nan], "insertion.random": [4.0, 4, 4, 4],
            "insertion.random.sd": [1.0, 1, 1, 1],
        }
    )  # fmt: skip
    best, worst = faithfulness(table)
    assert (best["method"], worst["method"]) == ("a", "b")
    assert best["deletion"].mean == pytest.approx(np.mean([1, 1, 1, -1]))
    assert best["deletion beaten"] == 0.75
    assert (best["insertion"].mean, best["insertion"].count) == (5, 3)
    assert worst["deletion"].high < 0, "worse than chance, and said so"


def test_heads_stand_by_their_mass_across() -> None:
    table = pd.DataFrame(
        {f"head.a.b.{n}.{w}": [v, v] for n, w, v in ((1, "entropy", 0.5), (1, "across", 0.1), (2, "across", 0.9))}
    )
    rows = heads(table.assign(index=[0, 1]))
    assert [(row["call"], row["head"]) for row in rows] == [("a.b", 2), ("a.b", 1)]
    assert rows[1]["entropy"].mean == 0.5


def test_statistics_are_plain_json() -> None:
    table = pd.DataFrame(
        {
            "index": [0, 1],
            "error": [None, "no"],
            "correct": [True, None],
            "shapley.a": [1.0, np.nan],
            "shapley.b": [-3.0, np.nan],
        }
    )
    made = json.loads(json.dumps(plain(statistics(table)), allow_nan=False))
    assert made["samples"][0]["failed"] == 1
    assert made["samples"][0]["correct"]["mean"] == 1
    assert {row["modality"]: row["share"]["mean"] for row in made["modalities"]} == {"a": 0.25, "b": 0.75}
    assert not modalities(pd.DataFrame({"index": [0]}))


def test_several_targets_of_a_sample_count_as_one_sample() -> None:
    generator = np.random.default_rng(0)
    names = ["head.a.1.across", "deletion.a", "deletion.random", "shapley.a", "shapley.b", "swap.a"]
    single = pd.DataFrame(generator.normal(size=(30, len(names))), columns=names).assign(
        index=range(30), correct=[None, *(generator.random(29) > 0.4)]
    )
    thrice = pd.concat([single] * 3).sort_values("index", kind="stable", ignore_index=True)
    one, three = plain(statistics(single)), plain(statistics(thrice))
    assert (three["samples"][0].pop("rows"), one["samples"][0].pop("rows")) == (90, 30)
    assert one["samples"][0]["correct"]["count"] == 29
    for name, rows in one.items():
        for row, other in zip(rows, three[name], strict=True):
            assert row.keys() == other.keys()
            for key, value in row.items():
                assert other[key] == (pytest.approx(value) if key not in ("call", "method", "modality") else value)
    mixed = pd.DataFrame({"index": [0, 0, 1], "deletion.a": [0.0, 3, 0], "deletion.random": [1.0, 1, 1]})
    assert faithfulness(mixed)[0]["deletion beaten"] == 0.5


# Random weights


def test_weights_are_randomised_from_the_last_layer_down_and_the_model_stays(session: Session) -> None:
    before = {name: tensor.clone() for name, tensor in session.model.module.state_dict().items()}
    stages = sanity.randomised(session.model, seed=1)
    named = [name for name, _ in sanity.layers(session.model)]
    assert [name for name, _ in stages] == named
    assert named[0] == "next"
    changed: set[str] = set()
    for (name, loaded), (_, names) in zip(stages, sanity.layers(session.model), strict=True):
        changed |= set(names)
        for key, tensor in loaded.module.state_dict().items():
            other = not torch.equal(tensor, before[key])
            assert other == (key in changed and before[key].std() > 0), (name, key)
    for key, tensor in session.model.module.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_rank_correlations_are_those_of_the_scores_before_and_after(session: Session) -> None:
    explanations = answers(session, TARGET, ("look", "gradient"))
    stages = sanity.randomised(session.model)
    found = sanity.sanity(session, TARGET, explanations, stages)
    name, last = stages[-1]
    again = Session(last, session.sample, engine.run_inputs(last, session.run.inputs, session.sample, TARGET))
    after = answers(again, TARGET, ("gradient",))["gradient"]
    before = explanations["gradient"]
    expected = spearmanr(*(np.concatenate([one.scores[s] for s in before.scores]) for one in (before, after))).statistic
    assert found[f"sanity.gradient.{len(stages)} {name}"] == pytest.approx(expected)
    assert found["sanity.look.1 next"] == pytest.approx(1), "attention comes before the last layer"
    assert found["sanity.gradient.1 next"] < 0.999


# Modalities


def test_shapley_values_of_two_modalities_are_those_of_the_formula(session: Session) -> None:
    found = modality.shapley(session, TARGET)
    inputs, value = session.run.inputs, probe(session.model, session.run.inputs, Target(TARGET))

    def worth(*kept: str) -> float:
        here = {n: (p if n in kept else torch.zeros_like(p))[None] for n, p in inputs.present.items()}
        with torch.no_grad():
            return float(value({n: t[None] for n, t in inputs.tokens.items()}, here)[0])

    both, patches, words, none = worth("patches", "words"), worth("patches"), worth("words"), worth()
    assert found["shapley.patches"] == pytest.approx((both - words + patches - none) / 2, abs=1e-6)
    assert found["shapley.words"] == pytest.approx((both - patches + words - none) / 2, abs=1e-6)
    assert sum(found.values()) == pytest.approx(both - none, abs=1e-6)


def test_a_swapped_modality_is_that_of_the_other_sample(session: Session) -> None:
    other = picture(1)
    found = modality.swapped(session, other, TARGET)
    whole = engine.outputs(session.model, engine.prepare(session.model, other))[TARGET]  # words are the same for all
    assert found["swap.words"] == pytest.approx(0, abs=1e-5)
    assert set(found) == {"swap.patches", "swap.words"}
    assert session.outputs[TARGET] - whole != 0


# Opening


def test_a_batch_opens_from_its_folder_running_or_finished_and_from_a_zip(tmp_path: Path, capsys) -> None:
    (tmp_path / "data").mkdir()
    from PIL import Image

    for seed in range(3):
        Image.fromarray(picture(seed).part("picture", Picture).pixels).save(tmp_path / f"data/{seed}.png")
    words = ["--methods", "look", "gradient", "--steps", "2", "--modalities", "--sanity"]
    cli.main(["batch", OWN, "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), *words])
    capsys.readouterr()
    cli.main(["statistics", str(tmp_path / "out"), "--json"])
    assert set(json.loads(capsys.readouterr().out)) == {
        "samples", "methods beside random orders", "agreement", "heads", "weights randomised", "modalities",
    }  # fmt: skip
    cli.main(["statistics", str(tmp_path / "out")])
    assert "methods beside random orders" in capsys.readouterr().out
    whole = open_folder(tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as made:
        for path in (tmp_path / "out").rglob("*"):
            made.write(path, path.relative_to(tmp_path))
    (tmp_path / "out/table.parquet").unlink()
    running, zipped = open_folder(tmp_path / "out"), open_archive("out.zip", (tmp_path / "out.zip").read_bytes())
    assert whole.done == running.done == zipped.done == 3
    assert list(whole.table["target"].unique()) == [TARGET]
    with pytest.raises(SampleError, match="is no folder of a batch"):
        open_folder(tmp_path)
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as made:
        made.writestr("a.txt", "a")
    with pytest.raises(SampleError, match="holds 0 batches"):
        open_archive("none.zip", (tmp_path / "none.zip").read_bytes())
