"""The documents say what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from xviz import record
from xviz.checkpoints import FOLDER, find, manifest
from xviz.data.shipped import samples
from xviz.explain import METHODS
from xviz.models import CARDS, MODELS
from xviz.models.counts import sizes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*MODELS, *METHODS])
def test_the_readme_names_every_model_and_method(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_every_page() -> None:
    titles = re.findall(r'st\.Page\(.*?title="([^"]+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    assert len(titles) >= 3
    for title in [*titles, *(card.short for card in CARDS if not card.page)]:
        assert f"| {title} |" in README
    assert all(card.short in README for card in CARDS if card.checkpoint)


@pytest.mark.parametrize("name", manifest())
def test_the_readmes_numbers_are_those_of_the_record(name: str) -> None:
    block = README.split(f"<!-- measured {name}: begin -->\n")[1].split(f"<!-- measured {name}: end -->")[0]
    assert block.strip() == record.as_markdown(record.read(name)).strip()


def test_the_readmes_counts_are_those_of_the_model() -> None:
    for row in sizes():
        assert f"{row['millions']:.1f}" in README
        assert f"{row['billions']:.1f}" in README


def test_a_record_is_that_of_the_shipped_weights() -> None:
    for name in manifest():
        if found := record.read(name):
            assert found["checkpoint_sha256"] == find(name).sha256


def test_the_readmes_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    code = README.split("```python\n")[1].split("```")[0]
    exec(compile(code, "README", "exec"), {})
    score, region = capsys.readouterr().out.split()
    assert -2 <= float(score) <= 2
    assert 0 <= int(region) < 36


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "checkpoints/README.md"])
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:xviz|tests|checkpoints|benchmarks|docs|pages)/[\w./-]+)`", text)
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in links if not ((ROOT / document).parent / link).exists()]
    assert not missing


def test_checkpoints_are_small_credited_and_verified() -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, one in manifest().items():
        assert f"## {name}" in listed
        assert one.card in MODELS
        assert one.licence in listed
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


def public(path: Path) -> list[str]:
    """Names of public functions and classes of a module that lack a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    return [node.name for node in found if not ast.get_docstring(node)]


@pytest.mark.parametrize("path", sorted((ROOT / "xviz").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_public_name_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the module says nothing of itself"
    assert not public(path)


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
