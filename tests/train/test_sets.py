"""The sets of instruments and object pictures are what they say, and their recipes train on them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from xviz import engine
from xviz.core.errors import SampleError
from xviz.core.sample import Picture
from xviz.data.shipped import samples
from xviz.models.card import ModelCard
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT, view_grid
from xviz.models.mmvit_cards import INSTRUMENTS, KINDS, MMVIT_INSTRUMENTS_CARD, MMVIT_OBJECTS_CARD, OBJECTS
from xviz.record import sets
from xviz.train.common.furniture import Model, Shot
from xviz.train.common.placement import placed, several
from xviz.train.common.sources import SourceError
from xviz.train.mmvit import compare
from xviz.train.mmvit.instruments import measure as measure_instruments
from xviz.train.mmvit.instruments import notes as made_notes
from xviz.train.mmvit.instruments import recipe as instruments
from xviz.train.mmvit.instruments.clips import Note, mixed, notes, whole
from xviz.train.mmvit.objects import measure as measure_objects
from xviz.train.mmvit.objects import recipe as objects
from xviz.train.mmvit.objects import renders
from xviz.train.mmvit.objects.pictures import backgrounds, composed, cutouts
from xviz.train.mmvit.transfer import transfer

RATE = float(made_notes.RATE)
FEW = {"piano": {0: (60, 70), 1: (60, 66)}, "bass": {32: (30, 40), 33: (30, 36)}}
SMALL = {"width": 8, "stages": ("C", "SC"), "kv_stride": ((2, 2), (1, 1))}


def events(file: bytes) -> list[tuple[int, int, int]]:
    """Millisecond, status, first byte of every event of a file with one track."""
    assert file[:4] == b"MThd"
    assert int.from_bytes(file[12:14], "big") == 500
    at, now, events_read = 22, 0, []
    assert int.from_bytes(file[18:22], "big") == len(file) - at
    while at < len(file):
        ticks = 0
        while True:
            ticks, more = ticks << 7 | file[at] & 0x7F, file[at] & 0x80
            at += 1
            if not more:
                break
        now += ticks
        events_read.append((now, file[at], file[at + 1]))
        at += 2 if file[at] & 0xF0 == 0xC0 else 3
    return events_read


def play(font: str, file: bytes) -> np.ndarray:
    """A sine for every note; other soundfonts are softer."""
    heard = events(file)
    sound = np.zeros(round((heard[-1][0] / 1000) * RATE), np.float32)
    for start, status, pitch in heard:
        if status == 0x90:
            time = np.arange(round(1.3 * RATE)) / RATE
            tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time)
            sound[round(start * RATE / 1000) :][: len(tone)] = tone * (0.5 if font == made_notes.FREE else 0.2)
    return sound


@pytest.fixture
def played(tmp_path: Path) -> Path:
    made_notes.build(tmp_path, play, FEW)
    return tmp_path


def test_a_midi_file_plays_each_note_in_its_slot() -> None:
    played_events = events(made_notes.midi([(0, 60, 100), (5, 62, 64)]))
    assert [(now, status, first) for now, status, first in played_events if status != 0xFF] == [
        (0, 0xC0, 0), (0, 0x90, 60), (1300, 0x80, 60), (2500, 0xC0, 5), (2500, 0x90, 62), (3800, 0x80, 62),
    ]  # fmt: skip
    assert played_events[-1][:2] == (5000, 0xFF)


def test_no_tested_note_is_trained_on() -> None:
    every = [
        note
        for font in made_notes.FONTS
        for family, programs in made_notes.FAMILIES.items()
        for program in programs
        for note in made_notes.planned(font, family, program, made_notes.FAMILIES)
    ]
    by = defaultdict(set)
    for note in every:
        by[note.split].add((note.font, note.program, note.pitch))
    assert len({note.program for note in every}) == 51
    assert not by["train"] & by["pitch"]
    assert not {program for _, program, _ in by["train"]} & {program for _, program, _ in by["instrument"]}
    trained = {made_notes.FREE, "GeneralUser-v1.47"}
    assert all({font for font, _, _ in by[split]} == trained for split in ("train", "pitch", "instrument"))
    assert {font for font, _, _ in by["soundfont"]} == {made_notes.TESTED}
    assert sets.SETS["mmvit-instruments"].trained == "notes synthesised from two soundfonts", "as the page says it"
    assert 0.2 < len(by["pitch"]) / len(by["train"] | by["pitch"]) < 0.4
    families = {split: {n.family for n in every if n.split == split} for split in by}
    assert all(of_family == set(made_notes.FAMILIES) for of_family in families.values())


def test_the_builder_cuts_every_note_where_it_begins(played: Path) -> None:
    every = notes(played, RATE, INSTRUMENTS.classes)
    listed = json.loads((played / "instruments.json").read_text())["notes"]
    assert len(every) == len(listed) == len(made_notes.FONTS) * 2 * (6 + 4 + 6 + 4)
    for note, entry in zip(every, listed, strict=True):
        assert len(note.signal) == 24_000
        assert np.abs(note.signal[:400]).max() > 0.1
        assert not note.signal[-400:].any()
        spectrum = np.abs(np.fft.rfft(note.signal[:16_000]))
        assert spectrum.argmax() == pytest.approx(440 * 2 ** ((entry["pitch"] - 69) / 12), abs=1)


def test_what_keeps_the_builder_from_playing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="silent"):
        made_notes.build(tmp_path, lambda font, file: np.zeros(9, np.float32), FEW)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SourceError, match="apt-get install fluidsynth"):
        made_notes.build(tmp_path, None, FEW)


def test_a_folder_without_notes_or_with_others_is_told(tmp_path: Path, played: Path) -> None:
    with pytest.raises(SampleError, match="xviz make notes"):
        notes(tmp_path / "none", RATE, INSTRUMENTS.classes)
    with pytest.raises(SampleError, match="knows piano"):
        notes(played, RATE, ("piano",))


def tone(hertz: float, family: int = 0) -> Note:
    time = np.arange(24_000) / RATE
    return Note(np.sin(2 * np.pi * hertz * time).astype(np.float32), family, 0, 60, "train")


def test_the_box_of_a_note_is_where_it_is_heard() -> None:
    definition, rng = Mel.of(INSTRUMENTS), np.random.default_rng(0)
    for _ in range(20):
        clip = mixed([tone(440), tone(2500, 1)], definition.length, RATE, rng, seconds=(0.4, 0.8))
        np.testing.assert_allclose(clip.signal, clip.parts[0] + clip.parts[1])
        for index, hertz in enumerate((440, 2500)):
            start, end, low, high = clip.box(index, definition)
            assert low < hertz < high < 1.5 * hertz
            assert start == pytest.approx(clip.places[index][0], abs=0.05)
            assert end == pytest.approx(clip.places[index][1], abs=0.05)
        assert set(np.flatnonzero(clip.labels(10))) == {0, 1}
    assert whole(tone(440), definition.length, RATE).places == ((0.05, 1.55),)


# Pictures


def rendered(folder: Path) -> list[Model]:
    """Pictures of made-up models, and the models; two titles of each kind have two models."""
    rng, models = np.random.default_rng(0), []
    for number, name in enumerate(("chair", "coffee table", "bed") * 6):
        title = f"{name} {number // 3 if number < 12 else 0}"
        model = Model(
            *(f"lib-{number}", name, title, (), Path("lib.sh3f"), "x.obj"), (1, 1, 1), (), "CC0-1.0", f"“{title}” by A"
        )
        models.append(model)
        for view in range(renders.VIEWS):
            pixels = rng.integers(0, 255, (60 + number, 40, 4), dtype=np.uint8)
            pixels[..., 3] = 255
            Image.fromarray(pixels).save(folder / f"{model.id}_{view}.png")
    (folder / "lib-0_3.png").write_bytes(b"")  # showed next to nothing
    return models


@pytest.fixture
def pictured(tmp_path: Path) -> Path:
    folder = tmp_path / "rendered"
    folder.mkdir()
    renders.write(tmp_path, rendered(folder), folder)
    return tmp_path


def test_models_are_split_by_title_and_views_by_number(pictured: Path) -> None:
    listed = json.loads((pictured / "objects.json").read_text())["models"]
    every = cutouts(pictured, KINDS)
    assert len(every) == 18 * renders.VIEWS - 1
    by_title = defaultdict(set)
    for model in listed:
        by_title[model["title"]].add(model["split"])
        assert model["credit"]
    assert all(len(splits) == 1 for splits in by_title.values())
    by_split = defaultdict(set)
    for cutout in every:
        by_split[cutout.split].add(cutout.model)
        assert max(cutout.pixels.shape[:2]) == renders.SIDE
        assert listed[cutout.model]["kind"] == KINDS[cutout.kind]
    assert by_split["train"] == by_split["view"]
    assert not by_split["train"] & by_split["model"]
    assert sorted(listed[index]["kind"] for index in by_split["model"]) == [
        *["bed"] * 2,
        *["chair"] * 2,
        *["table"] * 2,
    ]


def test_every_model_has_shots_of_its_own() -> None:
    models = [Model(f"m{n}", "bed", "Bed", (), Path("a"), "o", (1, 1, 1), (), "", "") for n in range(2)]
    first, second = (renders.shots_of(model) for model in models)
    assert len(first) == renders.VIEWS
    assert first == renders.shots_of(models[0])
    assert first != second
    assert all(isinstance(shot, Shot) and abs(shot.azimuth) <= 70 for shot in first)
    assert sum(shot.lamp is None for shot in first) == 6


def test_masks_show_what_is_seen_of_each_thing(pictured: Path) -> None:
    every, rng = cutouts(pictured, KINDS), np.random.default_rng(0)
    ground = np.zeros((96, 96, 3), np.uint8)
    for _ in range(60):
        first = every[int(rng.integers(len(every)))]
        picture = composed([first, objects.other(every, first, rng)], ground, rng)
        assert picture.masks.any((1, 2)).all()
        assert not (picture.masks[0] & picture.masks[1]).any()
        painted = picture.pixels.any(-1)
        assert (painted & picture.masks.any(0)).sum() > 0.98 * picture.masks.any(0).sum()
        assert painted.sum() < 1.1 * picture.masks.any(0).sum() + 200
        assert picture.labels(len(KINDS)).sum() == 2
    half = composed([every[0]], ground, rng)
    assert not half.labels(len(KINDS), (0.0, 1.0)).any()


def test_a_folder_without_cutouts_is_told(tmp_path: Path, pictured: Path) -> None:
    with pytest.raises(SampleError, match="xviz make renders"):
        cutouts(tmp_path / "none", KINDS)
    with pytest.raises(SampleError, match="knows chair"):
        cutouts(pictured, ("chair",))
    with pytest.raises(SourceError, match="found none"):
        renders.write(tmp_path, [], tmp_path)


# Training


def test_the_recipe_of_instruments_trains_and_leaves_a_log(played: Path, tmp_path: Path) -> None:
    recipe = instruments.Recipe(epochs=2, rounds=1, batch=8)
    instruments.train(played, tmp_path / "out.safetensors", recipe, replace(INSTRUMENTS, **SMALL))
    log = json.loads((tmp_path / "out.log.json").read_text())
    assert {"pitch", "instrument"} <= set(log["epochs"][-1])
    assert log["epochs"][1]["loss"] < log["epochs"][0]["loss"]


def test_the_recipe_of_pictures_trains_and_leaves_a_log(pictured: Path, tmp_path: Path) -> None:
    recipe = objects.Recipe(epochs=2, batch=8, grounds=5)
    objects.train(pictured, tmp_path / "out.safetensors", recipe, replace(OBJECTS, **SMALL))
    log = json.loads((tmp_path / "out.log.json").read_text())
    assert {"view", "model"} <= set(log["epochs"][-1])
    assert log["epochs"][1]["loss"] < log["epochs"][0]["loss"]


def test_all_but_the_answers_is_carried_from_pictures_to_instruments() -> None:
    pictures, sounds = MMViT(OBJECTS), MMViT(INSTRUMENTS)
    grids = [view_grid(OBJECTS, view) for view in range(2)]
    carried = transfer(pictures.state_dict(), sounds, rule="mean", grids=grids)
    own = {name for name in sounds.state_dict() if not name.startswith(("classify", "mean_"))}
    assert set(carried) == own
    torch.testing.assert_close(
        sounds.embed[0].weight, pictures.embed[0].weight.unflatten(1, (3, -1)).mean(1), rtol=0, atol=0
    )


def test_forms_that_stand_in_the_record_are_not_trained_again(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(compare.SHORTER, "mmvit-instruments", {"epochs": 1, "rounds": 1, "batch": 8})
    monkeypatch.setitem(compare.FORMS["mmvit-instruments"], "the recipe", (SMALL, {}))
    monkeypatch.setattr(measure_instruments, "together", lambda *arguments: {"mAP": 50.0})
    out, arguments = played / "record.json", ("mmvit-instruments", played, ["the recipe"])
    compare.compare(*arguments, [0], out)
    first = json.loads(out.read_text())["trainings"]
    assert {"form", "seed", "minutes", "pitch", "instrument", "mAP"} == set(first["runs"][0])
    compare.compare(*arguments, [0, 1], out)
    again = json.loads(out.read_text())["trainings"]["runs"]
    assert again[0] == first["runs"][0]
    assert [run["seed"] for run in again] == [0, 1]
    monkeypatch.setitem(compare.SHORTER, "mmvit-instruments", {"epochs": 2, "rounds": 1, "batch": 8})
    compare.compare(*arguments, [0], out)
    assert len(json.loads(out.read_text())["trainings"]["runs"]) == 1, "another schedule begins anew"


def test_relevance_is_held_against_the_place_of_each_thing(pictured: Path) -> None:
    card = replace(MMVIT_OBJECTS_CARD, settings=replace(OBJECTS, **SMALL), checkpoint=None)
    every = cutouts(pictured, KINDS)
    cases = list(measure_objects.cases(every, 3))
    for sample, name, mask in cases:
        assert name in ("bed", "chair", "table")
        assert mask.shape == sample.part("picture", Picture).pixels.shape[:2]
    scores = placed(engine.untrained(card), cases, methods=("gradient", "look"))
    shares = [100 * float(mask.mean()) for _, _, mask in cases]
    assert scores["chance"]["share"] == pytest.approx(np.mean(shares), abs=0.1), "tiles fill the picture"
    methods = scores["methods"]
    assert methods["gradient"] == methods["gradient, untrained"], "both are untrained here"
    assert set(methods) == {"gradient", "gradient, untrained", "look", "look, untrained"}


def test_the_two_highest_of_several_by_hand() -> None:
    scores = np.array([[3.0, 2.0, -1.0], [1.0, -2.0, -3.0]])
    true = np.array([[True, True, False], [True, False, True]])
    assert several(scores, true) == {"cases": 2, "exact": 50.0, "mAP": round(100 * (1 + 1 + 0.5) / 3, 1)}


@pytest.mark.parametrize("card", [MMVIT_INSTRUMENTS_CARD, MMVIT_OBJECTS_CARD])
def test_shipped_samples_are_credited_and_say_what_is_where(card: ModelCard) -> None:
    for shipped in samples(card.key):
        assert "GPL" not in shipped.credit
        names = shipped.title.split(", ")
        assert set(names) <= set(card.settings.classes)
        parts = shipped.load().parts
        if card is MMVIT_INSTRUMENTS_CARD:
            assert "(MIT; " in shipped.credit
            places = shipped.truth.places
            assert list(places) == names
            assert all(
                0 <= a < b <= parts["sound"].seconds and 0 < low < high < 8000 for a, b, low, high in places.values()
            )
        else:
            assert shipped.credit.count("CC") >= 2
            assert list(shipped.truth.masks) == names
            masks = [shipped.mask(name) for name in names]
            size = parts["picture"].pixels.shape[:2]
            assert all(mask.shape == size and 0.01 < mask.mean() < 0.4 for mask in masks)


def test_a_set_smaller_than_a_batch_is_told(pictured: Path, tmp_path: Path) -> None:
    recipe = objects.Recipe(batch=4000, grounds=5)
    with pytest.raises(SampleError, match="smaller batch"):
        objects.train(pictured, tmp_path / "out.safetensors", recipe, replace(OBJECTS, **SMALL))


def test_backgrounds_are_those_of_their_seed() -> None:
    assert (backgrounds(3, 32, 1) == backgrounds(3, 32, 1)).all()
    assert (backgrounds(3, 32, 1) != backgrounds(3, 32, 2)).any()
