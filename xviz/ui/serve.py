"""Start the app: ``python -m xviz app``, which ``make app`` calls.

As ``streamlit run app.py``, but a link to a page works on a fresh server too: until some visitor has opened the
start page, Streamlit would take the folder ``pages/`` for an app without a page table, and run the page alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

APP = Path(__file__).parents[2] / "app.py"


def serve(options: Sequence[str] = ()) -> None:
    """Run the server until it is stopped; options are Streamlit's own."""
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *options]
    cli.main()
