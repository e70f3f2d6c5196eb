"""Start the app: ``xviz app``, which ``make app`` calls.

As ``streamlit run app.py``, but a link to a page works on a fresh server too: until some visitor has opened the
start page, Streamlit would take the folder ``pages/`` for an app without a page table, and run the page alone.
``--weights NAME=FILE`` runs weights of one's own in place of a shipped checkpoint's, for every visitor of this server.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from xviz.places import APP


def serve(options: Sequence[str] = ()) -> None:
    """Run the server until it is stopped; options are Streamlit's own, and ``--weights``."""
    options = _with_own_weights(options)
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *options]
    cli.main()


def _with_own_weights(options: Sequence[str]) -> list[str]:
    """Take the weights that the options name; the rest of the options. Exits where they do not fit."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    given, rest = parser.parse_known_args(list(options))
    if given.weights:
        from xviz import custom_weights
        from xviz.core.errors import XvizError

        try:
            for one in given.weights:
                custom_weights.use(one)
        except XvizError as error:
            sys.exit(f"xviz: {error}")
    return rest
