"""The app in a test, without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]


def told(at: AppTest) -> str:
    return " ".join(error.value.replace("\\", "") for error in at.error)


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


def unfolded(at: AppTest, key: str) -> AppTest:
    """The page once what is folded away under that key is open."""
    at.session_state[key] = True
    return at.run()
