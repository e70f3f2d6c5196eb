"""``xviz reproduce``: the same bytes from every kind of figure in every format, and what has changed by its name."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xviz import cli, engine
from xviz.figures.figure import read_record
from xviz.places import SAMPLES

OWN = "examples/captioner.py:SPEC"
SENTENCE = "text=a dog house above a salt shaker"


def reproduce(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        cli.main(["reproduce", *words, "--json"])
    assert isinstance(left.value.code, bool), left.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["same"] is not left.value.code
    return told


def other(told: dict) -> set[str]:
    return {finding["what"] for finding in told["findings"] if not finding["same"]}


def test_left_out_tokens_are_read_back() -> None:
    gone = {"regions": (0, 1, 2, 8), "psd": (31,)}
    assert engine.parse_left_out(engine.left_out(gone)) == gone
    assert engine.parse_left_out("") == {}
    named = {"left eye": (0, 2, 3), "words": (5,)}
    assert engine.parse_left_out(engine.left_out(named)) == named


#: all others, in all formats: benchmarks/reproduce.py
DRAWN = [
    ("mmca", ["dog-house-salt", "--picked", "dog", "--without", "regions:3-5", "--set", "alpha=1"], "match.pdf"),
    ("mca", ["eyes-closed", "--target", "arousal", "--method", "received"], "row.svg"),
    ("mmvit", ["two-five"], "attention.zip"),
    (OWN, ["A red square", "--layer", "2", "--head", "3"], "matrix.png"),
    (OWN, ["A red square", "--method", "look", "--picked", "words:red"], "glance.pdf"),
]


@pytest.mark.parametrize(("model", "words", "name"), DRAWN, ids=[f"{m[:8]}-{n}" for m, _, n in DRAWN])
def test_every_figure_comes_again_to_the_byte(
    model: str, words: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    cli.main(["figure", model, *words, "--figure", file.stem, "--width", "ieee-1", "--out", str(file)])
    told = reproduce(capsys, str(file))
    assert not other(told), told
    assert Path(told["file"]).read_bytes() == file.read_bytes()
    assert Path(told["file"]) != file


def test_a_sample_of_ones_own_is_found_beside_the_figure_or_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLES / "mmca/dog-house-salt.jpg", tmp_path / "dog.jpg")
    figure = str(tmp_path / "match.svg")
    cli.main(["figure", "mmca", "--part", f"picture={tmp_path / 'dog.jpg'}", "--part", SENTENCE, "--out", figure])
    assert str(tmp_path) not in Path(figure).read_text(), "where somebody works is nobody's business"
    assert not other(reproduce(capsys, figure))
    (tmp_path / "dog.jpg").rename(tmp_path / "renamed.jpg")
    with pytest.raises(SystemExit, match=r"read from dog\.jpg, which is neither beside match\.svg nor"):
        cli.main(["reproduce", figure])
    assert not other(reproduce(capsys, figure, "--sample", str(tmp_path / "renamed.jpg")))
    pixels = np.array(Image.open(tmp_path / "renamed.jpg"))
    pixels[:200] = 255 - pixels[:200]
    Image.fromarray(pixels).save(tmp_path / "dog.jpg")
    changed = reproduce(capsys, figure)
    assert other(changed) == {"sample", "outputs", "scores", "file"}
    assert any("here it is" in finding["text"] for finding in changed["findings"])


def test_changed_weights_and_versions_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = str(tmp_path / "scores.png")
    cli.main(["figure", OWN, "A red square", "--method", "occlusion", "--figure", "scores", "--out", figure])
    model = Path("examples/captioner.py").read_text().replace("manual_seed(0)", "manual_seed(1)")
    (tmp_path / "captioner.py").write_text(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xviz.reproducing.version", lambda name: {"torch": "1.0"}.get(name, "9.9"))
        told = reproduce(capsys, figure, "--model", f"{tmp_path / 'captioner.py'}:SPEC")
    assert other(told) >= {"weights", "versions", "outputs", "scores", "file"}
    texts = {finding["what"]: finding["text"] for finding in told["findings"]}
    assert "torch 2.13.0" in texts["versions"]
    assert "here 1.0" in texts["versions"]
    assert "was used; here it is" in texts["weights"]


def test_results_are_reproduced_from_their_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["explain", OWN, "A red square", "--method", "occlusion", "--method", "gradient", "--out", str(tmp_path)])
    told = reproduce(capsys, str(tmp_path / "manifest.json"))
    assert not other(told)
    assert sum(finding["what"] == "scores" for finding in told["findings"]) == 2


def test_a_changed_number_in_a_bundle_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "scores.zip"
    cli.main(["figure", OWN, "A red square", "--method", "occlusion", "--figure", "scores", "--out", str(bundle)])
    with zipfile.ZipFile(bundle) as held:
        files = {name: held.read(name) for name in held.namelist()}
    table = next(name for name in files if name.endswith("_words.csv"))
    files[table] = files[table].replace(b",1.", b",2.", 1)
    with zipfile.ZipFile(bundle, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    told = reproduce(capsys, str(bundle))
    assert other(told) == {"files", "file"}
    assert any(table in finding["text"] for finding in told["findings"])


def test_what_cannot_be_reproduced_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / "new.json").write_text(json.dumps({"schema_version": 99, "figures": []}))
    (tmp_path / "newer.json").write_text(json.dumps({"xviz_results": 99}))
    (tmp_path / "none.json").write_text("{}")
    (tmp_path / "broken.json").write_text("{")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as made:
        made.writestr("a.txt", "a")
    Image.new("RGB", (5, 5)).save(tmp_path / "c.png")
    for name, told in {
        "a.pdf": "this file has none", "new.json": "newer xviz (version 99", "newer.json": "newer xviz (version 99",
        "none.json": "no manifest of xviz", "broken.json": "is damaged", "b.zip": "has no manifest.json",
        "c.png": "this file has none", "d.png": "There is no file",
    }.items():  # fmt: skip
        with pytest.raises(SystemExit) as left:
            cli.main(["reproduce", str(tmp_path / name)])
        assert told in str(left.value.code), name


def test_a_figure_of_an_older_xviz_is_told(tmp_path: Path) -> None:
    figure = tmp_path / "scores.png"
    cli.main(["figure", OWN, "A red square", "--figure", "matrix", "--out", str(figure)])
    record = read_record(figure.read_bytes())
    del record["recipe"]
    (tmp_path / "old.json").write_text(json.dumps(record))
    with pytest.raises(SystemExit, match="not how it was drawn"):
        cli.main(["reproduce", str(tmp_path / "old.json")])
