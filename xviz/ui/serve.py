"""Start the app: ``xviz app``, which ``make app`` calls.

As ``streamlit run app.py``, but a link to a page works on a fresh server too: until some visitor has opened the
start page, Streamlit would take the folder ``pages/`` for an app without a page table, and run the page alone.
``--weights NAME=FILE`` runs weights of one's own in place of a shipped checkpoint's, ``--model file.py:SPEC`` gives a
model of one's own a page, for every visitor of this server.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from xviz.places import APP


def serve(options: Sequence[str] = ()) -> None:
    """Run the server until it is stopped; options are Streamlit's own, ``--model`` and ``--weights``."""
    options = _with_own(options)
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *options]
    cli.main()


def _with_own(options: Sequence[str]) -> list[str]:
    """Take the models and weights that the options name; the rest of the options. Exits where they do not fit.

    They may stand before or after ``--``, which Streamlit would put before options of a script.
    """
    parser = argparse.ArgumentParser(prog="xviz app", add_help=False, allow_abbrev=False)
    parser.add_argument("--model", action="append", default=[], metavar="MODULE:SPEC")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--batch", action="append", default=[], metavar="DIR")
    before, after = _parted(options)
    given, rest = parser.parse_known_args(before)
    given, more = parser.parse_known_args(after, given)
    if given.model or given.weights or given.batch:
        _take(given.model, given.weights, given.batch)
    return [*rest, *(["--", *more] if more else [])]


def _parted(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before and after ``--``."""
    options = list(options)
    cut = options.index("--") if "--" in options else len(options)
    return options[:cut], options[cut + 1 :]


def _take(models: Sequence[str], weights: Sequence[str], batches: Sequence[str]) -> None:
    from xviz import custom_weights, own_models
    from xviz.batch import shown
    from xviz.core.errors import ForeignError, XvizError

    try:
        for folder in batches:
            shown.use(folder)
        for name in models:
            own_models.use(name)
        for one in weights:
            if one.partition("=")[0] in own_models.SPECS:
                own_models.use_weights(one)
            else:
                custom_weights.use(one)
    except ForeignError as error:
        sys.exit(f"{error.trace}xviz: {error}")
    except XvizError as error:
        sys.exit(f"xviz: {error}")
