from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from xviz import cli, engine
from xviz.checkpoints import Checkpoint, load_into
from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32
from xviz.models.mca import MCA, MCA_CARD, SHIPPED
from xviz.models.mca_features import Plan, band_table
from xviz.train.mca.features import Trials, divide, label_question, load_trials
from xviz.train.mca.measure import planted, t_test
from xviz.train.mca.real import SETS, load, read_ts
from xviz.train.mca.recipe import Recipe, compare, drawn, fit, fused, judge, settings_for, standardise

PLAN = Plan(seconds=12.0, steps=12)
QUICK = Recipe(epochs=6, batch=16, rate=2e-3, share=0.2)


def trials(subjects: int = 5, each: int = 8, channels: int = 8, *, strength: float = 1.5, seed: int = 0) -> Trials:
    """Noise in which high valence raises alpha at the electrode 2."""
    rng = np.random.default_rng(seed)
    count = subjects * each
    ratings = np.stack([np.arange(count) % 2 * 4 + 3.0, rng.permutation(count) % 2 * 4 + 3.0], 1)
    de, psd_ = 0.3 * rng.standard_normal((2, count, channels, 5, 12)).astype(np.float32)
    for part in (de, psd_):
        part[ratings[:, 0] > 5, 2, 2] += strength
    names = BIOSEMI32[:channels]
    number = np.arange(count)
    return Trials(de, psd_, ratings, ("valence", "arousal"), number // each, number, names, PLAN)


# splits


@pytest.mark.parametrize("split", ["paper", "trial", "subject"])
def test_splits_hold_out_what_they_say(split: str) -> None:
    data = trials()
    tested = divide(data, "valence", split, windows=4)  # type: ignore[arg-type]
    assert tested.shape == (40, 4)
    assert tested.mean() == pytest.approx(0.2, abs=0.05)
    mixed = tested.any(1) & ~tested.all(1)
    assert mixed.any() == (split == "paper")
    subjects = {s for s in range(5) if tested[data.subject == s].any() and not tested[data.subject == s].all()}
    assert bool(subjects) == (split != "subject")
    assert np.array_equal(tested, divide(data, "valence", split, windows=4))  # type: ignore[arg-type]


def test_stretches_of_one_clip_stay_together() -> None:
    data = replace(trials(), trial=np.arange(40) // 2 * 2 + np.arange(40) % 2 - np.arange(40) % 4 // 2 * 2)
    tested = divide(data, "valence", "trial", windows=4).all(1)
    for number in np.unique(data.trial):
        assert len(set(tested[data.trial == number])) == 1


def test_labels_are_those_of_the_recordings() -> None:
    data = trials()
    assert data.high("valence").tolist() == [0, 1] * 20
    with pytest.raises(SampleError, match="labelled with valence, arousal, not with “liking”"):
        data.high("liking")
    with pytest.raises(SampleError, match="one of paper, trial, subject; got “random”"):
        divide(data, "valence", "random", windows=4)  # type: ignore[arg-type]
    with pytest.raises(SampleError, match="too few recordings for a split by subject"):
        divide(trials(1), "valence", "subject", windows=4)


def test_the_label_question_is_answered_from_counts() -> None:
    def deap(valence: int, arousal: int) -> Trials:
        ratings = np.full((1280, 2), 3.0)
        ratings[:valence, 0], ratings[:arousal, 1] = 5.0, 5.0
        return replace(trials(), ratings=ratings)

    assert "swapped: 99.49 % is arousal" in label_question(deap(724, 754))
    assert "named rightly" in label_question(deap(754, 724))
    assert "cannot decide" in label_question(deap(700, 754))
    assert "valence 20 of 40 high" in label_question(trials())


# training


def test_training_learns_what_is_there_and_nothing_else() -> None:
    data = trials(8, strength=3.0)
    rows = {(row["split"], row["label"]): row for row in compare(data, QUICK, splits=("subject",))}
    assert rows["subject", "valence"]["trials"] >= 0.9
    assert rows["subject", "arousal"]["trials"] <= 0.85
    assert rows["subject", "valence"]["leaks"] is False
    assert rows["subject", "valence"]["chance"] == pytest.approx(0.5)


def test_the_papers_split_leaks() -> None:
    """Trials that can be told apart but not by their label: only windows of known trials are judged rightly."""
    rng = np.random.default_rng(0)
    data = trials(strength=0.0)
    mark = rng.standard_normal((40, 8, 5, 1)).astype(np.float32)
    data = replace(data, de=data.de * 0.1 + mark, psd=data.psd * 0.1 + mark)
    rows = compare(data, replace(QUICK, epochs=12), splits=("paper", "trial"))
    accuracy = {row["split"]: row["windows"] for row in rows if row["label"] == "valence"}
    assert accuracy["paper"] > 0.85
    assert accuracy["trial"] < 0.75


def test_standardise_and_left_out() -> None:
    data = trials()
    model = MCA(settings_for(data))
    kept = np.arange(40) < 30
    standardise(model, data, kept)
    assert model.psd_mean.numpy() == pytest.approx(data.psd[kept].mean((0, 1)).ravel(), abs=1e-5)
    assert model.de_scale.numpy() == pytest.approx(data.de[kept].reshape(240, -1).std(0, ddof=1), abs=1e-5)
    plain = fused(model, data, np.arange(4))
    assert plain.shape == (4, 8, 5, 12)
    assert torch.equal(plain, fused(model, data, np.arange(4)))
    generator = torch.Generator().manual_seed(0)
    assert not torch.equal(plain, fused(model, data, np.arange(4), 0.5, generator))
    assert plain.amax((1, 2)).eq(1).all()
    assert plain.amin((1, 2)).eq(0).all()


def test_windows_are_drawn_from_every_trial() -> None:
    allowed = torch.ones(5, 4, dtype=torch.bool)
    allowed[2, :3] = False
    generator = torch.Generator().manual_seed(0)
    assert drawn(allowed, 0, generator).tolist() == [i for i in range(20) if i not in (2, 7, 12)]
    draws = [drawn(allowed, 2, generator) for _ in range(30)]
    counts = torch.stack([torch.bincount(places % 5, minlength=5) for places in draws])
    assert counts.eq(torch.tensor([2, 2, 1, 2, 2])).all()
    assert all(17 in places for places in draws)  # the only window of trial 2
    assert len({tuple(places.tolist()) for places in draws}) > 5


def test_fit_uses_only_what_it_is_given() -> None:
    data, kept = trials(), np.zeros((40, 4), bool)
    kept[:20] = True
    changed = replace(data, psd=data.psd.copy(), ratings=data.ratings.copy())
    changed.psd[20:] += 9
    changed.ratings[20:] = 9 - changed.ratings[20:]
    weights = []
    for these in (data, changed):
        torch.manual_seed(0)
        model = MCA(settings_for(these))
        fit(model, these, "valence", kept, replace(QUICK, epochs=1))
        weights.append(model.cnn["valence"].fc_layer.weight.clone())
        assert not model.training
    assert torch.equal(*weights)
    assert 0 <= judge(model, data, "valence", ~kept)["trials"] <= 1


# folders


def simulated(folder: Path, subjects: int = 3, each: int = 2) -> None:
    for number in range(1, subjects + 1):
        rng = np.random.default_rng(number)
        np.savez(
            folder / f"s{number:02d}.npz",
            data=10 * rng.standard_normal((each, 32, 8064)).astype(np.float32),
            labels=np.array([[3.0, 7.0], [7.0, 3.0]]), label_names=np.array(["valence", "arousal"]),
            channels=np.array(BIOSEMI32), rate=128.0, rest=3.0,
        )  # fmt: skip


def test_a_folder_of_simulated_recordings_is_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(tmp_path)
    out = tmp_path / "out" / "mca.safetensors"
    cli.main(["train", "mca", "--data", str(tmp_path), "--out", str(out), "--epochs", "0", "--share", "0.4"])
    printed = capsys.readouterr().out
    assert "features of s02.npz, 2 of 3" in printed
    assert "these recordings cannot decide" in printed
    record = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))
    assert record["split"] == "subject"
    assert record["accuracy"]["arousal"]["tested_trials"] == 2
    again = MCA(SHIPPED)
    load_into(again, Checkpoint("mca", out, "", "mca", "", ""))
    first = load_trials(tmp_path, SHIPPED.plan, say=pytest.fail)  # kept: nothing is computed again
    assert first.de.shape == (6, 32, 5, 60)
    trained = ~divide(first, "valence", "subject", windows=20, share=0.4).all(1)
    assert again.psd_mean.numpy() == pytest.approx(first.psd[trained].mean((0, 1)).ravel(), abs=1e-2)
    assert first.label_names == ("valence", "arousal")


