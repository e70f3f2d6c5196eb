"""What the recipe of spoken digits feeds the model is what it says, and transfer carries what fits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.explain import tiny
from xviz.core.errors import CheckpointError, ModelError, SampleError
from xviz.explain import planted
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import SOUND
from xviz.train.common.placement import average_precision
from xviz.train.common.sources import SourceError
from xviz.train.mmvit.augment import equalised, shifted, silenced, stretched
from xviz.train.mmvit.digits import compare, voices
from xviz.train.mmvit.digits import recipe as digits_recipe
from xviz.train.mmvit.digits.clips import Recording, alone, recordings, row
from xviz.train.mmvit.digits.recipe import Recipe, cutmix, further, leave_out, train
from xviz.train.mmvit.transfer import transfer

RATE = 8000.0


def recording_of(digit: int, seconds: float = 0.4) -> Recording:
    return Recording(np.full(round(seconds * RATE), 0.1 * (digit + 1), np.float32), digit, "nobody", 9)


def test_digits_in_a_row_are_where_they_are_told_to_be() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        clip = row([recording_of(d) for d in rng.permutation(10)[:3]], 12_800, RATE, rng)
        heard = np.zeros(12_800, bool)
        for start, end in clip.places:
            heard[round(start * RATE) : round(end * RATE)] = True
        assert (clip.signal[heard] > 0).all()
        assert not clip.signal[~heard].any()
        assert all(b[0] - a[1] >= 0.06 - 1e-9 for a, b in zip(clip.places, clip.places[1:], strict=False))
        assert clip.labels().sum() == len(clip.digits) == 3


def test_what_does_not_fit_is_left_out_and_what_is_too_long_is_cut() -> None:
    rng = np.random.default_rng(0)
    assert row([recording_of(1, 1.0), recording_of(2, 1.0)], 12_800, RATE, rng).digits == (1,)
    assert row([recording_of(1, 3.0)], 12_800, RATE, rng).places == ((0.0, 1.6),)
    assert alone(recording_of(3, 0.4), 12_800, RATE).places == ((0.6, 1.0),)


def test_a_digit_that_is_mostly_taken_away_is_not_said() -> None:
    clip = alone(recording_of(3), 12_800, RATE)
    assert clip.labels((0.6, 0.75))[3] == 1
    assert clip.labels((0.5, 0.9))[3] == 0


def test_cutmix_takes_all_bands_of_a_stretch_and_mixes_labels_alike() -> None:
    planes = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 8, 50).clone()
    labels, rng = torch.eye(4), np.random.default_rng(1)
    for _ in range(20):
        mixed, soft = cutmix(planes, labels, rng)
        assert (mixed == mixed[:, :, :1]).all(), "every band alike"
        for index in range(4):
            strange = mixed[index, 0, 0] != index
            edges = np.flatnonzero(np.diff(strange.int().numpy()))
            assert len(edges) <= 2
            assert soft[index].sum() == pytest.approx(1)
            assert soft[index, index] == pytest.approx(1 - float(strange.float().mean()))


def test_left_out_stretches_are_left_out_in_every_view() -> None:
    present, gone = leave_out(SOUND, 400, 1e-9, np.random.default_rng(0))
    middle = (np.arange(32) + 0.5) / 32
    expected = ~((middle >= gone[:, :1]) & (middle < gone[:, 1:]))
    assert (present["view1"].view(400, 4, 32).numpy() == expected[:, None]).all()
    assert 0.1 < (gone[:, 1] > gone[:, 0]).mean() < 0.4
    whole, none = leave_out(SOUND, 50, 0.0, np.random.default_rng(0))
    assert all(kept.all() for kept in whole.values())
    assert (none[:, 0] == none[:, 1]).all()


def test_shifting_moves_bands_and_brings_silence() -> None:
    planes = torch.arange(8.0).view(1, 1, 8, 1).expand(200, 1, 8, 3)
    moved = shifted(planes, 2, np.random.default_rng(0))
    ways = {tuple(bands[0, :, 0].tolist()) for bands in moved}
    assert len(ways) == 5
    assert (-1.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0) in ways


def test_stretching_moves_bands_away_from_the_lowest() -> None:
    planes = torch.full((64, 1, 40, 2), -1.0)
    planes[:, :, 20] = 1.0
    moved = stretched(planes, 0.2, np.random.default_rng(0))[:, 0, :, 0] + 1
    middle = (moved * torch.arange(40.0)).sum(1) / moved.sum(1)
    assert middle.min() < 17.5
    assert middle.max() > 22.5
    torch.testing.assert_close(stretched(planes, 0.0, np.random.default_rng(0)), planes)


def test_the_equaliser_changes_bands_alike_in_time_and_keeps_the_loudest() -> None:
    planes = torch.rand(20, 1, 16, 9) * 0.5
    planes[:, :, 3, 4] = 1.0
    changed = equalised(planes, 0.1, np.random.default_rng(0))
    change = changed - planes
    assert change.std(-1).max() < 1e-5, "the same at all times"
    assert 0.05 < float(change.amax((2, 3)).sub(change.amin((2, 3))).max()) <= 0.2 + 1e-6
    torch.testing.assert_close(changed.amax((1, 2, 3)), torch.ones(20))


def test_silenced_bands_are_neighbours_and_no_more_than_asked() -> None:
    gone = (silenced(torch.zeros(300, 1, 16, 2), 5, np.random.default_rng(0)) == -1)[:, 0, :, 0].numpy()
    assert set(gone.sum(1)) == {0, 1, 2, 3, 4, 5}
    assert all(np.ptp(np.flatnonzero(row)) == row.sum() - 1 for row in gone if row.any())
    assert gone.any(0).all()


def test_what_the_recipe_leaves_off_changes_nothing_and_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    planes = torch.rand(3, 1, 64, 128)
    assert further(planes, Recipe(), Mel.of(SOUND), rng) is planes
    assert rng.random() == np.random.default_rng(0).random()
    assert not torch.equal(further(planes, Recipe(tilt=6.0), Mel.of(SOUND), rng), planes)


def test_the_comparison_repeats_nothing_and_begins_afresh_with_another_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        compare, "trained", lambda training, data, voices, pictures: asked.append(training) or {"own split": 1.0}
    )
    record, forms = tmp_path / "record.json", [compare.SHIPPED, "without CutMix"]
    compare.compare(tmp_path, forms, record=record)
    assert len(asked) == len(set(asked)) == 6 + 2 * 3
    compare.compare(tmp_path, forms, record=record)
    assert len(asked) == 12
    kept = json.loads(record.read_text())
    kept["trainings"]["recipe"]["batch"] = 1
    record.write_text(json.dumps(kept))
    compare.compare(tmp_path, forms, record=record)
    assert len(asked) == 24
    assert len(json.loads(record.read_text())["trainings"]["runs"]) == 12
    with pytest.raises(CheckpointError, match="--pictures"):
        compare.compare(tmp_path, ["transferred from pictures (sum)"], record=record)


def test_the_shipped_checkpoint_is_not_trained_again() -> None:
    assert compare.shipped(Recipe(), SOUND)["own split"] > 90
    assert compare.shipped(Recipe(seed=1), SOUND) is None
    assert compare.shipped(Recipe(), replace(SOUND, cross="none")) is None


@pytest.mark.parametrize(("rule", "factor"), [("sum", 3.0), ("mean", 1.0)])
def test_transfer_joins_channels_and_fits_codes_of_places(rule: str, factor: float) -> None:
    colours = MMViT(replace(tiny.TONES, channels=3, input=(24, 24), views=(((4, 3), (4, 3), (0, 0)),) * 2))
    colours.embed[0].weight.data = torch.ones(16, 36)
    colours.place[0].data.fill_(0.5)
    sounds = MMViT(tiny.TONES)
    before = sounds.classify.weight.clone()
    with pytest.raises(ModelError, match="square grid"):
        transfer(colours.state_dict(), sounds)
    square = replace(tiny.TONES, channels=3, input=(32, 24), views=(((4, 3), (4, 3), (0, 0)),) * 2)
    colours = MMViT(square)
    colours.embed[0].weight.data = torch.ones(16, 36)
    colours.place[0].data.fill_(0.5)
    carried = transfer(colours.state_dict(), sounds, rule=rule)
    assert (sounds.embed[0].weight == factor).all()
    assert sounds.place[0].shape == (1, 32, 16)
    torch.testing.assert_close(sounds.place[0].data, torch.full((1, 32, 16), 0.5))
    assert torch.equal(sounds.classify.weight, before)
    block = "stage1.block1.views.0.qkv.weight"
    assert block in carried
    assert torch.equal(sounds.state_dict()[block], colours.state_dict()[block])
    assert "embed.1.weight" not in carried, "another patch does not fit"


def test_transfer_refuses_another_rule() -> None:
    with pytest.raises(ModelError, match="“sum” or “mean”, not “max”"):
        transfer({}, MMViT(tiny.TONES), rule="max")


def recorded(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for speaker in ("ann", "bob"):
        for digit in range(10):
            for index in (0, 7, 8, 9, 10):
                time = np.arange(2400) / RATE
                signal = 0.3 * np.sin(2 * np.pi * (300 + 250 * digit) * time) + 0.01 * rng.normal(size=2400)
                soundfile.write(folder / f"{digit}_{speaker}_{index}.wav", signal, 8000)


def test_a_training_run_leaves_weights_and_a_log_and_learns(tmp_path: Path) -> None:
    recorded(tmp_path)
    settings = replace(SOUND, width=8, stages=("C", "SC"), kv_stride=((2, 2), (1, 1)))
    recipe = Recipe(epochs=3, alone_epochs=1, batch=8, without="bob", rate=5e-3, made=0)
    train(tmp_path, tmp_path / "out.safetensors", recipe, settings)
    log = json.loads((tmp_path / "out.log.json").read_text())
    assert log["recipe"]["without"] == "bob"
    assert {"own split", "new speaker"} <= set(log["epochs"][-1])
    assert log["epochs"][1]["loss"] < 0.7
    assert (tmp_path / "out.safetensors").stat().st_size > 1000


def whistled(command: Sequence[str], out: Path) -> None:
    """A synthesiser that whistles a digit, higher for each, after silence."""
    digit = voices.WORDS.index(command[-1])
    time = np.arange(8820) / 22_050
    signal = 0.2 * np.sin(2 * np.pi * (300 + 250 * digit) * time) * (time > 0.1)
    soundfile.write(out, signal, 22_050)


def test_synthesised_voices_say_every_digit_and_begin_at_once(tmp_path: Path) -> None:
    assert voices.build(tmp_path, 6, 2, speak=whistled) == 120
    spoken = recordings(tmp_path, RATE)
    assert len({recording.speaker for recording in spoken}) == 6
    assert sorted(recording.digit for recording in spoken) == sorted(list(range(10)) * 12)
    assert sum("flite" in recording.speaker for recording in spoken) == 20, (
        "every fifth voice is of people who were recorded"
    )
    for recording in spoken:
        assert 0.25 < len(recording.signal) / RATE < 0.42, "silence before the word is gone"
        assert np.abs(recording.signal[:80]).max() > 0.05
        highest = np.fft.rfftfreq(len(recording.signal), 1 / RATE)[np.abs(np.fft.rfft(recording.signal)).argmax()]
        assert highest == pytest.approx(300 + 250 * recording.digit, abs=30)


def test_voices_differ_from_each_other_and_between_takes() -> None:
    rng = np.random.default_rng(0)
    commands = [drawn[1](rng) for number in range(20) for drawn in [voices.drawn(number, rng)] * 2]
    assert len({tuple(command) for command in commands}) >= 38
    assert {command[0] for command in commands} == {"espeak-ng", "flite"}


def test_a_missing_synthesiser_and_a_silent_one_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices.shutil, "which", lambda program: None)
    with pytest.raises(SourceError, match="apt-get install espeak-ng flite"):
        voices.build(tmp_path, 1)
    with pytest.raises(SourceError, match="silent"):
        voices.build(tmp_path, 1, speak=lambda command, out: soundfile.write(out, np.zeros(400), 8000))


def test_synthesised_voices_lead_clips_of_the_training_and_are_never_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    recorded(tmp_path / "real")
    voices.build(tmp_path / "made", 3, 1, speak=whistled)
    settings = replace(SOUND, width=8, stages=("C", "SC"), kv_stride=((2, 2), (1, 1)))
    recipe = Recipe(epochs=2, alone_epochs=1, batch=8, without="bob", made=20, real_epochs=1)
    heard, batches = [], digits_recipe.batches
    monkeypatch.setattr(
        digits_recipe, "batches", lambda some, *rest, **how: heard.append(some) or batches(some, *rest, **how)
    )
    out = tmp_path / "out.safetensors"
    train(tmp_path / "real", out, recipe, settings, voices=tmp_path / "made")
    speakers = [[recording.speaker for recording in some] for some in heard]
    assert [len(some) for some in speakers] == [40 + 20] * 2
    assert [some.count("ann") for some in speakers] == [40, 60], "the last epoch has recorded voices alone"
    assert set(json.loads(out.with_suffix(".log.json").read_text())["epochs"][-1]) >= {"own split", "new speaker"}
    with pytest.raises(SampleError, match="--voices DIR, or train without them by --made 0"):
        train(tmp_path / "real", out, recipe, settings)


def test_fewer_synthesised_clips_than_the_recipe_takes_are_all_taken(tmp_path: Path) -> None:
    """And the last epochs have no more clips than the others, for which the schedule has no steps."""
    (tmp_path / "real").mkdir()
    recorded(tmp_path / "real")
    voices.build(tmp_path / "made", 1, 2, speak=whistled)
    settings = replace(SOUND, width=8, stages=("C", "SC"), kv_stride=((2, 2), (1, 1)))
    recipe = Recipe(epochs=2, alone_epochs=1, batch=8, without="bob", made=50, real_epochs=1)
    out = tmp_path / "out.safetensors"
    train(tmp_path / "real", out, recipe, settings, voices=tmp_path / "made")
    assert len(json.loads(out.with_suffix(".log.json").read_text())["epochs"]) == 2


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="Free Spoken Digit Dataset"):
        recordings(tmp_path, RATE)


# Measuring


def test_relevance_inside_a_stretch_by_hand() -> None:
    run = tiny.ran(tiny.model(tiny.mmvit("joint")), tiny.inputs_of("mmvit"))
    definition = Mel.of(tiny.TONES)  # 24 frames of 12.5 ms, 8 columns of 3 in view 1
    scores = np.zeros((4, 8))
    scores[0, 2], scores[1, 5], scores[2, 0] = 3.0, 1.0, -9.0
    edge = 3 * definition.hop

    def inside(values: np.ndarray, start: float, end: float) -> tuple[float, bool]:
        fit = planted.inside(run.spaces, {"view1": values.ravel()}, definition.place(start * edge, end * edge))
        return fit.share, fit.hit

    assert inside(scores, 2, 3) == (pytest.approx(0.75), True)
    assert inside(scores, 2.4, 6) == (pytest.approx((3 * 0.6 + 1) / 4), True)
    assert not inside(scores, 2.6, 6)[1]
    assert inside(-np.ones(32), 0, 1)[0] == 0
    flat = planted.inside(run.spaces, {"view1": np.ones(32)}, definition.place(0, 2.5 * edge))
    assert flat.share == pytest.approx(flat.chance) == pytest.approx(2.5 / 8)


def test_a_place_in_time_and_frequency_by_hand() -> None:
    definition = Mel.of(SOUND)
    low, high = definition.hertz(10), definition.hertz(20.5)
    place = definition.place(0.25, 0.5, low, high)[::-1]  # the lowest band first
    assert place.shape == (64, 128)
    np.testing.assert_allclose(place[10:20, 20:40], 1)
    np.testing.assert_allclose(place[20, 20:40], 0.5, atol=1e-6)
    assert place.sum() == pytest.approx(20 * 10.5)
    run = tiny.ran(tiny.model(tiny.mmvit("joint")), tiny.inputs_of("mmvit"))
    assert run.spaces["view1"].boxes[0, 3] == run.spaces["view1"].size[0], "row 0 is the lowest band, drawn last"


def test_average_precision_by_hand() -> None:
    assert average_precision(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])) == pytest.approx(
        (1 + 2 / 3) / 2
    )
