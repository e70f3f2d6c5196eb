"""What xviz uses of Streamlit beyond its public face still is as it was, in the version that is installed."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import streamlit
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

ROOT = Path(__file__).parents[2]


def test_streamlit_is_pinned_to_the_minor_version_that_is_tested() -> None:
    line = re.search(r"^streamlit>=(\d+)\.(\d+),<(\d+)\.(\d+)$", (ROOT / "requirements.txt").read_text(), re.M)
    assert line
    major, minor, *end = map(int, line.groups())
    assert end == [major, minor + 1]
    assert streamlit.__version__.startswith(f"{major}.{minor}.")


def test_a_waiting_rerun_can_be_seen() -> None:
    requests = ScriptRequests()
    assert requests._state != ScriptRequestType.RERUN
    requests.request_rerun(RerunData())
    assert requests._state == ScriptRequestType.RERUN


def test_a_script_knows_its_requests_and_its_fragments() -> None:
    assert {"script_requests", "fragment_ids_this_run"} <= {field.name for field in fields(ScriptRunContext)}


def test_a_folder_of_pages_is_passed_over(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "pages").mkdir()
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    PagesManager(str(tmp_path / "app.py"))
    assert PagesManager.uses_pages_directory, "Streamlit would take it for the page table"
    PagesManager.uses_pages_directory = False
    PagesManager(str(tmp_path / "app.py"))
    assert not PagesManager.uses_pages_directory
