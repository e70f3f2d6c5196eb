"""The app in a test, without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import told

ROOT = Path(__file__).parents[1]


def followed(page: str, query: Mapping[str, object], widgets: Mapping[str, object] | None = None) -> AppTest:
    """A page as a browser finds it that follows an address; nothing on it may fail."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run().switch_page(f"pages/{page}.py")
    for name, value in query.items():
        at.query_params[name] = value
    for key, value in (widgets or {}).items():
        at.session_state[key] = value
    at.run()
    assert not at.exception, at.exception
    assert not at.error, told(at)
    return at
