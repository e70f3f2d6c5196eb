"""Start the app and print its address.

--model MODULE:SPEC   a page for a model of your own, package.module:SPEC or file.py:SPEC; may be repeated
--weights NAME=FILE   show custom weights in place of a shipped checkpoint, or in a model of your own; may be repeated
--batch DIR           show what “xviz batch” wrote on the page “Data set”; may be repeated
any option of “streamlit run”, such as --server.port 8502
"""

from __future__ import annotations

import argparse

from xviz.core.errors import XvizError

HELP = "start the app"
PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its own are taken by ``xviz.ui.serve``, all others by Streamlit."""
    parser.add_argument("-h", "--help", action="help", help="show this help message and exit")


def run(given: argparse.Namespace) -> None:
    """Serve until stopped."""
    try:
        from xviz.ui.serve import serve
    except ModuleNotFoundError as error:
        raise XvizError(f"The app needs the package {error.name}. Run: pip install “xviz[app]”.") from error
    serve(given.rest)