def test_several_splits_stand_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(tmp_path)
    out = tmp_path / "mca.safetensors"
    which = ["--split", "paper", "trial", "subject", "--epochs", "0", "--share", "0.4"]
    cli.main(["train", "mca", "--data", str(tmp_path), "--out", str(out), *which])
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| w")]
    assert [row.split(" | ")[1] for row in rows] == ["valence", "arousal"] * 3
    assert [("**leaks**" in row, "whole subjects" in row) for row in rows[::2]] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    log = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))
    assert log["split"] == "subject"
    assert log["accuracy"]["valence"]["windows"] == log["splits"][4]["windows"]


def test_any_montage_and_any_bands_are_trained_on(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        data = 10 * np.random.default_rng(number).standard_normal((2, 12, 8064)).astype(np.float32)
        names = np.array([f"E{i}" for i in range(12)])
        np.savez(tmp_path / f"s{number}.npz", data=data, labels=np.array([[3.0], [7.0]]), rate=128.0, rest=3.0,
                 label_names=np.array(["sleepy"]), channels=names)  # fmt: skip
    out = tmp_path / "mine.safetensors"
    bands = ["--bands", "delta=1-4", "alpha=8-13", "--set", "standardise=True", "--set", "dropout=0.1"]
    cli.main(["train", "mca", "--data", str(tmp_path), "--out", str(out), "--epochs", "1", "--share", "0.4", *bands])
    recorded = load_trials(tmp_path, replace(Plan(), bands=band_table(bands[1:3])), say=pytest.fail)
    assert (recorded.de.shape, recorded.channels[-1], recorded.label_names) == ((6, 12, 2, 60), "E11", ("sleepy",))
    again = MCA(replace(settings_for(recorded), standardise=True))
    load_into(again, Checkpoint("mine", out, "", "mca", "", ""))
    odd = {"data": np.ones((2, 11, 8064)), "labels": np.array([[3.0], [7.0]]), "rate": 128.0, "rest": 3.0}
    np.savez(tmp_path / "s4.npz", **odd, label_names=np.array(["sleepy"]), channels=np.array([*"abcdefghijk"]))
    with pytest.raises(SampleError, match=r"s4\.npz should hold trials with labels, of the same electrodes"):
        load_trials(tmp_path, say=lambda _: None)


@pytest.mark.parametrize("text", ["theta", "theta=8-4", "theta=4-90", "theta=0-4", "theta=4.2-4.8", "=1-2"])
def test_a_band_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SampleError, match="A band should be like theta=4-8"):
        band_table([text])


