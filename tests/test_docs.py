"""The documents say what is there."""

from __future__ import annotations

import ast
import json
import re
import shutil
import zipfile
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from xviz import record
from xviz.checkpoints import FOLDER, find, manifest
from xviz.commands import report
from xviz.data.shipped import samples
from xviz.draw.scale import number
from xviz.explain import METHODS
from xviz.explain.method import Method
from xviz.figures.look import Look
from xviz.figures.style import PRESETS
from xviz.house import TABLE
from xviz.models import CARDS, MODELS
from xviz.places import SAMPLES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
CODE = re.compile(r"^```.*?^```|`[^`]+`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", [*MODELS, *METHODS])
def test_the_readme_names_every_model_and_method(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_is_read_in_a_minute_and_leads_to_every_document() -> None:
    assert len(README.splitlines()) <= 150
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]:
        assert f"]({path.relative_to(ROOT)})" in README, path.name


def test_the_document_of_figures_knows_every_choice_and_venue() -> None:
    parts = DOCS["figures"].split("\n## ")
    names = {
        name for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", parts[1], re.MULTILINE) for name in CODE.findall(row)
    }
    assert {name.strip("`") for name in names} == {one.name for one in fields(Look)}
    for preset in PRESETS.values():
        height = "" if preset.max_height_mm is None else number(preset.max_height_mm)
        sizes = f"{number(preset.width_mm)} | {height} | {preset.source} ({preset.seen})"
        assert f"| `{preset.key}` | {preset.venue} | {sizes} |" in parts[3], preset.key


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_every_method_stands_with_formula_and_source(method: Method) -> None:
    part = DOCS["methods"].split(f"## {method.title} (`{method.key}`)\n")[1].split("\n## ")[0]
    assert re.search(r"^ {4}\S.*=", part, re.MULTILINE), "no formula"
    assert f"Source: {method.source}\n" in part


def test_the_documents_know_which_methods_are_signed() -> None:
    rows = re.findall(r"^\| (`.*?`) \| [^|]+ \| (yes|no) \|", DOCS["methods"], re.MULTILINE)
    documented = {key: signed == "yes" for keys, signed in rows for key in re.findall(r"`(\w+)`", keys)}
    assert documented == {key: method.signed for key, method in METHODS.items()}


def test_the_readme_names_every_page() -> None:
    titles = re.findall(r'st\.Page\(.*?title="([^"]+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    titles += [entry.title for entry in TABLE.values()]
    assert len(titles) >= 6
    for title in [*titles, *(card.short for card in CARDS if not card.page)]:
        assert f"| {title} |" in README
    assert all(card.short in README for card in CARDS if card.checkpoint)


def test_the_measurements_are_those_of_the_records() -> None:
    text = DOCS["measurements"]
    assert report.filled(text) == text, "run: xviz report"
    assert set(re.findall(r"<!-- measured ([\w-]+): end -->", text)) == {*manifest(), "mmvit-fashion", "sizes"}


def test_a_changed_record_changes_the_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = json.loads(json.dumps(record.read("mca")))
    changed["splits"][0]["windows"] = 0.123
    monkeypatch.setattr(record, "read", lambda name: changed)
    assert "| 12.3 (" in report.filled("<!-- measured mca: begin -->\n<!-- measured mca: end -->")


def test_no_number_stands_outside_the_tables() -> None:
    """Prose cannot be held against a record, so that it leaves numbers to the tables."""
    prose = re.sub(
        r"<!-- measured ([\w-]+): begin -->.*?<!-- measured \1: end -->", "", DOCS["measurements"], flags=re.DOTALL
    )
    assert not re.findall(r"\d[\d.,]* ?%|\d\.\d", CODE.sub("", prose))
    assert not re.findall(r"\d[\d.,]* ?%", CODE.sub("", README))


def test_a_record_is_that_of_the_shipped_weights() -> None:
    for name in manifest():
        if measured := record.read(name):
            assert measured["checkpoint_sha256"] == find(name).sha256


def test_the_readmes_example_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(str(files("skimage"))) / "data" / "chelsea.png", "cat.jpg")
    code = README.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 12
    exec(compile(code, "README", "exec"), {})
    score, region = capsys.readouterr().out.split()
    assert -2 <= float(score) <= 2
    assert 0 <= int(region) < 36
    assert Path("cat.pdf").read_bytes().startswith(b"%PDF")


