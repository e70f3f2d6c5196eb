"""Clips in which no digit is said: what is in them, what the second stage does with them, and what is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.train.test_mmvit_training import recorded
from xviz.core.errors import SampleError
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import SOUND
from xviz.train.common.sources import SourceError
from xviz.train.mmvit.digits import digitless, noises, speech, sureness
from xviz.train.mmvit.digits.clips import alone, recordings
from xviz.train.mmvit.digits.commands import train as train_command
from xviz.train.mmvit.digits.digitless import LENGTH, Digitless, clips_of, placed
from xviz.train.mmvit.digits.recipe import Recipe, train
from xviz.train.mmvit.digits.refusing import BEHIND, level, over, refuse, with_sounds
from xviz.train.mmvit.digits.tunes import SLOT, piece, tunes
from xviz.train.mmvit.digits.voices import WORDS as DIGITS
from xviz.train.mmvit.instruments.notes import midi_of

SMALL = replace(SOUND, width=8, stages=("C", "SC"), kv_stride=((2, 2), (1, 1)))


def hummed(command: Sequence[str], out: Path) -> None:
    """A synthesiser that hums."""
    soundfile.write(out, 0.2 * np.sin(2 * np.pi * 200 * np.arange(8820) / 22_050), 22_050)


def piped(font: str, file: bytes) -> np.ndarray:
    """A player that pipes throughout, as long as any score here is."""
    return (0.1 * np.sin(2 * np.pi * 500 * np.arange(16_000 * 600) / 16_000)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digitless")
    prompts = folder / "prompts"
    (prompts / "letters").mkdir(parents=True)
    for name in ("letters/a", "letters/ascii36", "hello"):
        soundfile.write(prompts / f"{name}.wav", 0.3 * np.sin(np.arange(4000)), 8000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digitless, "COMPUTED", {"learnt": 3, "tested": 2})
        patch.setattr(digitless, "SPOKEN", {"learnt": 4, "tested": 3})
        patch.setattr(digitless, "PIECES", {"learnt": 1, "tested": 1})
        digitless.build(folder, speak=hummed, render=piped, spoken=prompts)
    return folder


def test_what_is_learnt_and_what_is_tested_share_no_source() -> None:
    for parts in (digitless.PROGRAMS, digitless.SPEAKERS, digitless.RECORDED):
        assert not set(parts["learnt"]) & set(parts["tested"])
    learnt, tested = (set(digitless.WORDS[split].split()) for split in ("learnt", "tested"))
    assert not learnt & tested
    spoken = {part for word in learnt | tested for part in word.split("-")}
    assert not spoken & {*DIGITS, "oh", "to", "too", "for", "won", "ate", "niner"}
    assert not set(noises.LEARNT.values()) & set(noises.TESTED.values())


def test_every_clip_is_of_its_split_and_no_louder_than_full_scale(folder: Path) -> None:
    learnt, tested = (clips_of(folder, split) for split in ("learnt", "tested"))
    assert {clip.kind for clip in learnt} == {*noises.LEARNT, "music", "synthesised words"}
    assert {clip.kind for clip in tested} == {*noises.TESTED, "music", "synthesised words", "words of a person"}
    assert sum(clip.kind == "words of a person" for clip in tested) == 2, "signs are no letters"
    assert sum(clip.kind == "music" for clip in learnt) == 2 * len(digitless.PROGRAMS["learnt"]), "two soundfonts"
    assert sum(clip.kind == "music" for clip in tested) == len(digitless.PROGRAMS["tested"]), "another one"
    for clip in learnt + tested:
        assert clip.spoken == (clip.kind in ("synthesised words", "words of a person"))
        assert len(clip.signal) == LENGTH or clip.spoken
        assert np.abs(clip.signal).max() <= 0.951
        assert np.sqrt(np.mean(clip.signal**2)) == pytest.approx(0.1, rel=0.02) or np.abs(clip.signal).max() > 0.9


def test_missing_prompts_and_a_folder_without_clips_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="apt-get install asterisk-core-sounds-en-wav"):
        digitless.build(tmp_path, speak=hummed, render=piped, spoken=tmp_path)
    with pytest.raises(SampleError, match="xviz make digitless"):
        clips_of(tmp_path, "learnt")


@pytest.mark.parametrize("kind", [*noises.LEARNT.values(), *noises.TESTED.values()])
def test_computed_sounds_are_finite_loud_and_differ(kind: noises.Generator) -> None:
    rng = np.random.default_rng(0)
    signals = [kind(LENGTH, rng) for _ in range(8)]
    assert all(signal.shape == (LENGTH,) and np.isfinite(signal).all() for signal in signals)
    assert min(np.sqrt(np.mean(signal**2)) for signal in signals) > 1e-3
    assert not np.allclose(signals[0], signals[1])


def test_the_colour_of_noise_is_the_slope_of_its_power() -> None:
    for slope in (-1.0, 0.0, 2.0):
        power = np.abs(np.fft.rfft(noises.coloured(80_000, slope, np.random.default_rng(0)))) ** 2
        hertz = np.fft.rfftfreq(80_000, 1 / noises.RATE)
        low, high = (power[(hertz > at) & (hertz < 1.2 * at)].mean() for at in (200, 2000))
        assert np.log10(low / high) == pytest.approx(slope, abs=0.15)


def test_a_clip_is_placed_whole_or_cut_and_the_rest_is_silence() -> None:
    rng = np.random.default_rng(0)
    full, short = (Digitless(np.full(length, 0.1, np.float32), "noise", "learnt") for length in (LENGTH, 3000))
    lengths = [int((placed(full, LENGTH, rng) != 0).sum()) for _ in range(60)]
    assert 15 < lengths.count(LENGTH) < 45
    assert min(lengths) > 0.12 * LENGTH
    starts = {int(np.flatnonzero(placed(short, LENGTH, rng))[0]) for _ in range(20)}
    assert len(starts) > 10
    assert (placed(short, LENGTH, rng) != 0).sum() == 3000


def test_a_tune_is_as_long_as_asked_and_silent_ones_are_passed_over() -> None:
    rng = np.random.default_rng(0)
    scores = []

    def half(font: str, file: bytes) -> np.ndarray:
        scores.append(file)
        sound = piped(font, file)
        sound[: round(SLOT * 16_000)] = 0
        return sound

    assert [len(tune) for tune in tunes("font", [0, 40], 2, LENGTH, rng, half)] == [LENGTH] * 3
    assert scores[0].count(bytes([0xC0, 40])) == 2
    for _ in range(50):
        notes = piece(rng)
        assert all(0 <= start < end <= 1500 and 20 < pitch < 110 and 0 < strength < 128
                   for start, end, pitch, strength in notes)  # fmt: skip


def test_events_are_written_in_their_order_with_the_time_between_them() -> None:
    track = midi_of([(300, b"\x80\x40\x00"), (0, b"\x90\x40\x60")], 500)[22:]
    assert track == b"\x00\x90\x40\x60" + b"\x82\x2c\x80\x40\x00" + b"\x81\x48\xff\x2f\x00"


# The second stage


def test_a_sound_behind_is_softer_by_what_is_asked() -> None:
    signal, behind = np.zeros(1000, np.float32), np.zeros(1000, np.float32)
    signal[:100], behind[500:] = 0.1, 0.4
    mixed = over(signal, behind, 20.0)
    assert mixed[50] == pytest.approx(0.1)
    assert mixed[700] == pytest.approx(0.01)
    assert level(np.zeros(5, np.float32)) == 0


def test_a_batch_gains_clips_without_digits_and_no_speech_behind_digits(folder: Path, tmp_path: Path) -> None:
    recorded(tmp_path)
    definition, rng = Mel.of(SOUND), np.random.default_rng(0)
    clips = [alone(recording, LENGTH, 8000.0) for recording in recordings(tmp_path, 8000.0)[:20]]
    sounds = clips_of(folder, "learnt")
    batch = with_sounds(clips, sounds, Recipe(late_digitless=7, late_behind=0.5), definition, rng)
    assert len(batch) == 27
    assert all(not clip.labels().any() for clip in batch[20:]), "the target is no digit at all"
    changed = [not np.array_equal(a.signal, b.signal) for a, b in zip(clips, batch, strict=False)]
    assert 3 < sum(changed) < 17
    assert all((a.labels() == b.labels()).all() for a, b in zip(clips, batch, strict=False))
    speechless = [Digitless(sound.signal, "synthesised words", "learnt") for sound in sounds]
    with pytest.raises(ValueError, match="0"):
        with_sounds(clips, speechless, Recipe(late_behind=1.0), definition, rng)
    assert BEHIND[0] > 0


def test_the_second_stage_learns_to_refuse_and_keeps_the_first_ones_log(folder: Path, tmp_path: Path) -> None:
    recorded(tmp_path)
    recipe = Recipe(epochs=3, alone_epochs=1, batch=8, without="bob", rate=5e-3, made=0,
                    late_epochs=8, late_rate=5e-3, late_real=0)  # fmt: skip
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    before = train(tmp_path, first, recipe, SMALL)
    after = refuse(tmp_path, second, recipe, SMALL, start=first, digitless=folder)
    log, own = (json.loads(path.with_suffix(".log.json").read_text()) for path in (second, first))
    assert {name: log[name] for name in own} == own
    assert len(log["digitless"]["epochs"]) == 8
    signals = np.stack([placed(clip, LENGTH, np.random.default_rng(0)) for clip in clips_of(folder, "learnt")])
    sure = [sureness.most_probable(model, signals, Mel.of(SOUND))[0].mean() for model in (before, after)]
    assert sure[1] < sure[0] - 0.02


def test_weights_to_start_from_need_clips_without_digits() -> None:
    from argparse import Namespace

    with pytest.raises(SampleError, match="--digitless"):
        train_command(Namespace(start=Path("first.safetensors"), digitless=None))


# Measuring


def test_measures_of_speech_by_hand() -> None:
    time = np.arange(LENGTH) / 8000
    tone = np.sin(2 * np.pi * 150 * time).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(LENGTH).astype(np.float32)
    assert speech.voicing(tone) > 0.95
    assert speech.voicing(noise) < 0.4
    spoken, buzzing = (tone * (1 + np.sin(2 * np.pi * hertz * time)).astype(np.float32) for hertz in (5, 25))
    assert speech.modulation(spoken) > 0.8
    assert speech.modulation(buzzing) < 0.2
    assert speech.separation(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)


def test_what_is_measured_has_every_kind_before_and_after(folder: Path, tmp_path: Path) -> None:
    recorded(tmp_path)
    own = recordings(tmp_path, 8000.0)[:10]
    former = tmp_path / "former.safetensors"
    model = MMViT(SOUND).eval()
    from xviz import checkpoints

    checkpoints.save(model, former, half=False)
    measured = sureness.sureness(model, {"own split": own, "speaker never heard": own}, folder, former)
    kinds = {clip.kind for clip in clips_of(folder, "tested")}
    assert set(measured["digitless"]) == kinds == set(measured["speech"]["others warned"])
    assert all(numbers["before"] == numbers["after"] for numbers in measured["digitless"].values())
    assert measured["behind"]["own split"]["recordings"] == 10
    alone_only = sureness.sureness(model, {"own split": own, "speaker never heard": own}, folder, None)
    assert "before" not in alone_only["digitless"]["music"]


def test_how_sure_by_hand() -> None:
    told = sureness.confidence(np.array([0.9, 0.6, 0.2, 0.1]), np.array([5, 5, 1, 2]))
    assert told == {"sure": 50.0, "mean": 45.0, "most often": "five"}