def test_seed_features_are_cut_into_minutes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("1_20131027", "1_20131030", "2_20140404"):
        arrays = {
            f"{kind}_movingAve{clip}": rng.random((62, 130, 5)) + (kind == "psd")
            for kind in ("de", "psd")
            for clip in (1, 2, 3)
        }
        savemat(tmp_path / f"{name}.mat", arrays)
    with pytest.raises(SampleError, match=r"SEED's label\.mat should lie in"):
        load_trials(tmp_path, say=lambda _: None)
    savemat(tmp_path / "label.mat", {"label": np.array([[1, 0, -1]])})
    data = load_trials(tmp_path, say=lambda _: None)
    assert data.de.shape == (12, 62, 5, 60)  # three sessions, two clips that are not neutral, two minutes each
    assert data.subject.tolist() == [1] * 8 + [2] * 4
    assert data.high("valence").tolist() == [1, 1, 0, 0] * 3
    assert len(np.unique(data.trial)) == 6
    assert np.allclose(data.psd[1], 10 * np.log10(_psd(tmp_path / "1_20131027.mat")[:, :, 60:120]), atol=1e-4)


def test_seed_signals_are_cut_into_minutes(tmp_path: Path) -> None:
    """Raw clips at 200 Hz: features are made here, levels as there is no rest; an alpha rhythm is seen where it is."""
    rng, time = np.random.default_rng(0), np.arange(125 * 200) / 200
    clips = {f"djc_eeg{number}": 10 * rng.standard_normal((62, len(time))) for number in (1, 2)}
    clips["djc_eeg2"][5] += 30 * np.sin(2 * np.pi * 10 * time)
    savemat(tmp_path / "1_20131027.mat", clips)
    savemat(tmp_path / "label.mat", {"label": np.array([[1, -1]])})
    data = load_trials(tmp_path, say=lambda _: None)
    assert data.de.shape == (4, 62, 5, 60)
    assert data.high("valence").tolist() == [1, 1, 0, 0]
    assert np.isfinite(data.psd).all()
    alpha = data.psd[2:, 5, 2].mean() - data.psd[:2, 5, 2].mean()
    assert alpha > 6
    power = 1 + 30**2 / 2 / (10**2 / 100 * 5)  # of noise of 1 µV²/Hz in 5 Hz, and of the rhythm
    assert data.de[2:, 5, 2].mean() - data.de[:2, 5, 2].mean() == pytest.approx(np.log10(power) / 2, abs=0.15)


