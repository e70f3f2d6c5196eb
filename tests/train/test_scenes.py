"""The scene set: boxes, spans, truth, splits and repeatability, on tiny drawn cut-outs and without a network."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from xviz.train.common import sources
from xviz.train.common.backgrounds import background
from xviz.train.common.tables import listed
from xviz.train.mmca import compose as composing
from xviz.train.mmca import layout, scenes, words
from xviz.train.mmca.colours import colour_name
from xviz.train.mmca.cutouts import Cutout, read
from xviz.train.mmca.foils import absent, foils, noun
from xviz.train.mmca.names import emoji_name, furniture_name
from xviz.train.mmca.phrases import Phrase, Plan, Relation, write
from xviz.train.mmca.sentences import Thing, facts, sentences
from xviz.train.mmca.splits import divide, families
from xviz.train.mmca.stamps import name_in

PAINTS = {"red": (220, 20, 20), "green": (20, 160, 40), "blue": (30, 60, 220), "yellow": (245, 215, 20)}
NAMES = listed(
    """
    cat, umbrella, trumpet, lemon, rocket, spider, castle, ladder, pumpkin, scarf, cactus, violin, teapot, anchor,
    bucket, camel, dragon, eagle, fountain, giraffe, helmet, igloo, jacket, kangaroo, lobster, magnet, needle, octopus,
    parrot
    """
)


def draw(folder, name, colour, source="emoji", shape="ellipse", number=0, caption=None):
    path = folder / f"{name}-{colour}-{number}.png"
    image = Image.new("RGBA", (60, 48))
    getattr(ImageDraw.Draw(image), shape)((1, 1, 58, 46), fill=(*PAINTS[colour], 255))
    image.crop(image.getbbox()).save(path)
    model = f"{name}-{number // 3}"
    return Cutout(
        path.stem, source, str(path), name, name, caption, (), colour, model, "CC0-1.0", f"{name} by us", True
    )


@pytest.fixture(scope="module")
def pools(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("cutouts")
    paints = list(PAINTS)
    cutouts = [draw(tmp_path, name, paints[i % 4]) for i, name in enumerate(NAMES)]
    cutouts.append(draw(tmp_path, "cat", "blue"))
    cutouts += [draw(tmp_path, "chair", "red", "furniture", "rectangle", n) for n in range(9)]
    cutouts += [
        draw(tmp_path, f"{n}fruit", "red", "tuxpaint", caption=f"A {n}fruit.") for n in ("star", "bread", "jack")
    ]
    return divide(cutouts)


def records(pools, out, split="train", number=25, seed=0):
    maker = scenes.SceneMaker(pools, out, seed)
    return [maker.make(split, i) for i in range(number)]


@pytest.fixture(scope="module")
def made_scenes(pools, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    return out, records(pools, out)


def test_boxes_are_tight_around_what_is_visible(tmp_path):
    cutout = draw(tmp_path, "box", "blue", shape="rectangle")
    for seed in range(8):
        picture = composing.compose([cutout, cutout], np.random.default_rng(seed))
        if picture is None:
            continue
        for x0, y0, x1, y1 in picture.boxes:
            blue = picture.pixels[int(y0) : int(y1), int(x0) : int(x1)].astype(int)
            inside = (blue[..., 2] - blue[..., 0]) > 60
            assert inside.mean() > 0.6
            assert inside[:2].any()
            assert inside[-2:].any()
            assert inside[:, :2].any()
            assert inside[:, -2:].any()
        assert composing.iou(*picture.boxes) < composing.OVERLAP


def test_tight_box_is_half_open():
    mask = np.zeros((10, 12), bool)
    mask[3:5, 2:9] = True
    assert composing.tight_box(mask) == (2, 3, 9, 5)


def test_shown_removes_what_a_later_layer_covers():
    patch = np.ones((4, 4, 4), np.float32)
    layers = [composing._Layer(patch, 0, 0), composing._Layer(patch, 2, 0)]
    (_, first), (_, second) = composing._shown(layers, (8, 4))
    assert composing.tight_box(first > 0.3) == (0, 0, 2, 4)
    assert composing.tight_box(second > 0.3) == (2, 0, 6, 4)


def test_records_are_whole(made_scenes):
    out, entries = made_scenes
    for record in entries:
        with Image.open(out / record["image"]) as image:
            assert image.size == (record["width"], record["height"])
        assert 2 <= len(record["objects"]) <= 5
        for thing in record["objects"]:
            x0, y0, x1, y1 = thing["box"]
            assert 0 <= x0 < x1 <= record["width"]
            assert 0 <= y0 < y1 <= record["height"]
            assert {"concept", "name", "source", "licence", "credit", "colour"} <= set(thing)
        texts = [sentence["text"] for sentence in record["sentences"]]
        assert len(set(texts)) == len(texts) >= 4
        wide = [s for s in record["sentences"] if len({i for m in s["mentions"] for i in m["objects"]}) >= 2]
        assert len(wide) >= 3


def test_spans_hold_the_names(made_scenes):
    for record in made_scenes[1]:
        for sentence in record["sentences"]:
            for mention in sentence["mentions"]:
                spanned = sentence["text"][slice(*mention["span"])].lower()
                bare = sentence["text"][slice(*mention["head"])].lower()
                things = [record["objects"][i] for i in mention["objects"]]
                name = things[0]["name"]
                assert bare == (words.plural(name) if len(things) > 1 else name)
                assert spanned in (bare, f"{things[0]['colour']} {bare}")
                assert {thing["concept"] for thing in things} == {things[0]["concept"]}


def test_foils_differ_and_name_their_kind(made_scenes):
    for record in made_scenes[1]:
        true = {sentence["text"] for sentence in record["sentences"]}
        for sentence in record["sentences"]:
            assert 2 <= len(sentence["foils"]) <= 3
            assert {foil["kind"] for foil in sentence["foils"]} <= {"noun", "relation", "colour", "count"}
            assert not true & {foil["text"] for foil in sentence["foils"]}


def test_simple_relations_are_true_and_their_foils_false(made_scenes):
    pattern = re.compile(
        r"(?:An?|The) (?:\w+ )??(\w+) is (?:on the |to the )?(left|right) of (?:an?|the) (?:\w+ )??(\w+)\."
    )
    checked = 0
    for record in made_scenes[1]:
        centre = {o["name"]: (o["box"][0] + o["box"][2]) / 2 for o in record["objects"]}
        for sentence in record["sentences"]:
            for text, truth in [(sentence["text"], True), *((f["text"], False) for f in sentence["foils"])]:
                match = pattern.fullmatch(text)
                if match and match[1] in centre and match[3] in centre and "two" not in text:
                    holds = (centre[match[1]] < centre[match[3]]) == (match[2] == "left")
                    checked += 1
                    assert holds or not truth
    assert checked > 0


def test_same_seed_same_records(pools, tmp_path):
    first = json.dumps(records(pools, tmp_path / "a", number=4))
    assert first == json.dumps(records(pools, tmp_path / "b", number=4))
    assert first != json.dumps(records(pools, tmp_path / "c", number=4, seed=1))


def test_build_writes_every_split(pools, tmp_path):
    wanted = {"train": 3, "val": 2, "photos": 50, "known": 50}
    counts = scenes.build(pools, tmp_path / "out", wanted, workers=1)
    kept = {}
    for split in wanted:
        lines = (tmp_path / "out" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        kept[split] = [json.loads(line) for line in lines]
        assert len(lines) == counts[split]
    for split in scenes.PHOTOS:
        assert counts[split] == len(pools.cutouts[split]) >= 1
        for photo in kept[split]:
            (sentence,) = photo["sentences"]
            assert sentence["text"] == photo["objects"][0]["caption"]


def test_singles_show_one_thing_of_training_and_say_only_that(pools, tmp_path):
    maker = scenes.SceneMaker(pools, tmp_path)
    trained = {cutout.id for cutout in pools.cutouts["train"]}
    for number in range(12):
        record = maker.make("singles", number)
        (thing,) = record["objects"]
        assert thing["cutout"] in trained
        assert len(record["sentences"]) >= 2
        for sentence in record["sentences"]:
            assert thing["name"].lower() in sentence["text"].lower()
            assert all(foil["text"] != sentence["text"] for foil in sentence["foils"])


def test_splits_share_no_concept(pools):
    assert not set(pools.seen) & set(pools.unseen)
    assert {c.concept for c in pools.cutouts["train"]} <= set(pools.seen)
    assert {c.concept for c in pools.cutouts["unseen"]} == set(pools.unseen)
    assert {c.concept for c in pools.cutouts["photos"]} <= set(pools.unseen)
    assert {c.concept for c in pools.cutouts["known"]} <= set(pools.seen)
    held = {pools.families[c] for c in pools.unseen}
    assert not held & {pools.families[c] for c in pools.seen}


def test_furniture_of_test_is_not_in_train(pools):
    if "chair" in pools.seen:
        ids = {split: {c.id for c in pools.cutouts[split] if c.source == "furniture"} for split in ("train", "test")}
        assert ids["train"]
        assert ids["test"]
        assert not ids["train"] & ids["test"]


def test_families_join_names_that_share_a_noun():
    family = families(["chair", "armchair", "yellow lemon", "lemon", "sofa", "couch", "kite"])
    assert family["chair"] == family["armchair"]
    assert family["yellow lemon"] == family["lemon"]
    assert family["sofa"] == family["couch"]
    assert len({family[n] for n in ("chair", "lemon", "sofa", "kite")}) == 4


def test_layout_says_only_what_is_clear():
    boxes = np.array([[0, 0, 20, 20], [80, 0, 100, 20], [4, 2, 24, 22]], float)
    stated = layout.relations(boxes, [(0,), (1,), (2,)], (100, 100))
    assert ("left", 0, 1) in stated
    assert ("right", 1, 0) in stated
    assert not any(key in ("left", "right", "above", "below") for key, i, j in stated if {i, j} == {0, 2})
    middle = np.array([[40, 0, 60, 20], [0, 0, 20, 20], [80, 0, 100, 20]], float)
    assert (0, 1, 2) in layout.between(middle, [(0,), (1,), (2,)], (100, 100))


def test_like_things_are_counted_together():
    boxes = np.array([[0, 0, 20, 20], [0, 40, 20, 60], [80, 0, 100, 20]], float)
    things = [Thing("lemon", "lemon", "yellow"), Thing("lemon", "lemon", "yellow"), Thing("cat", "cat", "none")]
    known = facts(things, boxes, (100, 100))
    assert [phrase.objects for phrase in known.phrases] == [(0, 1), (2,)]
    for plan, sentence in sentences(known, np.random.default_rng(0)):
        if "lemon" in sentence.text:
            assert re.search(r"[Tt]wo (?:yellow )?lemons", sentence.text)
        for foil in foils(plan, things, [noun("kite", "kite", 9, ())], np.random.default_rng(1)):
            assert foil["text"] != sentence.text


def test_like_things_of_two_colours_are_told_apart():
    boxes = np.array([[0, 0, 20, 20], [80, 0, 100, 20], [40, 60, 60, 80]], float)
    things = [Thing("apple", "apple", "red"), Thing("apple", "apple", "green"), Thing("cat", "cat", "none")]
    known = facts(things, boxes, (100, 100))
    assert [phrase.colour for phrase in known.phrases] == ["red", "green", None]


def test_write_makes_verbs_and_articles_agree():
    plan = Plan("{a0} {be0} {rel0} {t1}.", (Phrase((0,), "owl"), Phrase((1,), "bus")), (Relation("left", "left of"),))
    written = write(plan)
    assert written.text == "An owl is left of the bus."
    assert [written.text[slice(*m["span"])] for m in written.mentions] == ["owl", "bus"]
    two = Plan("There {be0} {a0}.", (Phrase((0, 1), "cherry", "red", 2),))
    assert write(two).text == "There are two red cherries."
    pair = Plan("{a0}.", (Phrase((0,), "scissors", "blue"),))
    assert write(pair).text == "A pair of blue scissors."


def test_write_keeps_the_human_caption():
    caption = "a spiny lobster, from the Hawaiian islands"
    written = write(Plan("{said0}, {rel0} {a1}.", (Phrase((0,), "spiny lobster", said=caption), Phrase((1,), "cup")),
                         (Relation("near", "next to"),)))  # fmt: skip
    assert written.text == "A spiny lobster, from the Hawaiian islands, next to a cup."
    assert written.text[slice(*written.mentions[0]["head"])] == "spiny lobster"


def test_absent_leaves_out_what_a_thing_could_be_called():
    penguin = noun("penguin", "penguin", 0, ("animal", "bird"))
    bird, kite = noun("bird", "bird", 1, ()), noun("kite", "kite", 2, ())
    assert absent([penguin], [bird, kite]) == [kite]


@pytest.mark.parametrize(("name", "many"), [("fox", "foxes"), ("snowman", "snowmen"), ("ear of corn", "ears of corn"),
                                            ("kitchen knife", "kitchen knives")])  # fmt: skip
def test_plural(name, many):
    assert words.plural(name) == many


def test_names_are_cleaned():
    assert emoji_name("flag: France") is None
    assert emoji_name("up arrow") is None
    assert emoji_name("lady beetle") == "ladybug"
    assert furniture_name("Square RJ45 plug") is None
    assert furniture_name("Wood bank") == "bench"
    assert name_in("A spiny lobster, from the Hawaiian islands.") == "spiny lobster"
    assert name_in("Boom!!!") is None


@pytest.mark.parametrize("colour", PAINTS)
def test_colour_name(tmp_path, colour):
    cutout = draw(tmp_path, "ball", colour)
    assert colour_name(np.asarray(read(cutout))) == colour


def test_backgrounds_fill_the_canvas():
    for seed in range(40):
        picture = background(90, 60, np.random.default_rng(seed), soft=seed % 2 == 0)
        assert picture.shape == (60, 90, 3)
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_a_missing_client_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    with pytest.raises(sources.SourceError, match=r"npm.*Install it"):
        sources.fetch(tmp_path, keys=("emoji",))
