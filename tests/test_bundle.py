"""The bundle: everything in it reads back equal, is listed with its sha256, and comes out the same each time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace

import matplotlib.figure
import numpy as np
import pytest

from xviz.core.explanation import Explanation, Facts
from xviz.core.provenance import Provenance
from xviz.export import bundle, safe_name
from xviz.figures.figure import Figure, read_provenance

PROVENANCE = Provenance("mmca", "mmca", "a" * 64, "cat", "b" * 64, {"layer": 1})
LABELS = ("=HYPERLINK(1)", "-", "@cat", 'naïve “猫”, "quoted"\nline', " +1", "plain")
SCORES = np.array([0.1, -2.5e-17, 1 / 3, -4.0, 1e300, 0.0])


def explained() -> Explanation:
    """Signed scores of six words."""
    return Explanation({"pieces": SCORES}, "occlusion", "score", "score difference", True, PROVENANCE, ("pieces", (1,)))


def drawn(name: str = "cat") -> Figure:
    """A figure of one line."""
    drawing = matplotlib.figure.Figure(figsize=(2, 1))
    drawing.add_axes((0.1, 0.1, 0.8, 0.8)).plot([0, 1])
    return Figure(drawing, f"A line about {name}.", PROVENANCE, "A rising line.")


def packed(**changes) -> bytes:
    """A bundle with all there is."""
    arguments = {
        "figures": {"../Match: a/b": drawn(), "match a b": drawn("dog")},
        "explanations": [explained(), explained()],
        "arrays": {"joint weights": np.eye(3, dtype=np.float32)},
        "labels": {"pieces": LABELS},
        "manifest": {"page": "mmca", "note": "é"},
    } | changes
    return bundle(arguments.pop("figures"), arguments.pop("explanations"), **arguments)


@pytest.fixture(scope="module")
def opened() -> zipfile.ZipFile:
    """The bundle, open."""
    return zipfile.ZipFile(io.BytesIO(packed()))


def test_names_are_plain_and_apart(opened):
    assert opened.namelist() == [
        "figures/Match-a-b.pdf", "figures/Match-a-b.svg", "figures/Match-a-b-300dpi.png",
        "figures/Match-a-b-600dpi.png", "figures/match-a-b-2.pdf", "figures/match-a-b-2.svg",
        "figures/match-a-b-300dpi-2.png",
        "figures/match-a-b-600dpi-2.png", "caption.txt", "tables/01_occlusion_pieces.csv",
        "tables/02_occlusion_pieces.csv", "arrays.npz", "manifest.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a b", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "unnamed"),
        ("猫", "unnamed"),
        ("CON", "CON-"),
        ("x" * 99, "x" * 80),
    ],
)
def test_safe_names(text, name):
    assert safe_name(text) == name


def test_every_file_is_listed_with_its_sum(opened):
    manifest = json.loads(opened.read("manifest.json"))
    assert manifest["schema_version"] == 1
    assert {f["name"] for f in manifest["files"]} == set(opened.namelist()) - {"manifest.json"}
    for file in manifest["files"]:
        content = opened.read(file["name"])
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
    assert manifest["extra"] == {"page": "mmca", "note": "é"}
    first = manifest["explanations"][0]
    assert first["provenance"] == PROVENANCE.record()
    assert first["focus"] == {"space": "pieces", "tokens": [1]}
    assert (first["signed"], first["unit"]) == (True, "score difference")


def test_arrays_read_back_equal(opened):
    manifest = json.loads(opened.read("manifest.json"))
    with np.load(io.BytesIO(opened.read("arrays.npz")), allow_pickle=False) as arrays:
        assert arrays["joint-weights"].dtype == np.float32
        np.testing.assert_array_equal(arrays["joint-weights"], np.eye(3))
        for entry in manifest["explanations"]:
            np.testing.assert_array_equal(arrays[entry["arrays"]["pieces"]], SCORES)
        assert len(arrays.files) == 3


def test_tables_read_back_equal_and_run_no_formula(opened):
    text = opened.read("tables/01_occlusion_pieces.csv").decode("utf-8")
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["token", "label", "score difference"]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    np.testing.assert_array_equal([float(row[2]) for row in rows], SCORES)
    guarded = [row[1] for row in rows]
    assert guarded == ["'=HYPERLINK(1)", "'-", "'@cat", LABELS[3], "' +1", "plain"]


def test_tables_without_labels_count_tokens():
    opened = zipfile.ZipFile(io.BytesIO(packed(labels=None, figures={})))
    rows = list(csv.reader(io.StringIO(opened.read("tables/01_occlusion_pieces.csv").decode(), newline="")))
    assert [row[1] for row in rows[1:]] == ["1", "2", "3", "4", "5", "6"]


def test_figures_carry_their_origin(opened):
    for name in opened.namelist()[:8]:
        assert read_provenance(opened.read(name)) == PROVENANCE
    caption = opened.read("caption.txt").decode()
    assert "A line about cat." in caption
    assert "A line about dog." in caption
    assert "Alternative text: A rising line." in caption


def test_the_manifest_tells_the_facts_of_an_explanation():
    facts = Facts({"completeness_gap": 0.25}, ("It misses a quarter.",), ("Too much.",), ranked=False)
    file = zipfile.ZipFile(io.BytesIO(packed(explanations=[explained(), replace(explained(), facts=facts)])))
    none, told_facts = (entry["facts"] for entry in json.loads(file.read("manifest.json"))["explanations"])
    assert none == {"numbers": {}, "notes": [], "warnings": [], "ranked": True}
    assert told_facts["numbers"] == {"completeness_gap": 0.25}
    assert (told_facts["notes"], told_facts["warnings"], told_facts["ranked"]) == (
        ["It misses a quarter."],
        ["Too much."],
        False,
    )


def test_equal_results_give_equal_bytes():
    assert packed() == packed()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"labels": {"pieces": ("one",)}}, "6 expected, one per token; 1 came"),
        ({"arrays": {"objects": np.array([{}], dtype=object)}}, "(?i)object"),
        ({"manifest": {"x": float("nan")}}, "(?i)not JSON compliant"),
    ],
)
def test_what_cannot_be_read_back_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        packed(figures={}, **changes)