def _psd(path: Path) -> np.ndarray:
    from scipy.io import loadmat

    return loadmat(path)["psd_movingAve1"].transpose(0, 2, 1)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"should hold DEAP's s01\.dat … or s01\.bdf …, your own s01\.npz …"):
        load_trials(tmp_path)


def test_real_sets_are_read(tmp_path: Path) -> None:
    data_set = SETS[0]
    folder = tmp_path / data_set.name
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("TRAIN", 4), ("TEST", 2)):
        lines = [
            ":".join(",".join(f"{v:.2f}" for v in 9 * rng.standard_normal(896)) for _ in range(6)) for _ in range(count)
        ]
        labels = ["negativity", "positivity"] * 2
        text = "@data\n" + "\n".join(f"{line}:{labels[i]}" for i, line in enumerate(lines)) + "\n"
        (folder / f"{data_set.name}_{part}.ts").write_text("# Amplitude \xb5V\n" + text, encoding="latin1")
    data, tested = load(tmp_path, data_set)
    assert data.de.shape == (6, 6, 5, 12)
    assert tested.tolist() == [False] * 4 + [True] * 2
    assert data.high("state").tolist() == [0, 1, 0, 1, 0, 1]
    with pytest.raises(SampleError, match=r"is missing\. Unpack the wheel"):
        read_ts(tmp_path / "no.ts")


# measures


def test_the_t_test_finds_the_planted_cell() -> None:
    data = trials(strength=1.0)
    statistic = t_test(data, "valence", np.arange(40))
    assert np.unravel_index(statistic.argmax(), statistic.shape) == (2, 2)


def test_methods_are_scored_beside_chance_and_an_untrained_model() -> None:
    data = trials(8, strength=3.0)
    card = replace(MCA_CARD, settings=settings_for(data))
    torch.manual_seed(0)
    model = MCA(card.settings)
    tested = divide(data, "valence", "subject", windows=4)
    standardise(model, data, ~tested.all(1))
    fit(model, data, "valence", ~tested, QUICK)
    right = np.zeros((8, 5))
    right[2, 2] = 1.0
    rows = {
        r["method"]: r
        for r in planted(engine.Loaded(card, model.requires_grad_(False), "x", "y"), data, "valence", right, trials=4)
    }
    assert set(rows) == {"received", "rollout", "relevance", "integrated", "occlusion", "t-test", "chance"}
    assert rows["occlusion"]["trained"]["hits"] > 0
    assert rows["occlusion"]["trained"]["correlation"] > 0.15
    assert rows["t-test"]["trained"]["correlation"] > 0.15
    assert all({"trained", "untrained"} <= set(rows[key]) for key in ("received", "integrated"))
    assert rows["received"]["trained"]["correlation"] == pytest.approx(
        rows["received"]["untrained"]["correlation"], abs=1e-6
    )
