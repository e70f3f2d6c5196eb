"""Who may import whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: from the bottom up; a layer imports only layers before it, and layers that share a step do not know each other
STEPS: tuple[tuple[str, ...], ...] = (
    ("core", "draw", "geometry", "house", "places", "writing"),
    ("data", "models"),
    ("checkpoints",),
    ("engine",),
    ("custom_weights", "explain"),
    ("drawings", "figures"),
    ("export", "plates", "record"),
    ("illustrate",),
    ("session", "checking", "finding", "linked"),
    ("copying", "opening", "results", "telling"),
    ("asking", "beside", "request"),
    ("batch", "looking", "reproducing"),
    ("links", "rewriting"),
    ("own_models", "train"),
    ("ui",),
    ("commands",),
    ("cli",),
)
RANK = {name: step for step, names in enumerate(STEPS) for name in names}
#: what only some layers may import; the matplotlib of ``draw.scale`` gives colour maps, it draws nothing
ONLY = {
    "streamlit": {"ui", "pages", "app"},
    "matplotlib": {"figures", "draw"},
    "captum": {"explain"},
}
FORBIDDEN = {"timm", "torchvision", "stpyvista", "transformers"}  # the last one takes a second to be imported


def sources() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "xviz").rglob("*.py")):
        inside = path.relative_to(ROOT / "xviz")
        yield (inside.parts[0] if len(inside.parts) > 1 else inside.stem), path
    for path in [*sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]:
        yield ("pages" if path.parent.name == "pages" else "app"), path


def imported(path: Path) -> Iterator[str]:
    """What a file imports when it is run; what only a type checker reads does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


FILES = list(sources())


@pytest.mark.parametrize(("layer", "path"), FILES, ids=[str(p.relative_to(ROOT)) for _, p in FILES])
def test_imports_point_one_way(layer: str, path: Path) -> None:
    for name in imported(path):
        parts = name.split(".")
        assert parts[0] not in FORBIDDEN, f"{path} imports {parts[0]}"
        if parts[0] in ONLY:
            assert layer in ONLY[parts[0]], f"{path} imports {parts[0]}; only {sorted(ONLY[parts[0]])} may"
        if (
            parts[0] != "xviz"
            or len(parts) < 2
            or parts[1] not in RANK
            or layer in ("pages", "app", "__init__", "__main__")
        ):
            continue
        below = parts[1]
        assert below == layer or RANK[below] < RANK[layer], f"{path}: {layer} must not import {below}"


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for layer, path in FILES
    if layer not in ("pages", "app")
}
PAGES = {path.parent.name for path in (ROOT / "xviz" / "ui").glob("*/sample.py")}


def modules_of(path: Path) -> set[str]:
    """The modules of xviz that a file imports, each as the file that is run for it."""
    names = [name for name in imported(path) if name.split(".")[0] == "xviz"]
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & set(MODULES)


def test_no_imports_go_in_a_circle() -> None:
    tuple(TopologicalSorter({name: modules_of(path) - {name} for name, path in MODULES.items()}).static_order())


def test_parts_of_a_page_are_imported_by_that_page_alone() -> None:
    assert {"matching", "eeg", "views", "rooms", "own"} == PAGES
    for name, path in MODULES.items():
        own = name.split(".")[2] if name.startswith("xviz.ui.") else ""
        others = {f"xviz.ui.{page}" for page in PAGES - {own}}
        met = [other for other in modules_of(path) if other.startswith(tuple(others))]
        assert not met, f"{name} imports {met}: what pages share stands flat in xviz/ui"


def test_session_state_and_address_are_touched_in_one_place() -> None:
    for name, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        assert name == "xviz.ui.state" or not re.search(r"st\.(session_state|query_params)", text), name


def test_the_layers_cover_the_tree() -> None:
    layers = {layer for layer, _ in FILES} - {"pages", "app", "__init__", "__main__"}
    assert layers == set(RANK)


def test_importing_xviz_is_cheap() -> None:
    heavy = ("torch", "numpy", "streamlit", "matplotlib")
    code = (
        f"import sys, xviz; loaded = [m for m in {heavy} if m in sys.modules]; sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda p: p.name)
def test_pages_hold_no_arithmetic(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.BinOp)]
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 70
