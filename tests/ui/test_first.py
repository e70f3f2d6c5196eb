"""Visitors who come at once to a server that has just begun all find the models."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from xviz.places import ROOT
from xviz.ui import first

CODE = """
import sys
from importlib import import_module
from threading import Barrier, Thread
from xviz.ui.first import ready

sys.setswitchinterval(1e-5)
ends = ("xviz.models", "xviz.models.mmca", "xviz.models.mit_cards", "xviz.models.mmvit_cards", "xviz.models.mca")
start, failed = Barrier(len(ends)), []

def visit(name):
    start.wait()
    try:
        ready()
        import_module(name)
    except Exception as error:
        failed.append(repr(error))

threads = [Thread(target=visit, args=(name,)) for name in ends]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit("; ".join(failed) or None)
"""


def test_pages_that_open_at_once_do_not_see_half_made_modules() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-800:]


STARTED = """
import sys
from streamlit.testing.v1 import AppTest
from xviz.ui import alive, door, first, handed, own, steps  # as the page table does, before it waits

def ours():
    return {name for name in sys.modules if name.startswith(("xviz", "pages"))}

first.ready(first.START)
some = ours()
at = AppTest.from_file("app.py", default_timeout=60).run()
assert not at.exception and at.title[0].value == "xviz", at
sys.exit(", ".join(sorted(ours() - some)) or None)
"""


def test_the_start_page_needs_nothing_that_may_be_half_made() -> None:
    done = subprocess.run([sys.executable, "-c", STARTED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-800:]


def test_one_who_needs_less_does_not_wait_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(first, "_imported", [])
    monkeypatch.setattr(first, "import_module", asked.append)
    monkeypatch.setattr(first.gc, "freeze", lambda: None)
    first.ready(first.START)
    assert asked == list(first.MODULES[: first.MODULES.index(first.START) + 1])
    first.ready()
    assert asked == list(first.MODULES)
    with first.importing:  # somebody else's
        first.ready(first.START)


def test_the_page_table_waits_for_the_models_before_a_page_runs() -> None:
    table = (ROOT / "app.py").read_text(encoding="utf-8")
    assert table.index("st.navigation(") < table.index("first.ready(") < table.index("page.run()")


def test_whatever_pages_import_is_imported_before_one_of_them_runs() -> None:
    named = set()
    for path in (ROOT / "pages").glob("*.py"):
        for line in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(line, ast.ImportFrom) and str(line.module).startswith("xviz.ui"):
                modules = {f"{line.module}.{alias.name}" for alias in line.names}
                named |= {m for m in modules if (ROOT / f"{m.replace('.', '/')}.py").exists()}
    light = {"xviz.ui.cache", "xviz.ui.forms"}  # they import nothing that the others do not
    assert named - light <= set(first.MODULES)