def test_the_examples_of_own_data_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    room = SAMPLES / "mit/kinect.zip"
    shutil.copy(room, "scan.zip")
    with zipfile.ZipFile(room) as held:
        cloud = next(name for name in held.namelist() if name.endswith(".ply"))
        Path("scan.ply").write_bytes(held.read(cloud))
    for name in ("1.jpg", "2.jpg", "cat.jpg"):
        shutil.copy(SAMPLES / "mmca/dog-house-salt.jpg", name)
    shutil.copy(SAMPLES / "mca/S001R02.edf", "rest.edf")
    soundfile.write("song.mp3", np.random.default_rng(0).uniform(-0.1, 0.1, 16000 * 20), 16000)
    code = DOCS["own-data"].split("```python\n")[1].split("```")[0]
    assert code.count("xviz.read") == 5
    exec(compile(code, "own-data", "exec"), {})


def test_a_model_of_ones_own_is_a_figure_and_a_page_as_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, told, look = (part.split("```")[0] for part in DOCS["own-model"].split("```python\n")[1:4])
    assert len([line for line in told.splitlines() if line.strip() and not line.startswith(("import", "#"))]) <= 20
    Path("answers.py").write_text(f"{model}\n{told}", encoding="utf-8")
    exec(compile(look, "own-model", "exec"), {})
    assert Path("attention.pdf").read_bytes().startswith(b"%PDF")
    assert "Answers, wave" in Path("attention.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "checkpoints/README.md", "benchmarks/README.md"),
        *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    ],
)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:xviz|tests|checkpoints|benchmarks|docs|pages)/[\w./-]+)`", text)
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in links if not ((ROOT / document).parent / link).exists()]
    assert not missing


def test_checkpoints_are_small_credited_and_verified() -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, checkpoint in manifest().items():
        assert f"## {name}" in listed
        assert checkpoint.card in MODELS
        assert checkpoint.licence in listed
        assert find(name).path.stat().st_size < 10e6


def test_every_shipped_picture_is_credited() -> None:
    for shipped in samples("mmca"):
        assert re.search(r"MIT|CC0|CC-BY|public domain", shipped.credit), shipped.name
        assert "GPL" not in shipped.credit


def test_every_shipped_sound_is_credited_and_its_places_lie_in_it() -> None:
    for shipped in samples("mmvit"):
        assert "CC BY-SA 3.0" in shipped.credit
        seconds = shipped.load().parts["sound"].seconds
        assert list(shipped.truth.places) == shipped.title.split(", ")
        assert all(0 <= start < end <= seconds for start, end in shipped.truth.places.values())


IDLE = {"the", "a", "an", "of", "and", "its", "this", "that", "in", "as", "for", "to", "it"}


def stems(text: str) -> set[str]:
    """The words of a text without their endings, so that “boxes” and “box” are one; words that say nothing left out."""
    words = set(re.findall(r"[a-z0-9]+", text.lower())) - IDLE
    return {re.sub(r"(ies|es|s|ed|ing|e|y)$", "", word) for word in words}


def silent(source: str) -> list[str]:
    """Public functions and classes whose docstrings say no more than their names."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    words_of = {node.name: stems(ast.get_docstring(node) or node.name + " none") for node in nodes}
    names = [name for name in words_of if not name.startswith("_")]
    return [name for name in names if not words_of[name] - stems(re.sub(r"([A-Z])", r" \1", name.replace("_", " ")))]


def test_docstrings_that_repeat_a_name_are_seen() -> None:
    assert silent('def find_boxes(): """Find the box."""') == ["find_boxes"]
    assert silent('class TwoViews: """The two views."""') == ["TwoViews"]
    assert silent('def find_boxes(): """(n, 4) boxes of a picture, the surest first."""') == []


@pytest.mark.parametrize("path", sorted((ROOT / "xviz").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_docstrings_say_more_than_a_name(path: Path) -> None:
    assert silent(path.read_text(encoding="utf-8")) == []


def test_no_document_or_source_names_a_machine() -> None:
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("*/*.md"),
        *(ROOT / "xviz").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]:
        text = path.read_text(encoding="utf-8")
        assert "/work" + "/" not in text, path
        assert "/root" + "/" not in text, path
